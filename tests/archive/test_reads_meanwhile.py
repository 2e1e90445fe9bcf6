"""Reads while measurements move: another connection archives or thaws between the two places of a read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from monitoring.archive.presence import ArchivePresence, is_used
from monitoring.history import measurements, tag_rows
from monitoring.history.measurements import Selection, read_page
from monitoring.history.tag_rows import TagRange, count_tag_rows, read_tag_rows
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import DAY_US, to_micros
from monitoring.kernel.runtime import part
from monitoring.models import ArchiveFile, Tag
from tests.archive.moving_days import archive_day, thaw

TAG = "fermenter_temp"
DAY = datetime(2024, 1, 28, tzinfo=UTC)
READINGS = 20


def store(days: int = 2) -> None:
    """A reading a minute at the begin of each day."""
    ingest_readings(
        [
            {"timestamp": (DAY + timedelta(days=day, minutes=minute)).isoformat(), "tag": TAG, "value": 37.0}
            for day in range(days)
            for minute in range(READINGS)
        ]
    )


def elsewhere(work: Callable[[], Any]) -> None:
    """Do the work through a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join()


def thaw_all() -> None:
    for file in ArchiveFile.objects.filter(superseded_at=None):
        thaw(file)


def page() -> Any:
    return read_page(Selection((TAG,)), limit=100).rows


def rows() -> Any:
    tag = Tag.objects.get(name=TAG)
    start_us = to_micros(DAY)
    return read_tag_rows(TagRange(tag.pk, start_us, start_us + 3 * DAY_US)).ids.tolist()


def count() -> Any:
    tag = Tag.objects.get(name=TAG)
    start_us = to_micros(DAY)
    return count_tag_rows(TagRange(tag.pk, start_us, start_us + 3 * DAY_US))


# Of the release before the archive.
QUERIES = {
    f"/data?tag={TAG}": 2,
    "/data": 1,
    "/anomalies": 1,
    f"/trend?tag={TAG}&from=2024-01-28&to=2024-01-28T01:00:00Z": 5,
    f"/statistics?tag={TAG}": 6,
    "/stats": 3,
    f"/tags/{TAG}": 4,
}
PLACES = [
    (measurements, "archived_rows", page),
    (tag_rows, "all_rows", rows),
    (tag_rows, "count_in_archive", count),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("module", "name", "read"), PLACES, ids=["page", "rows", "count"])
@pytest.mark.parametrize("is_thawed", [False, True], ids=["archived", "thawed"])
def test_what_moves_between_the_places_is_read_once(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, read: Callable[[], Any], is_thawed: bool
) -> None:
    store()
    expected = read()
    archive_day(TAG, DAY)
    if not is_thawed:
        thaw_all()
    from_archive = getattr(module, name)

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        elsewhere(thaw_all if is_thawed else lambda: archive_day(TAG, DAY))
        return from_archive(*args, **kwargs)

    monkeypatch.setattr(module, name, meanwhile)
    assert read() == expected
    monkeypatch.undo()
    assert read() == expected
    assert ArchiveFile.objects.filter(superseded_at=None).exists() != is_thawed


@pytest.mark.django_db
def test_a_plant_without_archive_pays_no_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store()
    part(ArchivePresence).unused_until = 0.0
    with django_assert_num_queries(1):  # once in a while
        assert not is_used()
    for path, queries in QUERIES.items():
        with django_assert_num_queries(queries):
            assert client.get(path).status_code == 200


@pytest.mark.django_db
def test_the_archive_is_seen_when_it_comes_into_use() -> None:
    presence = ArchivePresence()
    assert not presence.look()
    store()
    archive_day(TAG, DAY)
    assert not presence.look()  # believed for some seconds
    presence.unused_until = 0.0
    assert presence.look()
