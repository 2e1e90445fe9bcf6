"""The outcomes of a request's readings, in the order of the request."""

import numpy as np

from monitoring.ingest.columns import Batch, StoredRows, append, merge, rows_of_tag
from monitoring.ingest.outcomes import Outcome, Outcomes, Status
from monitoring.ingest.validate import Rejection, RejectionReason
from monitoring.kernel.arrays import FloatArray, IntArray

NAMES = ["ph", "temp"]
NO_HISTORY = np.empty(0)


def ints(*values: int) -> IntArray:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def batch_of(*readings: tuple[int, int, float]) -> Batch:
    """Return a batch of (tag index, microseconds, value), at positions 0, 1, 2 and so on."""
    tag, time_us, value = zip(*readings, strict=True)
    return Batch(ints(*tag), ints(*range(len(readings))), ints(*time_us), floats(*value))


def stored(rows: StoredRows, first_id: int) -> StoredRows:
    """Give the new rows their ids, as storing does."""
    rows.id[rows.is_new] = np.arange(first_id, first_id + rows.is_new.sum())
    return rows


def test_new_readings_have_the_ids_and_flags_of_their_rows() -> None:
    batch = batch_of((0, 1, 7.0), (0, 2, 7.1), (1, 1, 37.0))
    rows = stored(append(ints(0, 0), NO_HISTORY, batch), first_id=10)
    rows.is_anomaly[2] = True
    outcomes = Outcomes(3)
    outcomes.add(NAMES, batch, rows)
    assert list(outcomes) == [
        Outcome("ph", Status.STORED, 10, False),
        Outcome("ph", Status.STORED, 11, False),
        Outcome("temp", Status.STORED, 12, True),
    ]


def test_a_stored_time_with_the_same_value_is_a_duplicate_and_with_another_a_conflict() -> None:
    before = rows_of_tag(ints(5, 6), ints(1, 2), floats(37.0, 38.0), np.array([False, True]))
    batch = batch_of((0, 1, 36.0), (0, 2, 38.0), (0, 3, 39.0))
    rows = stored(merge(0, NO_HISTORY, before, batch), first_id=7)
    outcomes = Outcomes(3)
    outcomes.add(["temp"], batch, rows)
    conflict, duplicate, new = outcomes
    assert duplicate == Outcome("temp", Status.DUPLICATE, 6, True)
    assert new == Outcome("temp", Status.STORED, 7, False)
    assert (conflict.status, conflict.field, conflict.reason) == (
        Status.CONFLICT,
        "value",
        RejectionReason.CONFLICT,
    )
    assert "is stored as 37 and stays so; 36 was refused" in conflict.error


def test_of_two_readings_at_one_time_the_second_is_compared_with_the_first() -> None:
    batch = batch_of((0, 1, 37.0), (0, 1, 37.0), (0, 1, 38.0))
    rows = stored(append(ints(0), NO_HISTORY, batch), first_id=1)
    outcomes = Outcomes(3)
    outcomes.add(["temp"], batch, rows)
    assert [outcome.status for outcome in outcomes] == [Status.STORED, Status.DUPLICATE, Status.CONFLICT]


def test_a_conflict_of_a_tag_that_keeps_the_first_value_is_settled() -> None:
    batch = batch_of((0, 1, 37.0), (0, 1, 38.0), (1, 1, 7.0), (1, 1, 8.0))
    rows = stored(append(ints(0, 0), NO_HISTORY, batch), first_id=1)
    outcomes = Outcomes(4)
    outcomes.add(NAMES, batch, rows)
    outcomes.settle({}, lambda name: name == "temp")
    assert [outcome.status for outcome in outcomes] == [
        Status.STORED,
        Status.CONFLICT,
        Status.STORED,
        Status.KEPT_FIRST,
    ]
    assert list(outcomes)[3].id == 2


def test_rejections_stand_at_their_positions() -> None:
    rejection = Rejection("ph", RejectionReason.ABOVE_VALID_RANGE, "value", "value: too high")
    batch = batch_of((1, 1, 37.0))
    outcomes = Outcomes(2, {0: rejection})
    outcomes.add(
        NAMES,
        Batch(batch.tag, ints(1), batch.time_us, batch.value),
        stored(append(ints(0), NO_HISTORY, Batch(batch.tag, ints(1), batch.time_us, batch.value)), 3),
    )
    refused, new = outcomes
    assert (refused.status, refused.tag, refused.error) == (Status.REJECTED, "ph", "value: too high")
    assert new == Outcome("temp", Status.STORED, 3, False)
