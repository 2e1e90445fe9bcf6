"""Write states, occurrences and journal of alarms together, one writer at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from monitoring.alarms.definition import InForce
from monitoring.alarms.resolving import resolved_now
from monitoring.alarms.state_machine import Act, State, Status, Transition, state_of, transition
from monitoring.alarms.stored_status import set_status, status_of
from monitoring.database.bulk_write import insert_keyed_rows, insert_rows, update_rows, upsert_rows
from monitoring.database.leases import STOPPED_AFTER, limit_standstill
from monitoring.database.write_lock import write_lock
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import MICROSECOND, from_micros, to_micros
from monitoring.kernel.lease_names import ALARMS
from monitoring.live.publish import publish
from monitoring.models import (
    AlarmDefinition,
    AlarmDefinitionVersion,
    AlarmJournalEntry,
    AlarmOccurrence,
    AlarmState,
    Lease,
)

OCCURRENCE_CHANGES = frozenset(
    {"cleared_at", "acknowledged_at", "acknowledged_by", "via", "peak", "rating", "details", "priority"}
)


@dataclass(slots=True)
class Alarm:
    """A definition in force with its row of state."""

    definition: AlarmDefinition
    in_force: InForce
    state: AlarmState

    @property
    def status(self) -> Status:
        """Return the fields that transitions depend on."""
        return status_of(self.state)


@contextmanager
def alarm_transaction() -> Iterator[None]:
    """Exclude all other writers of alarms until the transaction ends, on this and on other machines."""
    with write_lock(), transaction.atomic():
        limit_standstill(STOPPED_AFTER)
        Lease.objects.get_or_create(source=ALARMS)
        Lease.objects.select_for_update().get(source=ALARMS)
        yield


def load_alarms(definitions: Sequence[AlarmDefinition]) -> dict[int, Alarm]:
    """Return the alarms of these definitions, by the definition's id, with the versions now in force."""
    keys = [definition.pk for definition in definitions]
    states = AlarmState.objects.select_related("occurrence").in_bulk(keys)
    newest = AlarmDefinitionVersion.objects.filter(definition__in=keys).order_by("definition", "version")
    versions = {version.definition_id: InForce.from_json(version.fields) for version in newest}
    return {
        definition.pk: Alarm(
            definition,
            versions.get(definition.pk) or resolved_now(definition),
            states.get(definition.pk) or AlarmState(definition=definition),
        )
        for definition in definitions
    }


