"""Recomputing flags: afterwards all is as if every reading had been judged by the rule of today."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.ingest import recompute as module
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.ingest.recompute import Recount, recompute
from monitoring.models import Finding, Measurement, Series, Tag
from monitoring.storage.retention import apply_retention
from tests.ingest.plain_rule import by_the_rule

START = datetime(2026, 1, 30, 23, 59, tzinfo=UTC)
NOW = START + timedelta(days=1)
TAG = "fermenter_temp"

pytestmark = pytest.mark.django_db


def ingest(values: list[float], *, start: int = 0) -> None:
    """A reading a second."""
    ingest_readings(
        [
            {"timestamp": (START + timedelta(seconds=second)).isoformat(), "tag": TAG, "value": value}
            for second, value in enumerate(values, start=start)
        ]
    )


def recomputed(*, write: bool = True) -> Recount:
    (span,) = spans_of([TAG], None, None, now=NOW)
    return sum((recount for _, recount in recompute(span, write=write)), Recount())


def wrong_rollups() -> list[object]:
    (span,) = spans_of([TAG], None, None, now=NOW)
    return [difference for _, part in rebuild(span, write=False) for difference in part]


def flags() -> list[bool]:
    return list(Measurement.objects.order_by("timestamp").values_list("is_anomaly", flat=True))


def findings() -> set[tuple[object, ...]]:
    return set(Finding.objects.values_list("measurement__timestamp", "reason", "lower", "upper"))


def judge_as_before(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """Store values by a rule that takes no window for constant and is stricter than that of today."""
    with monkeypatch.context() as patched:
        patched.setattr("monitoring.ingest.rules.rolling_sigma.RollingSigma.bands", two_sigma)
        ingest(values)


def two_sigma(rule: object, windows):
    mean, sigma = windows.mean(axis=1), windows.std(axis=1)
    return mean - 2 * sigma - 1, mean + 2 * sigma + 1


WAVE = [36.0, 38.0] * 20
VALUES = [*[40.0] * 60, 40.5, *WAVE, 41.5, 46.0, *WAVE, 37.0, 31.0, *[40.0] * 60, 40.25]


def test_what_is_as_the_rule_says_stays(monkeypatch) -> None:
    ingest(VALUES)
    before = flags(), findings()
    assert recomputed() == Recount()
    assert (flags(), findings()) == before


def test_flags_findings_rollups_and_totals_become_those_of_the_rule_of_today(monkeypatch) -> None:
    judge_as_before(monkeypatch, VALUES)
    assert flags() != by_the_rule(VALUES)
    recount = recomputed()
    assert recount.added
    assert recount.turned
    assert flags() == by_the_rule(VALUES)
    assert Series.objects.get().anomalies == sum(flags())
    assert wrong_rollups() == []
    stored = findings()
    Measurement.objects.all().delete()
    Series.objects.all().delete()
    ingest(VALUES)
    assert stored == findings()


def test_looking_changes_nothing_and_counts_the_same(monkeypatch) -> None:
    judge_as_before(monkeypatch, VALUES)
    before = flags(), findings()
    counted = recomputed(write=False)
    assert (flags(), findings()) == before
    assert counted.findings == recomputed().findings > 0
    assert recomputed() == Recount()


@pytest.mark.parametrize("size", [1, 7, 59])
def test_the_size_of_a_step_changes_nothing(monkeypatch, size: int) -> None:
    judge_as_before(monkeypatch, VALUES)
    monkeypatch.setattr(module, "CHUNK", size)
    recomputed()
    assert flags() == by_the_rule(VALUES)
    assert wrong_rollups() == []


def test_a_run_that_broke_off_is_repeated(monkeypatch) -> None:
    judge_as_before(monkeypatch, VALUES)
    monkeypatch.setattr(module, "CHUNK", 70)
    (span,) = spans_of([TAG], None, None, now=NOW)
    next(recompute(span, write=True))
    assert wrong_rollups() == []
    recomputed()
    assert flags() == by_the_rule(VALUES)


def test_limits_of_their_time_stay(monkeypatch) -> None:
    judge_as_before(monkeypatch, VALUES)
    Tag.objects.filter(name=TAG).update(lower_limit=39, upper_limit=41)
    recomputed()
    assert flags() == by_the_rule(VALUES)


def test_what_retention_has_taken_the_window_of_stays(monkeypatch) -> None:
    judge_as_before(monkeypatch, VALUES)
    Tag.objects.filter(name=TAG).update(retention_days=1)
    apply_retention(now=START + timedelta(days=2, seconds=-1))
    raw_from = Series.objects.get().raw_from
    assert raw_from is not None
    assert raw_from > START
    before = dict(Measurement.objects.values_list("timestamp", "is_anomaly"))
    recomputed()
    moments = sorted(moment for moment in before if moment >= raw_from)
    after = dict(Measurement.objects.values_list("timestamp", "is_anomaly"))
    judged_again = moments[50:]
    rule = {START + timedelta(seconds=place): flag for place, flag in enumerate(by_the_rule(VALUES))}
    assert all(after[moment] == before[moment] for moment in before if moment not in judged_again)
    assert [after[moment] for moment in judged_again] == [rule[moment] for moment in judged_again]


def test_a_reading_that_comes_meanwhile_is_judged_with_the_rest(monkeypatch) -> None:
    judge_as_before(monkeypatch, VALUES[:-5])
    real, looks = module.measurements, list[Any]()

    def look(*args, **options):
        rows = real(*args, **options)
        if not looks:  # just behind the look without a lock
            looks.append(rows)
            ingest(VALUES[-5:], start=len(VALUES) - 5)
        return rows

    monkeypatch.setattr(module, "measurements", look)
    recomputed()
    assert flags() == by_the_rule(VALUES)
    assert wrong_rollups() == []


class TestAnySignal(TestCase):
    """Each example runs in a transaction of its own."""

    @settings(max_examples=25)
    @given(st.lists(st.sampled_from([36.0, 37.0, 38.0, 40.0, 46.0, 50.0]), min_size=1, max_size=120))
    def test_whatever_was_judged_before(self, values: list[float]) -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            judge_as_before(monkeypatch, values)
        recomputed()
        assert flags() == by_the_rule(values)
        assert wrong_rollups() == []
