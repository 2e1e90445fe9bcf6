"""Store moments that rules have found. The caller has locked the vessel."""

from monitoring.batches.lifecycle import NewBatch, begin, check_free, save, unsaved
from monitoring.batches.rules.moments import BatchMoments, RuledMoment
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import from_micros, micros_or_none, moment_or_none
from monitoring.models import Batch, BatchPhase, BatchState, MomentSource, Vessel

RULE = Actor("rule", "rule")


def differs(stored: BatchMoments, found: BatchMoments) -> bool:
    """Return whether a moment of a batch has another time."""
    return times(stored) != times(found)


def times(batch: BatchMoments) -> tuple[object, ...]:
    """Return all times of a batch."""
    moments = (at_us(batch.start), at_us(batch.inoculation), at_us(batch.end))
    return (*moments, *((phase.name, phase.at_us) for phase in batch.phases))


def at_us(moment: RuledMoment | None) -> int | None:
    """Return the time of a moment."""
    return moment.at_us if moment else None


def add_batch(vessel: Vessel, found: BatchMoments, recipe: str) -> Batch:
    """Store a batch that a rule starts.

    Raises:
        BatchConflictError: another batch of the vessel overlaps.
        UnknownBatchError: there is no such recipe.
    """
    start = from_micros(found.start.at_us)
    check_free(vessel, start, moment_or_none(at_us(found.end)))
    batch = unsaved(
        NewBatch(vessel.name, recipe=recipe), vessel, free_name(f"{vessel.name}-{start:%Y%m%d-%H%M%S}")
    )
    begin(batch, start, RULE, MomentSource.RULE)
    if found.inoculation or found.phases or found.end:
        change_batch(batch, found)
    return batch


def free_name(name: str) -> str:
    """Return the name, or with a number if used: late data may have moved the batch that was named so."""
    number = 1
    free = name
    while Batch.objects.filter(name=free).exists():
        number += 1
        free = f"{name}-{number}"
    return free


def change_batch(batch: Batch, found: BatchMoments) -> None:
    """Store the moments of a batch that have changed, with the rule as their source."""
    if found.start.at_us != micros_or_none(batch.start):
        batch.start, batch.start_source = from_micros(found.start.at_us), MomentSource.RULE
    if at_us(found.inoculation) != micros_or_none(batch.inoculated_at):
        batch.inoculated_at = moment_or_none(at_us(found.inoculation))
        batch.inoculation_source = MomentSource.RULE if found.inoculation else ""
    if at_us(found.end) != micros_or_none(batch.end):
        put_end(batch, found.end)
    put_phases(batch, found)
    save(batch)


def put_end(batch: Batch, end: RuledMoment | None) -> None:
    """Set the end, or let the batch run on."""
    batch.end = moment_or_none(at_us(end))
    batch.state = BatchState.COMPLETE if end else BatchState.RUNNING
    batch.end_source, batch.ended_by = (MomentSource.RULE, RULE.by) if end else ("", "")


def put_phases(batch: Batch, found: BatchMoments) -> None:
    """Store the phases; those that have not changed keep their source."""
    stored = {(phase.name, phase.start): (phase.source, phase.by) for phase in batch.phases.all()}
    begins = [from_micros(phase.at_us) for phase in found.phases]
    ends = [*begins, batch.end][1:]
    batch.phases.all().delete()
    for position, (phase, start, end) in enumerate(zip(found.phases, begins, ends, strict=True), 1):
        source, by = stored.get((phase.name, start), (MomentSource.RULE, RULE.by))
        BatchPhase.objects.create(
            batch=batch, position=position, name=phase.name, start=start, end=end, source=source, by=by
        )
