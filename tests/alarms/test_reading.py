"""The list of alarms, the counts for the bar, and the journal, written by the same writer as in the plant."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import transaction

from monitoring.alarms.journal import JournalSelection, read_journal
from monitoring.alarms.reading import (
    STATES,
    AlarmSelection,
    alarms_of_tags,
    changed_alarms,
    count_alarms,
    find_alarm,
    occurrences_of,
    read_alarms,
    read_counts,
)
from monitoring.alarms.state_machine import Act, State, state_of
from monitoring.alarms.stored_status import status_of
from monitoring.alarms.wording import cause_of
from monitoring.alarms.writing import AlarmWriter, alarm_transaction, load_alarms
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import to_micros
from monitoring.models import AlarmDefinition, AlarmJournalEntry, AlarmOccurrence, AlarmState, Tag

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ANNA = Actor("anna", via="api")


def define(tag: str, kind: str, **fields: object) -> AlarmDefinition:
    return AlarmDefinition.objects.create(tag=Tag.objects.get(name=tag), kind=kind, **fields)


def do(definition: AlarmDefinition, *acts: Act, at: datetime = NOW, value: float | None = None) -> None:
    with alarm_transaction():
        alarm, writer = load_alarms([definition])[definition.pk], AlarmWriter(at)
        for act in acts:
            writer.act(alarm, act, ANNA, at_us=to_micros(at), value=value)
        writer.save()


@pytest.fixture
def high() -> AlarmDefinition:
    return define("fermenter_temp", "H", setpoint=45)


def test_an_active_alarm_is_on_the_list_with_its_condition(high: AlarmDefinition) -> None:
    do(high, Act.ACTIVE, value=46.5)
    (alarm,) = read_alarms(AlarmSelection(), limit=10)
    assert (alarm.name, alarm.title, alarm.state) == ("fermenter_temp", "High", State.UNACKNOWLEDGED)
    assert (alarm.active_at, alarm.peak, alarm.cleared_at) == (NOW, 46.5, None)
    assert find_alarm(high.pk) == alarm


def test_first_what_waits_for_a_person_then_by_priority_then_the_newest(high: AlarmDefinition) -> None:
    low = define("fermenter_ph", "L", priority="critical")
    other = define("agitator_rpm", "H")
    later = define("agitator_rpm", "L")
    do(low, Act.ACTIVE)
    do(low, Act.ACKNOWLEDGE)
    do(high, Act.ACTIVE)
    do(other, Act.ACTIVE, at=NOW - timedelta(minutes=1))
    do(later, Act.ACTIVE, at=NOW + timedelta(minutes=1))
    assert [each.id for each in read_alarms(AlarmSelection(), limit=10)] == [
        *(later.pk, high.pk, other.pk),
        low.pk,
    ]
    assert alarms_of_tags(["agitator_rpm", "fermenter_ph"]).keys() == {"agitator_rpm", "fermenter_ph"}


def test_an_alarm_that_is_over_and_acknowledged_leaves_the_list(high: AlarmDefinition) -> None:
    do(high, Act.ACTIVE)
    do(high, Act.RETURN, at=NOW + timedelta(minutes=3))
    (alarm,) = read_alarms(AlarmSelection(), limit=10)
    assert (alarm.state, alarm.cleared_at) == (State.RETURNED, NOW + timedelta(minutes=3))
    do(high, Act.ACKNOWLEDGE, at=NOW + timedelta(minutes=4))
    assert read_alarms(AlarmSelection(), limit=10) == []
    (occurrence,) = occurrences_of(high.pk, limit=10)
    assert (occurrence["acknowledged_by"], occurrence["cleared_at"]) == ("anna", "2026-01-31T12:03:00Z")


def test_the_counts_of_the_bar(high: AlarmDefinition) -> None:
    shelved = define("agitator_rpm", "H")
    do(high, Act.ACTIVE)
    do(shelved, Act.SHELVE)
    counts = read_counts()
    assert counts.unseen == {"critical": 0, "high": 0, "medium": 1, "low": 0}
    assert (counts.shelved, counts.suppressed) == (1, 0)
    assert counts.newest is not None
    assert counts.newest.id == high.pk
    assert [alarm.id for alarm in changed_alarms(after=0, limit=10)] == [high.pk, shelved.pk]
    assert changed_alarms(after=counts.revision, limit=10) == []


def test_an_alarm_that_comes_again_is_a_new_occurrence(high: AlarmDefinition) -> None:
    do(high, Act.ACTIVE)
    do(high, Act.RETURN, at=NOW + timedelta(minutes=1))
    do(high, Act.ACTIVE, at=NOW + timedelta(minutes=2))
    assert len(occurrences_of(high.pk, limit=10)) == 2
    do(high, Act.ACKNOWLEDGE, at=NOW + timedelta(minutes=3))  # covers the older one, too
    assert [each["acknowledged_by"] for each in occurrences_of(high.pk, limit=10)] == ["anna", "anna"]


def test_an_occurrence_may_be_more_urgent_than_its_definition(high: AlarmDefinition) -> None:
    bad = define("agitator_rpm", "BAD")
    do(high, Act.ACTIVE)
    do(bad, Act.ACTIVE, at=NOW - timedelta(minutes=1))
    AlarmOccurrence.objects.filter(definition=bad).update(
        priority="high", details={"cause": "rejected readings"}
    )
    first, _ = read_alarms(AlarmSelection(), limit=10)
    assert (first.id, first.priority) == (bad.pk, "high")
    assert first.condition == "3 or more readings rejected within 60 s"
    assert read_counts().unseen == {"critical": 0, "high": 1, "medium": 1, "low": 0}
    assert [alarm.id for alarm in read_alarms(AlarmSelection(priorities=["high"]), limit=10)] == [bad.pk]
    do(bad, Act.RETURN, Act.ACKNOWLEDGE)
    assert find_alarm(bad.pk).priority == "medium"


def test_a_common_cause_lists_its_tags() -> None:
    tags = [f"tag_{number}" for number in range(7)]
    assert cause_of({"tags": tags}) == "7 tags: tag_0, tag_1, tag_2, tag_3, tag_4 and others"
    assert cause_of({"text": "The disk is full."}) == "The disk is full."
    assert cause_of({}) == ""


def test_two_occurrences_at_one_time_are_set_apart(high: AlarmDefinition) -> None:
    """A clock that is set back, or a source that repeats times, must not stop the evaluator."""
    do(high, Act.ACTIVE, Act.RETURN)
    do(high, Act.ACTIVE)
    times = [each["active_at"] for each in occurrences_of(high.pk, limit=10)]
    assert times == ["2026-01-31T12:00:00.000001Z", "2026-01-31T12:00:00Z"]


def test_the_journal_has_each_act_page_by_page(high: AlarmDefinition) -> None:
    do(high, Act.ACTIVE, Act.ACKNOWLEDGE)
    do(high, Act.RETURN, at=NOW + timedelta(minutes=1))
    first = read_journal(JournalSelection(tags=["fermenter_temp"]), limit=2)
    assert [(entry.act, entry.from_state, entry.to_state) for entry in first.entries] == [
        ("return", "ACKED", "NORM"),
        ("acknowledge", "UNACK", "ACKED"),
    ]
    rest = read_journal(JournalSelection(tags=["fermenter_temp"]), limit=2, after=first.next)
    assert [(entry.act, entry.by, entry.kind) for entry in rest.entries] == [("active", "anna", "H")]
    assert rest.next is None


@pytest.mark.parametrize("change", ["update", "delete"])
def test_no_line_of_the_journal_changes_or_goes(high: AlarmDefinition, change: str) -> None:
    do(high, Act.ACTIVE)
    lines = AlarmJournalEntry.objects.all()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        lines.update(by="nobody") if change == "update" else lines._raw_delete(lines.db)
    assert lines.get().by == "anna"


@pytest.mark.parametrize("act", [(), (Act.ACTIVE,), (Act.ACTIVE, Act.RETURN), (Act.SHELVE,), (Act.TAKE_OUT,)])
def test_sql_and_python_derive_the_same_state(high: AlarmDefinition, act: tuple[Act, ...]) -> None:
    do(high, *act)
    AlarmState.objects.get_or_create(definition=high)
    row = AlarmState.objects.get()
    assert [state for state, where in STATES.items() if AlarmState.objects.filter(where)] == [
        state_of(status_of(row))
    ]


def test_all_alarms_include_those_without_a_row_of_state_page_by_page(
    high: AlarmDefinition, django_assert_max_num_queries: Any
) -> None:
    do(high, Act.ACTIVE)
    define("agitator_rpm", "HH", priority="low", alarm_class="quality")
    first = define("fermenter_ph", "LL", priority="critical")
    everything = AlarmSelection(states=())
    defined = AlarmDefinition.objects.count()
    with django_assert_max_num_queries(4):
        rows = read_alarms(everything, limit=1000)
    assert len({alarm.id for alarm in rows}) == len(rows) == count_alarms(everything) == defined
    assert [alarm.id for alarm in rows[:2]] == [high.pk, first.pk]
    assert {alarm.state for alarm in rows[1:]} == {State.NORMAL}
    pages = [read_alarms(everything, limit=2, offset=offset) for offset in range(0, defined, 2)]
    assert [alarm.id for page in pages for alarm in page] == [alarm.id for alarm in rows]
    only = AlarmSelection(states=[State.NORMAL], priorities=["low"], alarm_class="quality")
    assert [(alarm.name, alarm.kind) for alarm in read_alarms(only, limit=10)] == [("agitator_rpm", "HH")]
    assert count_alarms(AlarmSelection(states=[State.UNACKNOWLEDGED])) == 1
    assert count_alarms(AlarmSelection(states=(), after_revision=0)) == 1


def test_a_tag_has_its_most_urgent_alarm_however_many_it_has(high: AlarmDefinition) -> None:
    others = [define("fermenter_temp", f"EVENT:{number}", priority="low") for number in range(25)]
    for each in [*others, define("fermenter_ph", "H", priority="low")]:
        do(each, Act.ACTIVE)
    do(high, Act.ACTIVE)
    found = alarms_of_tags(["fermenter_temp", "fermenter_ph", "agitator_rpm"])
    assert {tag: alarm.kind for tag, alarm in found.items()} == {"fermenter_temp": "H", "fermenter_ph": "H"}
