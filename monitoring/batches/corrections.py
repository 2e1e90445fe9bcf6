"""Correct batches: header fields, moments and phases, the marks golden and excluded. Nothing is deleted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import find_recipe, locked_batch, recipe_phases
from monitoring.batches.lifecycle import (
    add_phase,
    check_free,
    check_length,
    inoculate,
    not_ahead,
    save,
    within,
)
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch, BatchPhase, BatchState, MomentSource

HEADER_FIELDS = ("name", "product", "strain", "header")
SOURCE_FIELDS = {"start": "start_source", "inoculation": "inoculation_source", "end": "end_source"}
ENDED = (BatchState.COMPLETE, BatchState.ABORTED)
RULE = MomentSource.RULE.value


@contextmanager
def as_seen(pk: int, revision: int | None) -> Iterator[None]:
    """Lock a batch that is still as the caller saw it (None: not asked), for acts inside.

    Raises:
        UnknownBatchError: there is no such batch.
        BatchConflictError: the batch has another revision.
    """
    with locked_batch(pk) as batch:
        if revision is not None and batch.revision != revision:
            raise BatchConflictError(
                f"batch {batch.name} has changed since: it has revision {batch.revision}, not {revision}."
                " Load the batch again, then repeat"
            )
        yield


def edit_batch(pk: int, changes: Mapping[str, Any], *, actor: Actor) -> Batch:
    """Change fields of ``HEADER_FIELDS``, and the recipe by ``recipe`` (empty: none) and ``recipe_version``.

    Without changes, the revision stays.

    Raises:
        UnknownBatchError, BatchInputError: no such batch or recipe; a field is invalid.
        BatchConflictError: the name is used, or the recipe lacks a phase that the batch has had.
    """
    with locked_batch(pk) as batch:
        if Batch.objects.exclude(pk=pk).filter(name=changes.get("name", "")).exists():
            raise BatchConflictError(f"the name {changes['name']!r} is used by another batch")
        for field in HEADER_FIELDS:
            if field in changes:
                setattr(batch, field, changes[field])
        if "recipe" in changes:
            choose_recipe(batch, changes["recipe"], changes.get("recipe_version"), actor)
        if changes:
            save(batch)
    return batch


def choose_recipe(batch: Batch, name: str, version: int | None, actor: Actor) -> None:
    """Set the recipe of a batch; the phases so far must be phases of the recipe.

    The first phase of a batch that is inoculated already began then.

    Raises:
        UnknownBatchError: there is no such recipe.
        BatchConflictError: the recipe lacks a phase.
    """
    batch.recipe = find_recipe(name, version) if name else None
    names = [phase.name for phase in recipe_phases(batch)]
    phases = list(batch.phases.all())
    for phase in phases if names else ():
        if phase.name not in names:
            raise BatchConflictError(f"batch {batch.name} has had phase {phase.name!r}, unknown to {name}")
    if names and not phases and batch.inoculated_at is not None:
        add_phase(batch, names[0], batch.inoculated_at, actor, batch.inoculation_source)
        batch.phases.update(end=batch.end)


def move_moment(
    pk: int, moment: str, at: datetime | None, *, actor: Actor, source: str = MomentSource.PERSON
) -> Batch:
    """Set or correct the time of ``start``, ``inoculation`` or ``end`` (of an ended batch).

    ``at`` None withdraws the inoculation with the first phase, or the end: the batch runs again.

    Raises:
        UnknownBatchError, BatchInputError: no such batch; the time does not fit the other moments.
        BatchConflictError: the batch has no such moment yet, another batch overlaps, or ``source`` is a rule
            and a person or the API has set the moment.
    """
    with locked_batch(pk) as batch:
        if moment not in SOURCE_FIELDS:
            raise BatchInputError(f"expected one of {', '.join(SOURCE_FIELDS)}", "moment")
        refuse_rule(getattr(batch, SOURCE_FIELDS[moment]), source, batch)
        if moment == "start":
            move_start(batch, at, source)
        elif moment == "end":
            move_end(batch, at, source)
        elif at is None:
            withdraw_inoculation(batch)
        else:
            return inoculate(pk, at=at, actor=actor, source=source)
        save(batch)
    return batch


def refuse_rule(present: str, source: str, batch: Batch) -> None:
    """Refuse that a rule moves a moment of a person or of the API.

    Raises:
        BatchConflictError: it would.
    """
    if source == RULE and present not in ("", RULE):
        raise BatchConflictError(f"a person or the API has set this moment of batch {batch.name}")


def move_start(batch: Batch, at: datetime | None, source: str) -> None:
    """Move the start, up to the first moment that follows.

    Raises:
        BatchInputError: the time is missing or not before the next moment.
        BatchConflictError: the batch is planned, or another batch overlaps.
    """
    if batch.start is None:
        raise BatchConflictError(f"batch {batch.name} is planned: start the batch first")
    if at is None:
        raise BatchInputError("expected a time: a batch that has started keeps a start", "start")
    later = [batch.inoculated_at, *(phase.start for phase in batch.phases.all()), batch.end]
    latest = min((time for time in later if time is not None), default=None)
    if latest is not None and at > latest:
        raise BatchInputError(f"expected a time up to {iso_utc(latest)}, the next moment", "start")
    check_length(not_ahead(at, "start"), batch.end or datetime.now(UTC), "start")
    batch.start, batch.start_source = at, source
    check_free(batch.vessel, at, batch.end, but=batch)


def move_end(batch: Batch, at: datetime | None, source: str) -> None:
    """Move the end of an ended batch with that of the last phase; None: the batch runs again.

    Raises:
        BatchInputError: the time is before another moment, or in the future.
        BatchConflictError: the batch has not ended, or another batch overlaps.
    """
    if batch.state not in ENDED or batch.start is None:
        raise BatchConflictError(f"batch {batch.name} is {batch.state}: end the batch instead")
    last = batch.phases.last()
    if at is None:
        reopen(batch)
    else:
        earlier = [batch.start, batch.inoculated_at, last.start if last else None]
        earliest = max(time for time in earlier if time is not None)
        if not_ahead(at, "end") < earliest:
            raise BatchInputError(f"expected a time from {iso_utc(earliest)}, the moment before", "end")
        check_length(batch.start, at, "end")
        batch.end, batch.end_source = at, source
    check_free(batch.vessel, batch.start, at, but=batch)
    if last:
        last.end = at
        last.save()


def reopen(batch: Batch) -> None:
    """Let an ended batch run again.

    Raises:
        BatchConflictError: the batch is golden.
    """
    if batch.is_golden:
        raise BatchConflictError(f"batch {batch.name} is golden: take that mark away first")
    withdraw(batch, "end", batch.end)
    batch.state, batch.end, batch.end_source = BatchState.RUNNING, None, ""
    batch.ended_by = batch.end_reason = ""


def withdraw(batch: Batch, moment: str, at: datetime | None) -> None:
    """Note that a person took a moment back, so that a rule does not set it again."""
    if at is not None:
        batch.withdrawn_moments.create(moment=moment, at=at)


def withdraw_inoculation(batch: Batch) -> None:
    """Take back the inoculation, with the phase that has begun by it.

    Raises:
        BatchConflictError: further phases have begun.
    """
    if batch.phases.count() > 1:
        raise BatchConflictError(f"batch {batch.name} has further phases: remove those first")
    batch.phases.all().delete()
    withdraw(batch, "inoculation", batch.inoculated_at)
    batch.inoculated_at, batch.inoculation_source = None, ""


def move_phase(
    pk: int, position: int, start: datetime, *, actor: Actor, source: str = MomentSource.PERSON
) -> Batch:
    """Move the begin of a phase, and the end of the phase before; that of the first is the inoculation.

    Raises:
        UnknownBatchError, BatchInputError: no such batch or phase; the time is not between the begins of the
            phases before and after, or outside the batch.
        BatchConflictError: ``source`` is a rule, and a person or the API has set the begin.
    """
    with locked_batch(pk) as batch:
        phases = list(batch.phases.all())
        phase = phase_at(phases, position, batch)
        refuse_rule(phase.source, source, batch)
        if position == 1 and batch.inoculated_at is not None:
            return inoculate(pk, at=start, actor=actor, source=source)
        check_between(phases, position, within(batch, start, "start"))
        if position > 1:
            before = phases[position - 2]
            before.end = start
            before.save()
        phase.start, phase.source, phase.by = start, source, actor.by
        phase.save()
        save(batch)
    return batch


def phase_at(phases: list[BatchPhase], position: int, batch: Batch) -> BatchPhase:
    """Return the phase at a position, 1 for the first.

    Raises:
        UnknownBatchError: there is none.
    """
    if not 1 <= position <= len(phases):
        raise UnknownBatchError(f"batch {batch.name} has no phase {position}, but {len(phases)} of them")
    return phases[position - 1]


def check_between(phases: list[BatchPhase], position: int, start: datetime) -> None:
    """Check that a phase would begin after the phase before and before its own end.

    Raises:
        BatchInputError: it would not.
    """
    if position > 1 and start <= phases[position - 2].start:
        raise BatchInputError(
            f"expected a time after phase {phases[position - 2].name!r} begins, at"
            f" {iso_utc(phases[position - 2].start)}",
            "start",
        )
    end = phases[position - 1].end
    if end is not None and (start >= end if position < len(phases) else start > end):
        raise BatchInputError(f"expected a time before the phase ends, at {iso_utc(end)}", "start")


def remove_last_phase(pk: int, position: int | None = None, *, actor: Actor) -> Batch:
    """Take back the last phase, that was begun by mistake: the phase before lasts on.

    Raises:
        UnknownBatchError: no such batch.
        BatchInputError: ``position`` is not that of the last phase.
        BatchConflictError: the batch has no phase, or the first one alone, that the inoculation began.
    """
    del actor
    with locked_batch(pk) as batch:
        phases = list(batch.phases.all())
        if position not in (None, len(phases)):
            raise BatchInputError(f"only the last phase, {len(phases)}, can be taken back", "position")
        if len(phases) <= (batch.inoculated_at is not None):
            raise BatchConflictError(f"batch {batch.name} has no further phase; withdraw the inoculation")
        if len(phases) > 1:
            phases[-2].end = phases[-1].end
            phases[-2].save()
        withdraw(batch, f"phase {phases[-1].name}", phases[-1].start)
        phases[-1].delete()
        save(batch)
    return batch


def confirm(pk: int, moment: str = "", *, position: int | None = None, actor: Actor) -> Batch:
    """Confirm moments that a rule has made, so that late data move them no more.

    ``moment`` is ``start``, ``inoculation``, ``end`` or ``phase`` with a ``position``; empty: all.

    Raises:
        UnknownBatchError, BatchInputError: no such batch, moment or phase.
    """
    with locked_batch(pk) as batch:
        if moment not in ("", "phase", *SOURCE_FIELDS):
            raise BatchInputError(f"expected one of {', '.join(SOURCE_FIELDS)}, phase", "moment")
        for name, field in SOURCE_FIELDS.items():
            if moment in ("", name) and getattr(batch, field) == RULE:
                setattr(batch, field, MomentSource.PERSON)
        confirm_phases(batch, moment, position, actor)
        save(batch)
    return batch


def confirm_phases(batch: Batch, moment: str, position: int | None, actor: Actor) -> None:
    """Confirm the begin of one phase, or of all. The begin of the first follows the inoculation.

    Raises:
        BatchInputError: the position is missing.
        UnknownBatchError: there is no such phase.
    """
    phases = batch.phases.filter(source=RULE)
    if moment == "phase":
        if position is None:
            raise BatchInputError("expected the position of the phase, 1 for the first", "position")
        phases = phases.filter(pk=phase_at(list(batch.phases.all()), position, batch).pk)
    elif moment == "inoculation":
        phases = phases.filter(position=1)
    elif moment:
        return
    for phase in phases:
        phase.source, phase.by = MomentSource.PERSON, actor.by
        phase.save()


def mark_golden(pk: int, is_golden: bool, *, actor: Actor) -> Batch:
    """Mark a batch as golden, for profiles, or take the mark away.

    Raises:
        UnknownBatchError, BatchConflictError: as for ``mark_batch``.
    """
    return mark_batch(pk, is_golden=is_golden, actor=actor)


def mark_batch(
    pk: int, *, is_golden: bool | None = None, excluded_reason: str | None = None, actor: Actor
) -> Batch:
    """Mark a batch as golden, for profiles, or as excluded from comparison (empty reason: included).

    None leaves a mark as it is.

    Raises:
        UnknownBatchError, BatchInputError: no such batch; the reason is too long.
        BatchConflictError: a batch that is not complete, or is excluded, would be golden.
    """
    del actor
    with locked_batch(pk) as batch:
        if is_golden is not None:
            batch.is_golden = is_golden
        if excluded_reason is not None:
            batch.excluded_reason = excluded_reason.strip()
        if batch.is_golden and batch.state != BatchState.COMPLETE:
            raise BatchConflictError(f"batch {batch.name} is {batch.state}; only a complete one is golden")
        if batch.is_golden and batch.excluded_reason:
            raise BatchConflictError(
                f"batch {batch.name} would be golden and excluded ({batch.excluded_reason}): choose one"
            )
        save(batch)
    return batch
