"""Stored deviations follow the computed ones."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.batches.report import read_report
from monitoring.batches.stream_changes import DeviationChanges
from monitoring.batches.watched.computing import FoundDeviation
from monitoring.batches.watched.deviations import deviation_json, paired, read_deviations
from monitoring.dashboard.report_document import document_of
from monitoring.models import Batch, Deviation, Vessel

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Spans = list[tuple[int, int]]


def row(pk: int, start: int, end: int | None) -> Deviation:
    return Deviation(pk=pk, start=NOON + start * MINUTE, end=None if end is None else NOON + end * MINUTE)


def found(start: int, end: int | None) -> FoundDeviation:
    times = [NOON + (start if end is None else end) * MINUTE for end in (start, end)]
    return FoundDeviation(times[0], None if end is None else times[1], times[0], 1.5, [], "It differs.", None)


def pairs(stored: Spans, computed: list[tuple[int, int | None]]) -> list[int | None]:
    rows = [row(place, *span) for place, span in enumerate(stored)]
    return [
        None if each is None else each.pk for _, each in paired(rows, [found(*span) for span in computed])
    ]


def test_a_deviation_keeps_its_row_when_its_begin_moves() -> None:
    assert pairs([(100, 150)], [(104, 150)]) == [0]
    assert pairs([(100, 150)], [(92, None)]) == [0]
    assert pairs([(100, 150)], [(175, 200)]) == [0]
    assert pairs([(100, 150)], [(181, 200)]) == [None]
    assert pairs([(100, 150)], [(20, 69)]) == [None]
    assert pairs([(100, 150), (155, 160)], [(155, 160), (200, 210)]) == [1, None]
    assert pairs([(100, 150), (155, 160)], [(103, 162)]) == [0]


@st.composite
def spans(draw: st.DrawFn) -> Spans:
    """Spans one after another."""
    edges = sorted(draw(st.sets(st.integers(0, 300), max_size=10)))
    return list(zip(edges[::2], edges[1::2], strict=False))


@settings(max_examples=50)
@given(stored=spans(), computed=spans())
def test_each_row_is_used_once_and_begins_stay_unique(stored: Spans, computed: Spans) -> None:
    rows = [row(place, *span) for place, span in enumerate(stored)]
    chosen = paired(rows, [found(*span) for span in computed])
    used = [each.pk for _, each in chosen if each is not None]
    assert len(used) == len(set(used))
    left = {each.pk: each.start for each in rows if each.pk in used}
    for new, each in chosen:  # updates in any order meet no row with the same begin
        if each is not None and each.start != new.start:
            assert new.start not in left.values()
    assert [each.pk for _, each in paired(rows, [found(*span) for span in stored])] == list(range(len(rows)))


@pytest.fixture
def deviation() -> Deviation:
    vessel = Vessel.objects.create(name="v1", made_at=NOON)
    batch = Batch.objects.create(vessel=vessel, name="b1", start=NOON, inoculated_at=NOON, changed_at=NOON)
    verdict = {"says": "probe", "sentence": "Only the DO probe says 23 % more.", "is_shown": True}
    return batch.deviations.create(
        start=NOON + 60 * MINUTE,
        peak_at=NOON + 62 * MINUTE,
        score=2.25,
        sentence="It differs.",
        verdict=verdict,
        revision=7,
        changed_at=NOON,
    )


@pytest.mark.django_db
def test_changes_go_to_the_stream(deviation: Deviation) -> None:
    changes = DeviationChanges()
    assert (changes.name, changes.newest_revision()) == ("deviation", 7)
    (message,) = changes.read_changed(after=6, limit=10)
    event, data, *_ = message.data.decode().split("\n")
    assert (message.id, event) == (7, "event: deviation")
    stored = read_deviations([deviation.batch_id]).get()
    assert json.loads(data.removeprefix("data: ")) == deviation_json(stored)
    assert message.for_tags(frozenset(["fermenter_temp"])) == b"", "it tells of other tags"
    assert changes.read_changed(after=7, limit=10) == []


@pytest.mark.django_db
def test_the_report_has_deviations_with_verdicts(deviation: Deviation) -> None:
    report = read_report(deviation.batch, now=NOON + 90 * MINUTE, covers=lambda name: True)
    (item,) = report["deviations"]
    assert (item["start"], item["end"], item["score"]) == ("2024-01-31T13:00:00Z", None, 2.25)
    table = next(each for each in document_of(report, UTC).tables if each.id == "deviations")
    assert list(table.rows) == [
        [
            "2024-01-31 13:00:00",
            "1.00",
            "lasts",
            "2.2",
            "It differs.",
            "probe: Only the DO probe says 23 % more.",
        ]
    ]
    partial = read_report(deviation.batch, now=NOON + 90 * MINUTE, covers=lambda name: True, is_whole=False)
    assert partial["deviations"] == []
