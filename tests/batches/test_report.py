"""The report of a batch as an object, and its hash."""

import json
from datetime import datetime
from typing import Any

import pytest

from monitoring.batches.errors import BatchConflictError
from monitoring.batches.finding import find_batch
from monitoring.batches.report import hash_of, read_report
from monitoring.batches.report_records import MOST_LINES
from monitoring.models import Batch, BatchState, Note, Sample, Tag, Vessel
from tests.reported import HOUR, MINUTE, NOON, PH, SETPOINT, TEMP, correct, fill, make_batch, store

pytestmark = pytest.mark.django_db
LATER = NOON + 5 * HOUR


def report(batch: Batch, now: datetime = LATER, *, only: str = "") -> dict[str, Any]:
    """The report; with ``only``, for a caller who may read this tag alone."""
    return read_report(
        find_batch(batch.pk), now=now, covers=lambda name: only in ("", name), is_whole=not only
    )


def test_the_same_data_give_the_same_report_at_any_time() -> None:
    batch = make_batch()
    fill(batch)
    first = report(batch)
    store(TEMP, {200: 40.0, 250: 42.5})  # of later batches
    assert report(batch, LATER + 24 * HOUR) == first
    assert hash_of(json.loads(json.dumps(first))) == hash_of(first)


def test_a_corrected_sample_changes_the_hash_and_keeps_what_was() -> None:
    batch = make_batch()
    result = fill(batch)
    before = hash_of(report(batch))
    last = correct(correct(result, 1.6), 1.7)
    found = report(batch)
    assert hash_of(found) != before
    (sample,) = found["samples"]
    (shown,) = sample["results"]
    assert (shown["value"], shown["by"], sample["elapsed_h"]) == (1.7, "bob", 1.0)
    assert [each["value"] for each in shown["corrected"]] == [1.6, 1.5]
    Sample.objects.filter(pk=last.sample_id).update(withdrawn_at=NOON, withdrawn_by="ann", reason="mixed up")
    assert report(batch)["samples"][0]["reason"] == "mixed up"


def test_records_of_the_batch_are_listed() -> None:
    batch = make_batch()
    fill(batch)
    found = report(batch)
    assert [each["name"] for each in found["phases"]] == ["growth", "feed"]
    assert [each["duration_s"] for each in found["phases"]] == [5_400, 3_600]
    lists = ("samples", "events", "alarms", "notes", "quality", "exclusions")
    assert [len(found[name]) for name in lists] == [1] * len(lists)
    assert found["alarms"][0]["acknowledged_by"] == "bob"
    assert (found["batch"]["elapsed_h"], found["truncated"]) == (2.5, [])
    temp = found["tags"][0]
    assert (temp["missing_s"], temp["longest_gap_s"]) == (15 * 60, 15 * 60)
    whole, growth, feed = temp["statistics"]
    assert (whole["max"], growth["max"], feed["min"], whole["count"]) == (46, 46, 38.2, 166)
    assert (whole["outside_s"], growth["outside_s"], feed["outside_s"]) == (30, 30, 0)


def test_setpoints_have_the_value_in_force_at_the_start_and_the_exact_times_of_changes() -> None:
    batch = make_batch()
    fill(batch)
    (setpoint,) = report(batch)["setpoints"]
    assert (setpoint["tag"], setpoint["initial"], setpoint["more_changes"]) == (SETPOINT, 300, 0)
    (change,) = setpoint["changes"]
    assert (change["start"], change["from"], change["to"]) == ("2024-01-31T12:45:15Z", 300, 400)


def test_a_moved_tag_counts_only_while_bound() -> None:
    one, other = make_batch(), make_batch("b2")
    for batch, span in ((one, {"end": NOON + HOUR}), (other, {"begin": NOON + HOUR})):
        batch.vessel.bindings.filter(tag__name=TEMP).update(**span)
        batch.vessel.bindings.exclude(tag__name=TEMP).delete()
    store(TEMP, dict.fromkeys(range(60), 37.0) | dict.fromkeys(range(60, 180), 40.0))
    fill(one)
    (before,), (after,) = (report(each)["tags"] for each in (one, other))
    assert (before["statistics"][0]["max"], after["statistics"][0]["min"]) == (37, 40)
    assert [len(report(each)["alarms"]) for each in (one, other)] == [0, 1]


def test_a_token_with_a_prefix_gets_its_tags_alone() -> None:
    batch = make_batch()
    fill(batch)
    tag = Tag.objects.get(name=PH)
    Note.objects.create(tag=tag, start=NOON + HOUR, text="calibrated", by="ann", at=NOON)
    found = report(batch, only=PH)
    assert [each["tag"] for each in found["tags"]] == [PH]
    lists = ("samples", "events", "alarms", "quality", "exclusions", "setpoints")
    assert all(found[name] == [] for name in lists)
    assert [note["text"] for note in found["notes"]] == ["calibrated"]


def test_a_batch_that_runs_is_reported_to_the_last_whole_minute() -> None:
    batch = make_batch(state=BatchState.RUNNING, end=None)
    fill(batch)
    now = NOON + 100 * MINUTE
    first = report(batch, now + MINUTE / 4)
    assert first == report(batch, now + MINUTE / 2)
    assert first["batch"]["until"] == "2024-01-31T13:40:00Z"
    assert report(batch, NOON + MINUTE / 2)["tags"][0]["statistics"][0]["count"] == 1


def test_a_batch_without_tags_or_measurements_has_a_report() -> None:
    empty = report(make_batch())
    assert [tag["course"]["t"] for tag in empty["tags"]] == [[], [], []]
    vessel = Vessel.objects.create(name="bare", made_at=NOON)
    bare = Batch.objects.create(vessel=vessel, name="b9", start=NOON, changed_at=NOON)
    assert report(bare)["tags"] == report(bare)["events"] == report(bare)["gaps"] == []


def test_a_planned_batch_has_none() -> None:
    with pytest.raises(BatchConflictError, match="planned"):
        report(make_batch(state=BatchState.PLANNED, start=None, end=None, inoculated_at=None))


def test_long_lists_are_cut_and_say_so() -> None:
    batch = make_batch()
    note = {"batch": batch, "start": NOON, "text": "n", "by": "ann", "at": NOON}
    Note.objects.bulk_create(Note(**note) for _ in range(MOST_LINES + 2))
    found = report(batch)
    assert (len(found["notes"]), found["truncated"]) == (MOST_LINES, ["notes"])
