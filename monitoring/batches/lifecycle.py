"""Conduct batches: plan, start, inoculate, move to the next phase, end, abort. Each act locks the vessel."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from monitoring.batches.errors import BatchConflictError, BatchInputError
from monitoring.batches.finding import (
    find_recipe,
    locked_batch,
    locked_vessel,
    newest_profile,
    recipe_phases,
)
from monitoring.batches.json_fields import checked_header
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch, BatchPhase, BatchState, MomentSource, Vessel

AHEAD = timedelta(minutes=5)  # clocks of clients may differ by that
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch to start, or to plan. An empty name is made of vessel and start; ``start`` None: now.

    With ``end``, the batch is a past one: complete, and possibly older than others of the vessel.
    """

    vessel: str
    name: str = ""
    recipe: str = ""
    recipe_version: int | None = None
    product: str = ""
    strain: str = ""
    header: dict[str, Any] = field(default_factory=dict)
    start: datetime | None = None
    end_previous: bool = False
    source: str = MomentSource.PERSON
    inoculated_at: datetime | None = None
    end: datetime | None = None


def start_batch(new: NewBatch, *, actor: Actor) -> Batch:
    """Start a batch.

    Raises:
        UnknownBatchError: no such vessel or recipe.
        BatchInputError: a time lies in the future, or the times are not in order.
        BatchConflictError: the name is used, or another batch of the vessel overlaps.
    """
    start = not_ahead(new.start or datetime.now(UTC), "start")
    with locked_vessel(new.vessel) as vessel:
        if new.end_previous:
            end_previous(vessel, start, actor=actor, source=new.source)
        check_free(vessel, start, new.end)
        batch = unsaved(new, vessel, new.name or f"{vessel.name}-{start:%Y%m%d-%H%M%S}")
        begin(batch, start, actor, new.source, new.end)
        if new.inoculated_at is not None:
            time = within(batch, new.inoculated_at, "inoculated_at")
            batch = inoculate(batch.pk, at=time, actor=actor, source=new.source)
    return batch


def plan_batch(new: NewBatch, *, actor: Actor) -> Batch:
    """Store a batch to be started later.

    Raises:
        UnknownBatchError, BatchConflictError: as for ``start_batch``, but nothing can overlap.
        BatchInputError: the name is empty.
    """
    if not new.name:
        raise BatchInputError("a planned batch needs a name", "name")
    with locked_vessel(new.vessel) as vessel:
        batch = unsaved(new, vessel, new.name)
        batch.state = BatchState.PLANNED
        save(batch)
    return batch


def start_planned(
    pk: int, *, at: datetime | None, actor: Actor, end_previous_too: bool = False, source: str = "person"
) -> Batch:
    """Start a planned batch.

    Raises:
        UnknownBatchError, BatchInputError, BatchConflictError: as for ``start_batch``.
    """
    start = not_ahead(at or datetime.now(UTC), "at")
    with locked_batch(pk) as batch:
        if batch.state != BatchState.PLANNED:
            raise BatchConflictError(f"batch {batch.name} is {batch.state}; only a planned batch starts")
        if end_previous_too:
            end_previous(batch.vessel, start, actor=actor, source=source)
        check_free(batch.vessel, start, None, but=batch)
        batch.state = BatchState.RUNNING
        begin(batch, start, actor, source)
    return batch


def unsaved(new: NewBatch, vessel: Vessel, name: str) -> Batch:
    """Return the batch with its header.

    Raises:
        BatchConflictError: the name is used.
    """
    if Batch.objects.filter(name=name).exists():
        raise BatchConflictError(f"the name {name!r} is used by another batch: choose another one")
    recipe = find_recipe(new.recipe, new.recipe_version) if new.recipe else None
    texts = {"product": new.product, "strain": new.strain, "header": new.header}
    return Batch(vessel=vessel, recipe=recipe, name=name, **texts)


