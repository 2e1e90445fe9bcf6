"""Keep the demo vessel: make it once, store its past, and record its batches as they go on."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.golden.freezing import NewProfile, freeze, set_profile
from monitoring.batches.lifecycle import end_batch
from monitoring.database import leases
from monitoring.history.measurements import Selection, read_page
from monitoring.kernel.lease_names import DEMO_VESSEL
from monitoring.models import Batch, BatchState, Lease, Profile
from monitoring.sources.simulator.demo_vessel.making import (
    ACTOR,
    RECIPE,
    has_vessel,
    is_live,
    is_wanted,
    make_once,
    watch_silence,
)
from monitoring.sources.simulator.demo_vessel.past import Clock, store_past
from monitoring.sources.simulator.demo_vessel.records import GOLDEN, moment, record_batch
from monitoring.sources.simulator.vessel.channels import NAMES
from monitoring.sources.simulator.vessel.cycle import batch_at
from monitoring.sources.simulator.vessel.moments import moments_of


def utc_now() -> datetime:
    """Return the time of the wall clock."""
    return datetime.now(UTC)


def keep_demo_vessel(*, seed: int, should_stop: Callable[[], bool], clock: Clock = utc_now) -> bool:
    """Do the steps that are due; return whether the vessel is live.

    Each step continues the work of a killed worker.

    Raises:
        django.db.Error: the database is unavailable; the next run continues.
    """
    if not is_wanted():
        if leases.position_of(DEMO_VESSEL) is not None:
            abort_running(clock())
        return False
    make_once()
    if is_live():  # since the last run: live readings have come
        watch_silence()
    elif not store_past(seed=seed, should_stop=should_stop, clock=clock):
        return False
    record_due(seed=seed, now=clock())
    return True


def record_due(*, seed: int, now: datetime) -> None:
    """Record the batches from the first incomplete one on, and remember which one that is."""
    known = leases.position_of(DEMO_VESSEL)
    if known is None or not has_vessel():
        return
    first = known
    last = batch_at(int(now.timestamp()))[0] + 1  # a batch starts before its inoculation
    for number in range(first, last + 1):
        if has_readings(number, now) and not record_batch(number, seed=seed, now=now):
            break
        first = number + 1
    if first > known:
        freeze_once()
    Lease.objects.filter(source=DEMO_VESSEL, position__lt=first).update(position=first)


def freeze_once() -> None:
    """Freeze the golden batches as a profile for the running batch, unless the recipe has one."""
    batches = Batch.objects.filter(started_by=ACTOR.by)
    golden = list(batches.filter(is_golden=True).values_list("pk", flat=True))
    if len(golden) < GOLDEN or Profile.objects.filter(recipe__name=RECIPE).exists():
        return
    with suppress(BatchConflictError, BatchInputError, UnknownBatchError):  # people have changed the batches
        profile = freeze(NewProfile(RECIPE, golden, RECIPE, note="Made by the simulator."), actor=ACTOR)
        for running in batches.filter(state=BatchState.RUNNING, profile=None):
            set_profile(running.pk, profile.pk, actor=ACTOR)


def has_readings(number: int, now: datetime) -> bool:
    """Return whether the batch is not over yet, or the simulator ran during it."""
    moments = moments_of(number)
    begin, end = moment(moments.inoculation), moment(moments.end)
    during = Selection((NAMES[0],), begin, end - timedelta(microseconds=1))
    return now < end or bool(read_page(during, limit=1).rows)


def abort_running(now: datetime) -> None:
    """Abort the batch that ran when the simulator was switched off."""
    for batch in Batch.objects.filter(started_by=ACTOR.by, state=BatchState.RUNNING):
        with suppress(BatchConflictError, BatchInputError, UnknownBatchError):
            end_batch(batch.pk, at=now, actor=ACTOR, is_aborted=True, reason="The simulator is off.")
