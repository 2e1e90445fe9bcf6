"""New readings among stored ones: who is judged, and by what."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest.columns import Batch, StoredRows, append, concatenate_rows, merge, rows_of_tag


def stored_at(*times: int) -> StoredRows:
    ids = np.arange(1, len(times) + 1)
    return rows_of_tag(ids, np.array(times, dtype=np.int64), np.zeros(len(times)), ids < 0)


def new_at(*times: int) -> Batch:
    place = np.arange(len(times))
    return Batch(0 * place, place, np.array(times, dtype=np.int64), np.ones(len(times)))


def timeline(stored: StoredRows, new: Batch) -> StoredRows:
    return merge(0, np.empty(0), stored, new)


def test_it_is_in_order_of_time() -> None:
    merged = timeline(stored_at(10, 30), new_at(40, 20))
    assert merged.time_us.tolist() == [10, 20, 30, 40]
    assert merged.position.tolist() == [-1, 1, -1, 0]
    assert merged.is_new.tolist() == [False, True, False, True]


def test_a_stored_measurement_wins_over_a_reading_of_its_time() -> None:
    assert timeline(stored_at(10), new_at(10)).id.tolist() == [1]


def test_the_first_of_two_readings_of_one_time_wins() -> None:
    assert timeline(stored_at(), new_at(10, 10)).position.tolist() == [0]


def test_only_those_behind_a_new_reading_and_within_reach_are_judged_again() -> None:
    merged = timeline(stored_at(10, 30, 40, 50), new_at(20))
    assert merged.affected(2).tolist() == [False, False, True, True, False]
    assert not merged.affected(0).any()


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.integers(0, 60))
def test_affected_means_a_new_one_stands_in_the_window(stored: set[int], new: set[int], reach: int) -> None:
    merged = timeline(stored_at(*sorted(stored)), new_at(*new))
    fresh = merged.is_new
    expected = [
        not fresh[place] and fresh[max(0, place - reach) : place].any() for place in range(len(fresh))
    ]
    assert merged.affected(reach).tolist() == expected


def test_tags_that_only_append_are_taken_together() -> None:
    tag, time_us = np.array([2, 2, 2, 5]), np.array([10, 20, 20, 10])
    new = Batch(tag, np.arange(4), time_us, np.array([1.0, 2.0, 3.0, 4.0]))
    taken = append(np.array([2, 0]), np.array([8.0, 9.0]), new)
    assert taken.count.tolist() == [2, 1]
    assert taken.position.tolist() == [0, 1, 3]
    segments = taken.segments()
    assert taken.tag.tolist() == [2, 5]
    assert segments.series.tolist() == [8, 9, 1, 2, 4]
    assert segments.value.tolist() == [1, 2, 4]
    assert segments.history_length.tolist() == [2, 3, 0]
    assert segments.tag.tolist() == [2, 2, 5]


def test_a_window_does_not_reach_into_the_tag_before() -> None:
    both = concatenate_rows([timeline(stored_at(10), new_at(20)), timeline(stored_at(30, 40), new_at(50))])
    assert both.affected(50).tolist() == [False] * 5
    assert both.segment.tolist() == [0, 0, 1, 1, 1]