class AlarmWriter:
    """Collect the acts of one transaction, and write them in a few statements.

    Use within ``alarm_transaction``, or a transaction that holds the alarms' lease; call ``save`` last.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._states: dict[int, AlarmState] = {}
        self._made: list[tuple[AlarmState, AlarmOccurrence]] = []
        self._changed: dict[int, AlarmOccurrence] = {}
        self._journal: list[tuple[AlarmJournalEntry, AlarmOccurrence | None]] = []

    def act(
        self,
        alarm: Alarm,
        act: Act,
        actor: Actor,
        *,
        at_us: int | None = None,
        value: float | None = None,
        reason: str = "",
        comment: str = "",
        is_one_shot: bool = False,
        details: dict[str, Any] | None = None,
        changes: dict[str, Any] | None = None,
    ) -> Transition:
        """Apply an act to the alarm; record the occurrence and the line of the journal.

        ``at_us`` is the time of the act in the data (None: now).

        Raises:
            NotAllowedError: the alarm's state does not allow the act.
        """
        before = state_of(alarm.status)
        found = transition(alarm.status, act, alarm.in_force.rules, is_one_shot=is_one_shot)
        if not found.is_recorded:
            return found
        at = self.now if at_us is None else from_micros(at_us)
        lasting = alarm.state.occurrence
        if lasting is not None and lasting.cleared_at is None:
            at = max(at, lasting.active_at)  # times of data and of the server may differ
        set_status(alarm.state, found.status)
        self._note_occurrence(alarm, act, found, at=at, value=value, actor=actor, details=details or {})
        self.note(alarm)
        self.record(
            alarm,
            act,
            actor,
            at=at,
            states=(before, state_of(found.status)),
            value=value,
            reason=reason,
            comment=comment,
            changes=changes,
        )
        return found

    def has_made(self, definition: int, begin: datetime, end: datetime) -> bool:
        """Return whether an occurrence of this transaction overlaps the time from begin to end."""
        return any(
            made.definition_id == definition
            and made.active_at <= end
            and (made.cleared_at is None or made.cleared_at >= begin)
            for _, made in self._made
        )

    def note(self, alarm: Alarm) -> None:
        """Write the alarm's row of state with the others."""
        self._states[alarm.definition.pk] = alarm.state

    def note_occurrence(self, occurrence: AlarmOccurrence) -> None:
        """Write a changed occurrence with the others."""
        if occurrence.pk is not None:
            self._changed[occurrence.pk] = occurrence

    def record(
        self,
        alarm: Alarm,
        act: str,
        actor: Actor,
        *,
        at: datetime | None = None,
        states: tuple[State, State] | None = None,
        value: float | None = None,
        reason: str = "",
        comment: str = "",
        changes: dict[str, Any] | None = None,
        occurrence: AlarmOccurrence | None = None,
    ) -> None:
        """Add a line to the journal, about the newest occurrence unless another one is given."""
        definition = alarm.definition
        state = state_of(alarm.status)
        before, after = states or (state, state)
        entry = AlarmJournalEntry(
            at=at or self.now,
            noticed_at=self.now,
            act=str(act),
            definition_id=definition.pk,  # assigning the row itself takes several times as long
            tag=definition.tag.name if definition.tag else "",
            group=definition.group_name,
            kind=definition.kind,
            priority=alarm.in_force.priority,
            by=actor.by,
            via=actor.via,
            address=actor.address,
            from_state=str(before),
            to_state=str(after),
            value=value,
            reason=reason,
            comment=comment,
            changes=changes,
        )
        self._journal.append((entry, occurrence or alarm.state.occurrence))

    def save(self) -> None:
        """Write all, and wake the readers of the feed after the commit."""
        if not (self._states or self._journal or self._changed or self._made):
            return
        self._set_apart()
        insert_keyed_rows([made for _, made in self._made])
        for state, made in self._made:
            state.occurrence = made
        self._save_states()
        update_rows(list(self._changed.values()), OCCURRENCE_CHANGES)
        for entry, occurrence in self._journal:
            entry.occurrence = occurrence.pk if occurrence else None
        insert_rows([entry for entry, _ in self._journal])
        publish()

    def _set_apart(self) -> None:
        """Move an occurrence by a microsecond if the alarm has one at that time: a clock may be set back."""
        made = [made for _, made in self._made]
        rows = AlarmOccurrence.objects.filter(
            definition__in={each.definition_id for each in made},
            active_at__in={each.active_at for each in made},
        )
        taken = set(rows.values_list("definition", "active_at")) if made else set()
        for each in made:
            while (each.definition_id, each.active_at) in taken:
                each.active_at += MICROSECOND
                if AlarmOccurrence.objects.filter(
                    definition=each.definition_id, active_at=each.active_at
                ).exists():
                    taken.add((each.definition_id, each.active_at))
            taken.add((each.definition_id, each.active_at))

    def _save_states(self) -> None:
        newest = AlarmState.objects.aggregate(newest=Max("revision"))["newest"] or 0
        first = max(to_micros(self.now), newest + 1)
        for offset, state in enumerate(self._states.values()):
            state.revision = first + offset
        upsert_rows(list(self._states.values()))

    def _note_occurrence(
        self,
        alarm: Alarm,
        act: Act,
        found: Transition,
        *,
        at: datetime,
        value: float | None,
        actor: Actor,
        details: dict[str, Any],
    ) -> None:
        state, open_one = alarm.state, alarm.state.occurrence
        if found.annunciates or act is Act.ACTIVE:
            event = None
            if open_one is not None and open_one.cleared_at is None and act is not Act.ACTIVE:
                open_one.cleared_at = at  # replaced by the occurrence that asks again
                self.note_occurrence(open_one)
                details, event = details or open_one.details, open_one.event_id
            made = AlarmOccurrence(
                definition_id=alarm.definition.pk,
                active_at=at,
                noticed_at=self.now,
                value=value,
                peak=value,
                setpoint=alarm.in_force.setpoint,
                priority=alarm.in_force.priority,
                is_annunciated=found.annunciates,
                details=details,
                event_id=event,
            )
            state.occurrence = made
            self._made.append((state, made))
            if found.annunciates:  # the time to ask again counts from here
                state.acknowledged_at = self.now if found.status.is_acknowledged else None
        elif act in {Act.RETURN, Act.DISABLE} and open_one is not None and open_one.cleared_at is None:
            open_one.cleared_at = at
            self.note_occurrence(open_one)
        elif act is Act.ACKNOWLEDGE and open_one is not None:
            state.acknowledged_at = self.now
            self._acknowledge(alarm.definition, open_one, actor)

    def _acknowledge(self, definition: AlarmDefinition, newest: AlarmOccurrence, actor: Actor) -> None:
        """Acknowledge the occurrence and all older open ones."""
        waiting = AlarmOccurrence.objects.filter(
            definition=definition, acknowledged_at=None, is_annunciated=True, active_at__lte=newest.active_at
        )
        newest.acknowledged_at, newest.acknowledged_by, newest.via = self.now, actor.by, actor.via
        waiting.update(acknowledged_at=self.now, acknowledged_by=actor.by, via=actor.via)
