"""The queue between drivers and writer: bounded, fair, in order."""

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.sample_queue import Entry, SampleQueue
from monitoring.sources.session import Sample


def entry(key: str, count: int, first: int = 0) -> Entry[str]:
    return Entry(key, [Sample(key, first + number, 1.0) for number in range(count)], 0)


def fill(queue: SampleQueue[str], key: str, *, by: int = 1) -> int:
    """Offers until the queue is full; how many items it took."""
    taken = 0
    while queue.offer(entry(key, by, taken)):
        taken += by
    return taken


def test_a_flooding_source_leaves_room_for_others() -> None:
    queue: SampleQueue[str] = SampleQueue(1_000)
    assert fill(queue, "flood") == 500
    assert fill(queue, "other") > 200
    assert queue.offer(entry("third", 10))
    assert queue.items <= 1_000


def test_a_drain_takes_an_equal_share_of_each_first() -> None:
    queue: SampleQueue[str] = SampleQueue(1_000)
    fill(queue, "flood")
    queue.offer(entry("small", 5))
    drained = queue.drain(100)
    assert {each.key for each in drained} == {"flood", "small"}
    assert sum(len(each.items) for each in drained) == 100


def test_room_is_free_only_once_items_are_stored() -> None:
    queue: SampleQueue[str] = SampleQueue(100)
    fill(queue, "a")
    drained = queue.drain(100)
    assert not queue.offer(entry("a", 1))
    queue.finish(drained)
    assert queue.items == 0
    assert fill(queue, "a") == 50


def test_what_was_dropped_needs_no_room() -> None:
    queue: SampleQueue[str] = SampleQueue(100)
    fill(queue, "a")
    drained = queue.drain(10)
    queue.drop("a")
    queue.finish(drained)
    assert (queue.items, queue.waiting("a")) == (0, 0)


def test_entries_without_items_pass() -> None:
    queue: SampleQueue[str] = SampleQueue(100)
    assert queue.offer(entry("a", 0))
    drained = queue.drain()
    assert len(drained) == 1
    queue.finish(drained)
    assert queue.offer(entry("a", 1))


def test_one_offer_larger_than_the_queue_is_taken_alone() -> None:
    queue: SampleQueue[str] = SampleQueue(100)
    assert queue.offer(entry("a", 300))
    assert not queue.offer(entry("b", 1))
    queue.finish(queue.drain(100))
    assert queue.offer(entry("b", 1))


def test_a_drain_waits_for_the_first_entry_and_ends_when_closed() -> None:
    queue: SampleQueue[str] = SampleQueue()
    found: list[int] = []

    def drain() -> None:
        while entries := queue.drain():
            found.append(len(entries))
            queue.finish(entries)

    thread = threading.Thread(target=drain)
    thread.start()
    queue.offer(entry("a", 3))
    queue.close()
    thread.join(30)
    assert not thread.is_alive()
    assert found == [1]


def test_waiting_for_more_ends_early_with_many_items() -> None:
    queue: SampleQueue[str] = SampleQueue()
    queue.offer(entry("a", 10))
    queue.wait_for_more(time.monotonic() + 3_600, most=10)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=40), st.integers(1, 60))
def test_all_that_is_taken_comes_out_once_and_in_order(offers: list[tuple[str, int]], most: int) -> None:
    queue: SampleQueue[str] = SampleQueue(200)
    taken: dict[str, list[int]] = {key: [] for key in "abc"}
    for number, (key, count) in enumerate(offers):
        if queue.offer(entry(key, count, number * 100)):
            taken[key] += range(number * 100, number * 100 + count)
        assert queue.items <= 200
    queue.close()
    found: dict[str, list[int]] = {key: [] for key in "abc"}
    while drained := queue.drain(most):
        for each in drained:
            found[each.key] += [item.time_us for item in each.items if isinstance(item, Sample)]
        queue.finish(drained)
    assert found == taken
    assert queue.items == 0
