"""Records of the demo vessel's batches: start, inoculation, phases, samples and end, each at its moment."""

import logging
from datetime import UTC, datetime, timedelta

from django.db import transaction

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import locked_batch
from monitoring.batches.lifecycle import NewBatch, end_batch, enter_phase, inoculate, save, start_batch
from monitoring.batches.sampling import NewResult, add_sample
from monitoring.database.write_lock import write_lock
from monitoring.models import Batch, BatchState, MomentSource
from monitoring.sources.simulator.demo_vessel.making import ACTOR, FEED, RECIPE
from monitoring.sources.simulator.vessel.channels import VESSEL
from monitoring.sources.simulator.vessel.cycle import CYCLE_S, INOCULATION_S, batch_at
from monitoring.sources.simulator.vessel.faults import fault_of
from monitoring.sources.simulator.vessel.moments import feed_begin, lab_samples, moments_of, sample_times
from monitoring.sources.simulator.vessel.parameters import HOUR_S

logger = logging.getLogger(__name__)

GOLDEN = 3  # of the first batches
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

    What is recorded already stays. A batch that a person has changed so that a moment does not fit any more
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
    batch = Batch.objects.filter(name=name_of(number)).first() or begin(number)
    if batch.state != BatchState.RUNNING:
        return True
    if now >= moment(moments.inoculation):
        inoculate_once(batch, moment(moments.inoculation))
        feed_once(batch, seed, number, now)
        add_samples(batch, seed, number, now)
    if now < moment(moments.end):
        return False
    finish(batch, seed, number)
    return True


def begin(number: int) -> Batch:
    """Start the batch."""
    new = NewBatch(
        vessel=VESSEL,
        name=name_of(number),
        recipe=RECIPE,
        product="recombinant protein (simulated)",
        strain="E. coli (simulated)",
        header={"simulated": "yes"},
        start=moment(moments_of(number).start),
        source=MomentSource.API,
    )
    return start_batch(new, actor=ACTOR)


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
    """Add the samples whose results have come."""
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


def finish(batch: Batch, seed: int, number: int) -> None:
    """End the batch; tell the truth about its fault; of the first batches, three without fault are golden."""
    fault = fault_of(seed, number)
    with write_lock(), transaction.atomic(), locked_batch(batch.pk) as locked:
        end_batch(batch.pk, at=moment(moments_of(number).end), actor=ACTOR, source=MomentSource.API)
        locked.refresh_from_db()
        locked.header = locked.header | truth(seed, number)
        golden = locked.vessel.batches.filter(is_golden=True).count()
        locked.is_golden = locked.is_golden or (fault is None and golden < GOLDEN)
        save(locked)


def truth(seed: int, number: int) -> dict[str, str]:
    """Return what the simulator knows of the batch's fault, for the header."""
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
