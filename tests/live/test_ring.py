"""The ring: the newest events, each given once to whoever asks in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.live.ring import Offset, Ring, StreamMessage


def events(*ids: int) -> list[StreamMessage]:
    return [StreamMessage(number, "fermenter_temp", b"%d" % number) for number in ids]


@pytest.fixture
def ring() -> Ring:
    """Room for three, and nothing in it; everything up to 10 was before."""
    ring = Ring(3)
    ring.start(10)
    return ring


def test_what_was_added_comes_once_and_in_order(ring: Ring) -> None:
    place = ring.head
    ring.add(events(11, 13), head=14)
    found, place = ring.after(place)
    assert [event.id for event in found] == [11, 13]
    assert place.id == 14
    assert ring.after(place) == ([], place)


def test_who_falls_behind_what_is_kept_is_told_so_and_stays_where_they_are(ring: Ring) -> None:
    late = ring.head
    ring.add(events(11, 12, 13, 14), head=14)
    assert ring.has_lost(late)
    assert ring.after(late) == ([], late)
    assert not ring.has_lost(late._replace(id=11))
    assert [event.id for event in ring.after(late._replace(id=11))[0]] == [12, 13, 14]


def test_who_was_before_its_beginning_has_lost_something(ring: Ring) -> None:
    assert ring.has_lost(ring.head._replace(id=9))


def test_who_is_ahead_of_it_waits_until_it_has_come_so_far(ring: Ring) -> None:
    ahead = ring.head._replace(id=12)
    ring.add(events(11), head=11)
    found, ahead = ring.after(ahead)
    assert (found, ahead.id) == ([], 12)
    ring.add(events(12, 13), head=13)
    assert [event.id for event in ring.after(ahead)[0]] == [13]


def test_after_a_new_beginning_everybody_goes_on_from_there(ring: Ring) -> None:
    ring.add(events(11, 12), head=12)
    before = ring.head
    ring.start(5)
    ring.add(events(6), head=6)
    assert not ring.has_lost(before)
    assert [event.id for event in ring.after(before)[0]] == [6]


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30), st.integers(1, 12))
def test_whenever_one_asks_nothing_is_missing_unless_it_says_so(
    steps: list[tuple[int, bool]], size: int
) -> None:
    ring = Ring(size)
    ring.start(0)
    place, taken = ring.head, 0
    for count, asks in steps:
        head = ring.head.id
        ring.add(events(*range(head + 1, head + count + 1)), head=head + count)
        if not asks:
            continue
        assert ring.has_lost(place) == (ring.head.id - taken > size)
        if ring.has_lost(place):
            place = Offset(place.generation, ring.head.id)  # as if it had read the database
        else:
            found, place = ring.after(place)
            assert [event.id for event in found] == list(range(taken + 1, ring.head.id + 1))
        taken = place.id