def begin(batch: Batch, start: datetime, actor: Actor, source: str, end: datetime | None = None) -> None:
    """Store the start, and the end of a past batch. The newest profile of the recipe judges the batch."""
    batch.start, batch.start_source, batch.started_by = start, source, actor.by
    batch.profile = batch.profile or newest_profile(batch.recipe)
    if end is None:
        save(batch)
        return
    if not_ahead(end, "end") <= start:
        raise BatchInputError("expected a time after the start", "end")
    check_length(start, end, "end")
    finish(batch, end, actor=actor, source=source)


def check_length(start: datetime, end: datetime, field: str) -> None:
    """Check that a batch is not longer than ``LONGEST``: a wrong year would load years of minutes.

    Raises:
        BatchInputError: it is.
    """
    if end - start > LONGEST:
        raise BatchInputError(f"expected a batch of at most {LONGEST.days} days, from start to end", field)


def inoculate(pk: int, *, at: datetime | None, actor: Actor, source: str = MomentSource.PERSON) -> Batch:
    """Set or correct the time of the inoculation; the first phase of the recipe begins then.

    Raises:
        UnknownBatchError, BatchInputError: no such batch; the time is outside the batch, or after the
            begin of the second phase.
        BatchConflictError: the batch has not started.
    """
    with locked_batch(pk) as batch:
        time = within(batch, at or datetime.now(UTC), "at")
        phases = list(batch.phases.all())
        if len(phases) > 1 and time >= phases[1].start:
            raise BatchInputError(f"expected a time before phase {phases[1].name!r} begins", "at")
        batch.inoculated_at, batch.inoculation_source = time, source
        save(batch)
        if phases:
            phases[0].start, phases[0].source, phases[0].by = time, source, actor.by
            phases[0].save()
        elif first := recipe_phases(batch)[:1]:
            add_phase(batch, first[0].name, time, actor, source)
            batch.phases.update(end=batch.end)
    return batch


def enter_phase(
    pk: int, name: str = "", *, at: datetime | None, actor: Actor, source: str = MomentSource.PERSON
) -> Batch:
    """End the present phase and begin another: the one of this name, or the next of the recipe.

    Raises:
        UnknownBatchError, BatchInputError: no such batch or phase; the time is not after the present phase's
            begin, or outside the batch.
        BatchConflictError: the batch does not run, or the recipe has no further phase.
    """
    with locked_batch(pk) as batch:
        if batch.state != BatchState.RUNNING:
            raise BatchConflictError(f"batch {batch.name} is {batch.state}; only a running batch moves on")
        time = within(batch, at or datetime.now(UTC), "at")
        present = batch.phases.last()
        if present and time <= present.start:
            raise BatchInputError(f"expected a time after the begin of phase {present.name!r}", "at")
        new = chosen_phase(batch, name, present)
        if present:
            present.end = time
            present.save()
        add_phase(batch, new, time, actor, source)
        save(batch)
    return batch


def chosen_phase(batch: Batch, name: str, present: BatchPhase | None) -> str:
    """Return the name of the phase to begin.

    Raises:
        BatchInputError: the recipe has no such phase, or without a recipe no name is given.
        BatchConflictError: the recipe has no further phase.
    """
    names = [phase.name for phase in recipe_phases(batch)]
    if name:
        if names and name not in names:
            raise BatchInputError(f"expected a phase of the recipe: {', '.join(names)}", "phase")
        return name
    if not names:
        raise BatchInputError("the batch has no recipe: name the phase", "phase")
    later = names[names.index(present.name) + 1 :] if present and present.name in names else names
    if not later:
        raise BatchConflictError(f"{names[-1]!r} is the last phase of the recipe: end the batch instead")
    return later[0]


