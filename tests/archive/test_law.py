"""Whatever arrives, is excluded, archived or brought back, in any order: the same is stored as without."""

from datetime import timedelta
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.ingest.exclusions import ExclusionError, choice_of_range, exclude, revoke
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import Exclusion, Tag
from monitoring.storage.archiving import due
from monitoring.storage.archiving.returning import bring_back
from monitoring.storage.archiving.verifying import verify
from tests.archive.plant import DAY, NOW, TAG, archive, everything, reading, send, without_pauses

pytestmark = pytest.mark.django_db

FIRST = NOW.replace(hour=0) - 6 * DAY
MOMENTS = st.integers(0, 6 * 24 * 2).map(lambda place: FIRST + place * timedelta(minutes=30))
VALUES = st.sampled_from([37.0, 37.1, 37.2, 44.0, 50.0])
SPANS = st.tuples(MOMENTS, MOMENTS).map(sorted)
STEPS = st.one_of(
    st.tuples(st.just("send"), st.lists(st.tuples(MOMENTS, VALUES), min_size=1, max_size=6)),
    st.tuples(st.just("archive"), st.integers(1, 5)),
    st.tuples(st.just("bring back"), SPANS),
    st.tuples(st.just("exclude"), SPANS),
    st.tuples(st.just("include"), st.integers(0, 3)),
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    without_pauses(monkeypatch, CHUNK=5)
    monkeypatch.setattr("monitoring.ingest.exclusions.PAUSE_S", 0)
    monkeypatch.setattr("monitoring.ingest.moving.CHUNK", 7)


def act(step: str, chosen, *, with_archive: bool) -> object:
    """Takes a step; returns what a user sees of it."""
    if step == "send":
        outcomes = send([reading(moment, value) for moment, value in chosen])
        return [(outcome.status, outcome.is_anomaly) for outcome in outcomes]
    if step in ("archive", "bring back"):
        if with_archive:
            move(step, chosen)
        return None
    return change_exclusions(step, chosen)


def move(step: str, chosen) -> None:
    if step == "archive":
        archive(chosen)
    else:
        list(bring_back(Tag.objects.get(name=TAG), *chosen))


def change_exclusions(step: str, chosen) -> object:
    try:
        if step == "exclude":
            return exclude(choice_of_range(TAG, *chosen), reason="probe", by="me", for_s=60).taken
        made = Exclusion.objects.filter(revoked_at=None).order_by("pk")[chosen : chosen + 1]
        return [revoke(one.pk, reason="probe", by="me", for_s=60).returned for one in made]
    except ExclusionError as error:
        return str(error)


def outcome_of(steps, on_conflict, *, with_archive: bool) -> tuple[list[object], object, list[str]]:
    """What is answered and stored after these steps; nothing of it stays."""
    with transaction.atomic():
        Tag.objects.filter(name=TAG).update(on_conflict=on_conflict)
        send([reading(FIRST + place * timedelta(hours=1), 37 + place % 3 / 10) for place in range(0, 144, 2)])
        send([reading(NOW)])
        seen = [act(*step, with_archive=with_archive) for step in steps]
        faults = [fault for found in verify([]) for fault in found.faults]
        found = everything()
        transaction.set_rollback(True)
    return seen, found, faults


@settings(max_examples=8)
@given(
    st.lists(STEPS, min_size=2, max_size=6),
    st.sampled_from([OnConflict.REFUSE, OnConflict.KEEP_LAST]),
    st.sampled_from([7, 13, due.FILE_ROWS]),
)
def test_the_same_is_stored_as_without_an_archive(steps, on_conflict, file_rows) -> None:
    steps = [("archive", 1), *steps]
    with mock.patch.object(due, "FILE_ROWS", file_rows):  # several files a day, or one
        seen, found, faults = outcome_of(steps, on_conflict, with_archive=True)
    assert faults == []
    assert (seen, found) == outcome_of(steps, on_conflict, with_archive=False)[:2]
