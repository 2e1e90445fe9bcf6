"""Records of the demo vessel's batches: start, inoculation, phases, samples and end, each at its moment."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import locked_batch, locked_vessel
from monitoring.batches.lifecycle import (
    NewBatch,
    check_free,
    end_batch,
    enter_phase,
    inoculate,
    save,
    start_batch,
    unsaved,
)
from monitoring.batches.sampling import NewResult, add_sample
from monitoring.database.write_lock import write_lock
from monitoring.models import Batch, BatchPhase, BatchState, MomentSource
from monitoring.sources.simulator.demo_vessel.making import ACTOR, FEED, PHASES, RECIPE
from monitoring.sources.simulator.vessel.channels import VESSEL
from monitoring.sources.simulator.vessel.cycle import CYCLE_S, INOCULATION_S, batch_at
from monitoring.sources.simulator.vessel.faults import fault_of
from monitoring.sources.simulator.vessel.moments import feed_begin, lab_samples, moments_of, sample_times
from monitoring.sources.simulator.vessel.parameters import HOUR_S

logger = logging.getLogger(__name__)

FIRST_BATCHES, GOLDEN = 5, 3
RESULT_AFTER = timedelta(minutes=15)  # of the laboratory
METHODS = {"od600": "photometer", "dry_weight": "oven", "glucose": "enzymatic", "acetate": "HPLC"}


def name_of(number: int) -> str:
    """Return the name of batch ``number``: the vessel and the day."""
    return f"{VESSEL}-{moment(moments_of(number).inoculation):%Y-%m-%d}"


def moment(second: int) -> datetime:
    """Return a second of Unix time as a datetime."""
    return datetime.fromtimestamp(second, UTC)


def record_batch(number: int, *, seed: int, now: datetime) -> bool:
    """Bring the record of batch ``number`` up to ``now``; return whether it is complete.

    Existing records stay. A batch that a person has changed so that a moment does not fit any more
    is left to people, and counts as complete.

    Raises:
        django.db.Error: the database is unavailable.
    """
    try:
        return follow(number, seed=seed, now=now)
    except (BatchConflictError, BatchInputError, UnknownBatchError) as error:
        logger.info("demo batch is left to people", extra={"batch": name_of(number), "reason": str(error)})
        return True


def follow(number: int, *, seed: int, now: datetime) -> bool:
    """Record the moments that have come."""
    moments = moments_of(number)
    if now < moment(moments.start):
        return False
    batch = Batch.objects.filter(name=name_of(number)).first()
    if batch is None and now >= moment(moments.end):
        store_complete(number, seed=seed)
        return True
    batch = batch or start_batch(new_batch(number), actor=ACTOR)
    if batch.state != BatchState.RUNNING:
        return True
    if now >= moment(moments.inoculation):
        inoculate_once(batch, moment(moments.inoculation))
        feed_once(batch, seed, number, now)
        add_samples(batch, seed, number, now)
    if now < moment(moments.end):
        return False
    with write_lock(), transaction.atomic():
        end_batch(batch.pk, at=moment(moments.end), actor=ACTOR, source=MomentSource.API)
        tell_truth(batch.pk, seed, number)
    return True


def new_batch(number: int) -> NewBatch:
    """Return the fields of the batch known at its start."""
    return NewBatch(
        vessel=VESSEL,
        name=name_of(number),
        recipe=RECIPE,
        product="recombinant protein (simulated)",
        strain="E. coli (simulated)",
        header={"simulated": "yes"},
        start=moment(moments_of(number).start),
        source=MomentSource.API,
    )


def store_complete(number: int, *, seed: int) -> None:
    """Store a batch of the past with all that belongs to it, also while a later batch runs.

    Raises:
        BatchConflictError: another batch overlaps.
    """
    moments = moments_of(number)
    start, end = moment(moments.start), moment(moments.end)
    feed = feed_begin(seed, number, moments.end)
    with locked_vessel(VESSEL) as vessel:
        check_free(vessel, start, end)
        batch = unsaved(new_batch(number), vessel, name_of(number))
        batch.state, batch.start, batch.end = BatchState.COMPLETE, start, end
        batch.inoculated_at = moment(moments.inoculation)
        batch.start_source = batch.inoculation_source = batch.end_source = MomentSource.API
        batch.started_by = batch.ended_by = ACTOR.by
        save(batch)
        add_phases(batch, [moments.inoculation] if feed is None else [moments.inoculation, feed])
        add_samples(batch, seed, number, end + RESULT_AFTER)
        tell_truth(batch.pk, seed, number)


def add_phases(batch: Batch, begins: Sequence[int]) -> None:
    """Add the phases of a complete batch, the first ones of the recipe, by their begins."""
    times = [*map(moment, begins), batch.end]
    BatchPhase.objects.bulk_create(
        BatchPhase(
            batch=batch,
            position=place,
            name=PHASES[place - 1].name,
            start=times[place - 1],
            end=times[place],
            source=MomentSource.API,
            by=ACTOR.by,
        )
        for place in range(1, len(times))
    )


def inoculate_once(batch: Batch, at: datetime) -> None:
    """Inoculate, unless that is recorded."""
    if batch.inoculated_at is None:
        inoculate(batch.pk, at=at, actor=ACTOR, source=MomentSource.API)


def feed_once(batch: Batch, seed: int, number: int, now: datetime) -> None:
    """Enter the second phase once the feed has begun."""
    if batch.phases.filter(name=FEED).exists():
        return
    begun = feed_begin(seed, number, int(now.timestamp()))
    if begun is not None:
        enter_phase(batch.pk, FEED, at=moment(begun), actor=ACTOR, source=MomentSource.API)


def add_samples(batch: Batch, seed: int, number: int, now: datetime) -> None:
    """Add the samples with results by now."""
    inoculation = moment(moments_of(number).inoculation)
    until_s = int((now - RESULT_AFTER - inoculation).total_seconds())
    if batch.samples.count() >= len(sample_times(until_s)):
        return
    taken = set(batch.samples.values_list("taken_at", flat=True))
    for sample in lab_samples(seed, number, until_s):
        at = inoculation + timedelta(seconds=sample.elapsed_s)
        if at not in taken:
            results = [NewResult(name, getattr(sample, name), method=how) for name, how in METHODS.items()]
            add_sample(batch.pk, taken_at=at, results=results, actor=ACTOR)


def tell_truth(pk: int, seed: int, number: int) -> None:
    """Put the truth about the fault into the header; of the first five, three without fault are golden."""
    with locked_batch(pk) as batch:
        batch.header = batch.header | truth(seed, number)
        golden = batch.vessel.batches.filter(is_golden=True).count()
        is_early = batch.vessel.batches.count() <= FIRST_BATCHES
        batch.is_golden |= is_early and golden < GOLDEN and fault_of(seed, number) is None
        save(batch)


def truth(seed: int, number: int) -> dict[str, str]:
    """Return the batch's fault for the header."""
    fault = fault_of(seed, number)
    if fault is None:
        return {"fault": "none"}
    origin = "probe" if fault.is_of_probe else "process"
    return {"fault": fault.label, "fault from": f"{fault.onset_s / HOUR_S:.2f} h", "fault of": origin}


def record_past(start: int, stop: int, *, seed: int) -> None:
    """Record the batches that began from ``start`` on, as of ``stop`` (Unix time)."""
    first, last = -(-(start - INOCULATION_S) // CYCLE_S), batch_at(stop)[0] + 1
    for number in range(first, last + 1):
        record_batch(number, seed=seed, now=moment(stop))