def end_batch(
    pk: int,
    *,
    at: datetime | None,
    actor: Actor,
    is_aborted: bool = False,
    reason: str = "",
    source: str = MomentSource.PERSON,
) -> Batch:
    """End a running batch, as complete or aborted.

    Raises:
        UnknownBatchError, BatchInputError: no such batch; the time is outside the batch; an abortion
            without a reason.
        BatchConflictError: the batch does not run.
    """
    if is_aborted and not reason.strip():
        raise BatchInputError("tell why the batch is aborted", "reason")
    with locked_batch(pk) as batch:
        if batch.state != BatchState.RUNNING:
            raise BatchConflictError(f"batch {batch.name} is {batch.state}; only a running batch ends")
        time = within(batch, at or datetime.now(UTC), "at")
        finish(batch, time, actor=actor, source=source, is_aborted=is_aborted, reason=reason)
    return batch


def end_previous(vessel: Vessel, at: datetime, *, actor: Actor, source: str) -> None:
    """End the running batch of a locked vessel, if any and if it started before ``at``."""
    running = vessel.batches.filter(state=BatchState.RUNNING, start__lt=at).first()
    if running is not None:
        within(running, at, "start")
        finish(running, at, actor=actor, source=source)


def finish(
    batch: Batch, at: datetime, *, actor: Actor, source: str, is_aborted: bool = False, reason: str = ""
) -> None:
    """Store the end of a batch and of its present phase."""
    batch.state = BatchState.ABORTED if is_aborted else BatchState.COMPLETE
    batch.end, batch.end_source, batch.ended_by, batch.end_reason = at, source, actor.by, reason
    if batch.pk:
        batch.phases.filter(end=None).update(end=at)
    save(batch)


def check_free(vessel: Vessel, start: datetime, end: datetime | None, *, but: Batch | None = None) -> None:
    """Check that no other batch of the locked vessel overlaps [start, end).

    Raises:
        BatchConflictError: one does; the message names it.
    """
    others = vessel.batches.exclude(state=BatchState.PLANNED)
    others = others.exclude(pk=but.pk) if but else others
    touches = Q(end=None) | Q(end__gt=start)
    found = (others.filter(touches, start__lt=end) if end else others.filter(touches)).first()
    if found is None:
        return
    if found.end is None and found.start is not None:
        raise BatchConflictError(
            f"vessel {vessel.name} runs batch {found.name} since {iso_utc(found.start)}:"
            " end that batch first, or send end_previous"
        )
    raise BatchConflictError(f"batch {found.name} of vessel {vessel.name} overlaps: choose other times")


def within(batch: Batch, time: datetime, field: str) -> datetime:
    """Return the time, if inside the batch and after the begin of all phases but the first.

    Raises:
        BatchInputError: it is not.
        BatchConflictError: the batch has not started.
    """
    if batch.start is None:
        raise BatchConflictError(f"batch {batch.name} is planned: start the batch first")
    not_ahead(time, field)
    if not batch.start <= time <= (batch.end or datetime.now(UTC) + AHEAD):
        until = f" to {iso_utc(batch.end)}" if batch.end else " on"
        raise BatchInputError(f"expected a time of the batch: from {iso_utc(batch.start)}{until}", field)
    return time


def not_ahead(time: datetime, field: str) -> datetime:
    """Return the time.

    Raises:
        BatchInputError: it lies in the future.
    """
    if time > datetime.now(UTC) + AHEAD:
        raise BatchInputError("expected a time that is not in the future", field)
    return time


def add_phase(batch: Batch, name: str, start: datetime, actor: Actor, source: str) -> None:
    """Add a phase that lasts, behind the others."""
    position = batch.phases.count() + 1
    batch.phases.create(position=position, name=name, start=start, source=source, by=actor.by)


def save(batch: Batch) -> None:
    """Store the batch with a new revision.

    Raises:
        BatchInputError: a field is invalid.
        BatchConflictError: a batch of another vessel was stored with the same name at once.
    """
    batch.header = checked_header(batch.header)
    batch.revision += 1 if batch.pk else 0
    batch.changed_at = datetime.now(UTC)
    try:
        batch.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise BatchInputError(" ".join(messages), name) from error
    try:
        with transaction.atomic():
            batch.save()
    except IntegrityError as error:
        raise BatchConflictError(f"another batch got the name {batch.name!r} just now") from error
