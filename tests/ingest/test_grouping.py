"""However readings are grouped into requests and transactions, the same rows come of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitoring.ingest import open_minutes
from monitoring.ingest.deliveries import Delivery
from monitoring.ingest.outcomes import Outcome
from monitoring.ingest.pipeline import ingest_deliveries, ingest_readings
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import (
    Finding,
    Measurement,
    ReadingAhead,
    Refusal,
    RefusalCount,
    Replacement,
    Rollup,
    Series,
    Tag,
)

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
TAGS = {
    "keeps_none": OnConflict.REFUSE,
    "keeps_first": OnConflict.KEEP_FIRST,
    "keeps_last": OnConflict.KEEP_LAST,
}
SECOND = timedelta(seconds=1)
BEGIN = START - timedelta(minutes=1)
ORDER = ("tag__name", "resolution_s", "start")
SETTINGS = settings(
    max_examples=8,
    phases=[Phase.generate],  # to shrink what failed takes minutes of transactions
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def deliveries(draw: st.DrawFn) -> list[Delivery]:
    """Good, late, repeated, contradicting and impossible readings, a few a delivery."""
    item = st.builds(
        lambda tag, second, value: {
            "tag": tag,
            "timestamp": (START + second * SECOND).isoformat(),
            "value": value,
        },
        st.sampled_from([*TAGS, *TAGS, "unknown"]),
        st.sampled_from([*range(12), 38, 400]),
        st.sampled_from([1.0, 1.25, 1.5, 9.0, 99.0, "warm"]),
    )
    groups = draw(st.lists(st.lists(item, min_size=1, max_size=3), min_size=1, max_size=16))
    pauses = draw(st.lists(st.sampled_from([1, 900, 2_000]), min_size=len(groups), max_size=len(groups)))
    moments = [START + 20 * SECOND + timedelta(milliseconds=pause) for pause in accumulate(pauses)]
    return [
        Delivery(group, f"plc {number}", moment)
        for number, (group, moment) in enumerate(zip(groups, moments, strict=True))
    ]


def stored_by(calls: Sequence[Sequence[Delivery]]) -> tuple[list[Outcome], dict[str, Any]]:
    """The outcomes, and what is in the tables after these transactions; all of it is undone."""
    with transaction.atomic():
        Tag.objects.bulk_create(
            Tag(name=name, valid_min=-50, valid_max=50, upper_limit=5, on_conflict=rule)
            for name, rule in TAGS.items()
        )
        past = [
            {"tag": tag, "timestamp": (BEGIN + second * SECOND).isoformat(), "value": 1 + second % 3 / 10}
            for tag in TAGS
            for second in range(14)
        ]
        ingest_readings(past, source="past", now=BEGIN + timedelta(seconds=20))
        outcomes = [
            outcome
            for call in calls
            for delivery in ingest_deliveries(partial(list, call))
            for outcome in delivery
        ]
        found = tables()
        transaction.set_rollback(True)
    return outcomes, found


def tables() -> dict[str, Any]:
    """Every row that readings have a part in; ids by what they stand for.

    Left out are arrivals of a tag whose newest measurement is ahead of the clock: a late reading is counted
    if it is stored, and in a transaction if any reading of the tag is. Open minutes are closed first: which
    readings lie there depends on the grouping.
    """
    open_minutes.close(list(Tag.objects.values_list("id", flat=True)))
    of_id = {
        pk: (tag, time) for pk, tag, time in Measurement.objects.values_list("id", "tag__name", "timestamp")
    }
    rollups = Rollup.objects.order_by(*ORDER).values_list(
        "tag__name",
        "resolution_s",
        "start",
        "count",
        "minimum",
        "minimum_at",
        "maximum",
        "maximum_at",
        "anomalies",
    )
    return {
        "measurements": sorted(
            Measurement.objects.values_list("tag__name", "timestamp", "value", "is_anomaly")
        ),
        "findings": sorted(
            (*of_id[pk], reason, lower, upper)
            for pk, reason, lower, upper in Finding.objects.values_list(
                "measurement_id", "reason", "lower", "upper"
            )
        ),
        "rollups": list(rollups),
        "totals": [round(total, 9) for (total,) in Rollup.objects.order_by(*ORDER).values_list("total")],
        "series": [
            (*row, last, *(() if last > START + 20 * SECOND else (error, bytes(arrivals or b""))))
            for *row, last, error, arrivals in Series.objects.order_by("tag__name").values_list(
                "tag__name", "measurements", "anomalies", "last", "clock_error", "arrivals"
            )
        ],
        "ahead": sorted(
            of_id[pk] for (pk,) in ReadingAhead.objects.values_list("measurement_id") if pk in of_id
        ),
        "replacements": sorted(
            Replacement.objects.values_list(
                "tag__name", "timestamp", "old_value", "new_value", "replaced_at", "source"
            )
        ),
        "refusals": list(
            Refusal.objects.order_by("id").values_list(
                "received_at", "source", "tag", "reason", "message", "reading"
            )
        ),
        "refused": sorted(RefusalCount.objects.values_list("hour", "tag", "reason", "count")),
    }


def told(outcome: Outcome) -> tuple[object, ...]:
    """What does not depend on ids, nor on readings that were sent at the same time."""
    return outcome.tag, outcome.status, outcome.reason, outcome.field, outcome.error


@SETTINGS
@given(deliveries(), st.lists(st.integers(1, 6), min_size=16, max_size=16))
def test_any_combination_of_requests_is_as_one_by_one(sent: list[Delivery], sizes: list[int]) -> None:
    one_by_one, rows = stored_by([[delivery] for delivery in sent])
    ends = [0, *accumulate(sizes)]
    combined = [sent[start:end] for start, end in pairwise(ends) if sent[start:end]]
    outcomes, found = stored_by(combined)
    assert found == rows
    assert list(map(told, outcomes)) == list(map(told, one_by_one))


@SETTINGS
@given(deliveries(), st.lists(st.integers(1, 20), min_size=48, max_size=48))
def test_any_batches_of_the_readings_leave_the_same_measurements(
    sent: list[Delivery], sizes: list[int]
) -> None:
    """Not the same arrivals: of a batch, only its newest reading says something about the source's clock."""
    items = [item for delivery in sent for item in delivery.items]
    at, source = sent[0].received, "plc"
    ends = [0, *accumulate(sizes)]
    batches = [Delivery(items[start:end], source, at) for start, end in pairwise(ends) if items[start:end]]
    one_by_one, rows = stored_by([[Delivery([item], source, at)] for item in items])
    outcomes, found = stored_by([[batch] for batch in batches])
    for each in (rows, found):
        each["series"] = [row[:4] for row in each["series"]]
    assert found == rows
    assert list(map(told, outcomes)) == list(map(told, one_by_one))
