"""Only analog tags are judged by the 3σ rule; every path of the readings agrees."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitoring.ingest import pipeline
from monitoring.ingest.exclusions import choice_of_range, exclude, revoke
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import spans_of
from monitoring.ingest.recompute import Recount, recompute
from monitoring.ingest.tags import lock_tags
from monitoring.kernel.tag_definition import TagKind
from monitoring.models import Exclusion, Finding, Measurement, Tag
from tests.ingest.plain_rule import by_the_rule
from tests.ingest.test_grouping import tables

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
NOW = START + timedelta(days=1)
NAMES = ("first", "second")
SETTINGS = settings(
    max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
kinds = st.tuples(st.sampled_from(TagKind), st.sampled_from(TagKind))
signals = st.lists(st.sampled_from([40.0] * 24 + [41.0, 46.0]), min_size=16, max_size=64)


def make(*of: str) -> None:
    """Tags of these kinds, with the limits of ``by_the_rule``."""
    Tag.objects.bulk_create(
        Tag(name=name, kind=kind, valid_min=0, valid_max=99, lower_limit=35, upper_limit=45)
        for name, kind in zip(NAMES, of, strict=False)
    )


def item(name: str, second: int, value: float) -> dict[str, Any]:
    return {"tag": name, "timestamp": (START + timedelta(seconds=second)).isoformat(), "value": value}


def in_one_batch(values: list[float]) -> None:
    ingest_readings([item(name, second, value) for second, value in enumerate(values) for name in NAMES])


def one_by_one(values: list[float]) -> None:
    for second, value in enumerate(values):
        for name in NAMES:
            ingest_readings([item(name, second, value)])


def one_by_one_in_arrays(values: list[float]) -> None:
    with patch.object(pipeline, "store_one", lambda *_: None):
        one_by_one(values)


def the_later_half_first(values: list[float]) -> None:
    half = len(values) // 2
    readings = [item(name, second, value) for second, value in enumerate(values) for name in NAMES]
    ingest_readings(readings[2 * half :])
    ingest_readings(readings[: 2 * half])


def flags_of(name: str) -> list[bool]:
    rows = Measurement.objects.filter(tag__name=name).order_by("timestamp")
    return list(rows.values_list("is_anomaly", flat=True))


def expected(kind: str, values: list[float]) -> list[bool]:
    return by_the_rule(values) if kind == TagKind.ANALOG else [not 35 <= value <= 45 for value in values]


def recomputed(*, write: bool = True) -> Recount:
    spans = spans_of(NAMES, None, None, now=NOW)
    return sum((one for span in spans for _, one in recompute(span, write=write)), Recount())


@SETTINGS
@given(kinds, signals)
@pytest.mark.parametrize("store", [in_one_batch, one_by_one, one_by_one_in_arrays, the_later_half_first])
def test_steps_are_anomalies_of_analog_tags_alone(
    store: Callable[[list[float]], None], of: tuple[str, str], values: list[float]
) -> None:
    with transaction.atomic():
        make(*of)
        store(values)
        assert [flags_of(name) for name in NAMES] == [expected(kind, values) for kind in of]
        assert recomputed(write=False) == Recount()
        transaction.set_rollback(True)


@SETTINGS
@given(kinds, kinds, signals)
def test_after_a_change_of_kind_the_past_stays_until_it_is_recomputed(
    before: tuple[str, str], after: tuple[str, str], values: list[float]
) -> None:
    with transaction.atomic():
        make(*before)
        in_one_batch(values)
        flags = [flags_of(name) for name in NAMES]
        for name, kind in zip(NAMES, after, strict=True):
            Tag.objects.filter(name=name).update(kind=kind)
        assert [flags_of(name) for name in NAMES] == flags
        recomputed()
        assert [flags_of(name) for name in NAMES] == [expected(kind, values) for kind in after]
        stored = tables()
        transaction.set_rollback(True)
    with transaction.atomic():
        make(*after)
        in_one_batch(values)
        assert stored == tables()
        transaction.set_rollback(True)


def test_what_is_excluded_and_included_again_is_judged_by_the_kind() -> None:
    make(TagKind.SETPOINT)
    values = [40.0] * 20 + [41.0] + [40.0] * 9
    ingest_readings([item("first", second, value) for second, value in enumerate(values)])
    choice = choice_of_range("first", START + timedelta(seconds=5), START + timedelta(seconds=25))
    exclude(choice, reason="another recipe", by="eva")
    revoke(Exclusion.objects.get().pk, reason="it was this one", by="eva")
    assert flags_of("first") == [False] * 30
    assert not Finding.objects.exists()


def test_a_locked_tag_knows_its_kind_and_the_names_of_its_states() -> None:
    make(TagKind.DISCRETE, TagKind.ANALOG)
    Tag.objects.filter(name="first").update(states={"10": "harvest", "2": "feed"})
    with transaction.atomic():
        first, second = (lock_tags(NAMES)[name].definition for name in NAMES)
    assert (first.kind, first.states) == ("discrete", ((2, "feed"), (10, "harvest")))
    assert (first.state_of(2.0), first.state_of(2.5), first.state_of(None)) == ("feed", None, None)
    assert (second.kind, second.states) == ("analog", ())
