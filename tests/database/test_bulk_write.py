"""Many rows by one prepared statement: the same rows as by Django's own statements."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.database.bulk_write import insert_keyed_rows, insert_rows, update_rows, upsert_rows
from monitoring.models import AlarmDefinition, AlarmJournalEntry, AlarmOccurrence, AlarmState, Tag

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 31, 12, 0, 0, 250, tzinfo=UTC)


@pytest.fixture
def definitions() -> list[AlarmDefinition]:
    tag = Tag.objects.get(name="fermenter_temp")
    return [AlarmDefinition.objects.create(tag=tag, kind=kind) for kind in ("HH", "LL")]


def test_updated_rows_keep_their_other_fields(
    definitions: list[AlarmDefinition], django_assert_num_queries: Any
) -> None:
    rows = [
        AlarmOccurrence.objects.create(definition=each, active_at=NOON, noticed_at=NOON, value=1.5, peak=2.5)
        for each in definitions
    ]
    for place, row in enumerate(rows):
        row.cleared_at, row.details = NOON + timedelta(seconds=place), {"tags": ["µ", place]}
        row.value, row.peak = 7.0, None
    with django_assert_num_queries(1):
        update_rows(rows, {"cleared_at", "details", "peak"})
    stored = AlarmOccurrence.objects.order_by("id").values_list("cleared_at", "details", "value", "peak")
    assert list(stored) == [
        (NOON, {"tags": ["µ", 0]}, 1.5, None),
        (NOON + timedelta(seconds=1), {"tags": ["µ", 1]}, 1.5, None),
    ]


def test_upserted_rows_are_inserted_or_replaced(definitions: list[AlarmDefinition]) -> None:
    first, second = definitions
    AlarmState.objects.create(definition=first, revision=1, suppressed_by="anna")
    upsert_rows(
        [
            AlarmState(definition=first, is_active=True, outside_since=NOON, revision=2),
            AlarmState(definition=second, revision=3),
        ]
    )
    columns = ("definition", "is_active", "outside_since", "suppressed_by", "revision")
    assert list(AlarmState.objects.order_by("revision").values_list(*columns)) == [
        (first.pk, True, NOON, "", 2),
        (second.pk, False, None, "", 3),
    ]


def test_inserted_rows_get_keys_in_their_order() -> None:
    lines = [
        AlarmJournalEntry(at=NOON, noticed_at=NOON, act=act, via="api", changes=changes)
        for act, changes in (("active", None), ("return", {"setpoint": [45, 46]}))
    ]
    insert_rows(lines)
    stored = AlarmJournalEntry.objects.order_by("id").values_list("at", "act", "changes", "value")
    assert list(stored) == [(NOON, "active", None, None), (NOON, "return", {"setpoint": [45, 46]}, None)]
    for write in (insert_rows, insert_keyed_rows, upsert_rows, lambda rows: update_rows(rows, {"act"})):
        write([])
    assert AlarmJournalEntry.objects.count() == 2


def test_rows_get_keys_that_no_row_has_had(definitions: list[AlarmDefinition]) -> None:
    def occurrences(minute: int) -> list[AlarmOccurrence]:
        at = NOON + timedelta(minutes=minute)
        return [AlarmOccurrence(definition=each, active_at=at, noticed_at=at) for each in definitions]

    first, second = occurrences(0), occurrences(1)
    insert_keyed_rows(first)
    last = first[-1].pk
    AlarmOccurrence.objects.filter(pk=last).delete()
    insert_keyed_rows(second)
    third = occurrences(2)[0]
    third.save()
    assert [row.pk for row in second] == [last + 1, last + 2]
    assert third.pk == last + 3
    stored = AlarmOccurrence.objects.in_bulk([row.pk for row in second])
    assert [stored[row.pk].definition_id for row in second] == [each.pk for each in definitions]
