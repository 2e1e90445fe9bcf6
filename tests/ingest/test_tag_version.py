"""A writer on SQLite keeps tag definitions, and notices every change of them."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from monitoring.ingest.definition_columns import DefinitionColumns, definition_columns
from monitoring.ingest.locked_tags import LockedTag
from monitoring.ingest.outcomes import Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.tag_version import tags_version, track_changes
from monitoring.ingest.tags import MANY, lock_columns, lock_tags
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import Series, Tag

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]
NAMES = [f"sensor_{number:03}" for number in range(MANY)]


@pytest.fixture
def read() -> Callable[[], dict[str, LockedTag]]:
    """Read the tags, which have been read before."""
    Tag.objects.bulk_create(Tag(name=name, valid_min=-9, valid_max=9) for name in NAMES)
    lock_tags(NAMES)
    return lambda: lock_tags(NAMES)


def statements(read: Callable[[], object]) -> list[str]:
    """The tables that a second look reads, other than those of totals and of the version."""
    seen: list[str] = []
    connection.connection.set_trace_callback(seen.append)
    try:
        read()
    finally:
        connection.connection.set_trace_callback(None)
    return [sql for sql in seen if "FROM tags LEFT JOIN" in sql]


def test_unchanged_tags_are_not_read_again(read: Callable[[], dict[str, LockedTag]]) -> None:
    first = read()
    assert statements(read) == []
    assert list(first) == NAMES
    assert first == {name: lock_tags([name])[name] for name in NAMES}  # few tags are always read


@pytest.mark.parametrize(
    "change",
    [
        lambda: Tag.objects.filter(name=NAMES[3]).update(valid_max=5),
        lambda: connection.cursor().execute("UPDATE tags SET valid_max = 5 WHERE name = %s", [NAMES[3]]),
        lambda: (
            Tag.objects.filter(name=NAMES[3]).delete(),
            Tag.objects.create(name=NAMES[3], valid_min=-9, valid_max=5),
        ),
    ],
)
def test_a_change_counts_at_once(
    read: Callable[[], dict[str, LockedTag]], change: Callable[[], object]
) -> None:
    change()
    assert read()[NAMES[3]].definition.valid_max == 5
    items = [{"tag": name, "timestamp": "2026-01-31T12:00:00Z", "value": 7} for name in NAMES]
    rejected = [outcome.tag for outcome in ingest_readings(items) if outcome.status is Status.REJECTED]
    assert rejected == [NAMES[3]]


@pytest.mark.parametrize(
    "options",
    [
        {"update_conflicts": True, "unique_fields": ["name"], "update_fields": ["valid_max"]},
        {"ignore_conflicts": True},
    ],
    ids=["upsert", "insert or ignore"],
)
def test_the_conflict_clause_of_a_statement_does_not_reach_the_version(
    read: Callable[[], dict[str, LockedTag]], options: dict[str, Any]
) -> None:
    before = tags_version()
    rows = [Tag(name=name, valid_min=-9, valid_max=5) for name in (NAMES[3], "one_more")]
    Tag.objects.bulk_create(rows, **options)
    assert tags_version() not in (before, None)
    assert read()[NAMES[3]].definition.valid_max == (9 if "ignore_conflicts" in options else 5)


def test_what_was_rolled_back_does_not_count(read: Callable[[], dict[str, LockedTag]]) -> None:
    with transaction.atomic():
        Tag.objects.filter(name=NAMES[3]).update(valid_max=5)
        assert read()[NAMES[3]].definition.valid_max == 5
        transaction.set_rollback(True)
    Tag.objects.filter(name=NAMES[4]).update(valid_max=6)
    found = read()
    assert [found[name].definition.valid_max for name in NAMES[3:5]] == [9, 6]


def test_without_its_triggers_the_tags_are_read_each_time(read: Callable[[], dict[str, LockedTag]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER tags_version_update")  # as a migration that makes the table anew
    Tag.objects.filter(name=NAMES[3]).update(valid_max=5)
    assert tags_version() is None
    assert read()[NAMES[3]].definition.valid_max == 5
    track_changes("default")
    assert tags_version() is not None
    assert read()[NAMES[3]].definition.valid_max == 5
    assert statements(read) == []


def test_an_unknown_tag_among_known_ones(read: Callable[[], dict[str, LockedTag]]) -> None:
    assert list(lock_tags([*NAMES, "unknown"])) == NAMES


def test_known_tags_have_the_columns_of_their_definitions(read: Callable[[], dict[str, LockedTag]]) -> None:
    Tag.objects.filter(name=NAMES[1]).update(upper_limit=5, active=False, on_conflict=OnConflict.KEEP_LAST)
    ingest_readings([{"tag": name, "timestamp": "2026-01-31T12:00:00Z", "value": 7} for name in NAMES[2:]])
    Series.objects.filter(tag__name=NAMES[2]).update(raw_from=datetime(1970, 1, 1, tzinfo=UTC))
    read()
    known = lock_columns(NAMES[::-1])
    assert statements(lambda: lock_columns(NAMES)) == []
    own = definition_columns(known.defined)
    for field in fields(DefinitionColumns):
        assert getattr(known.definitions, field.name).tolist() == getattr(own, field.name).tolist()
    assert list(known) == [lock_tags([name])[name] for name in known.names]
    assert sorted(known.names) == NAMES
