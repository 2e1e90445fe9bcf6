"""What the detectors have found, read back: the newest, those that last, those that changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.history.events import (
    EventSelection,
    changed_events,
    newest_events,
    newest_revision,
    open_events,
    read_events,
)
from monitoring.history.measurements import Selection
from monitoring.models import Event, Tag

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def store(start: int, end: int | None, *, tag: str = "fermenter_temp", detector: str = "stuck") -> Event:
    """Stores an event of these minutes after noon; its revision is that of the newest and one."""
    return Event.objects.create(
        tag=Tag.objects.get(name=tag),
        detector=detector,
        kind=detector,
        start=NOON + start * MINUTE,
        end=None if end is None else NOON + end * MINUTE,
        score=2.5,
        explanation="it has not changed for 14 s",
        revision=newest_revision() + 1,
    )


def test_those_that_last_are_of_tags_in_use() -> None:
    store(0, 5)
    first, second = store(1, None), store(2, None, tag="fermenter_ph")
    assert [event.id for event in open_events()] == [second.pk, first.pk]
    Tag.objects.filter(name="fermenter_ph").update(active=False)
    assert [event.id for event in open_events()] == [first.pk]


def test_the_newest_began_last() -> None:
    for start in (3, 1, 2):
        store(start, None if start == 1 else 9)
    assert [event.start for event in newest_events(2)] == [NOON + 3 * MINUTE, NOON + 2 * MINUTE]


def test_what_changed_since_comes_in_the_order_of_its_changes() -> None:
    assert newest_revision() == 0
    first, second = store(1, None), store(2, None)
    Event.objects.filter(pk=first.pk).update(end=NOON + MINUTE * 3, revision=7)
    assert newest_revision() == 7
    assert [(number, event.id) for number, event in changed_events(after=0, limit=9)] == [
        (second.revision, second.pk),
        (7, first.pk),
    ]
    assert [number for number, _ in changed_events(after=2, limit=9)] == [7]
    assert len(changed_events(after=0, limit=1)) == 1


def test_one_costs_one_query(django_assert_num_queries: Callable) -> None:
    for start in range(5):
        store(start, None)
    with django_assert_num_queries(1):
        newest_events(5)


class Overlap(TestCase):
    """An event counts for a time if any moment of it lies within."""

    @given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 5)), unique_by=lambda e: e[0]))
    @settings(max_examples=20)
    def test_whoever_overlaps_is_found(self, drawn: list[tuple[int, int | None]]) -> None:
        spans = [(start, None if length is None else start + length) for start, length in drawn]
        for span in spans:
            store(*span)
        page = read_events(
            EventSelection(Selection(start=NOON + 3 * MINUTE, end=NOON + 6 * MINUTE)), limit=99
        )
        expected = [start for start, end in spans if start <= 6 and (end is None or end >= 3)]
        found = [(event.start - NOON) // MINUTE for event in page.events]
        assert found == sorted(expected, reverse=True)
