"""Watch batches once a minute, and store their state and deviations.

No pass depends on another one: all that is stored follows from the data of the batch and its profile. So a
killed worker, late data and passes in any order end with the same deviations.
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet

from monitoring.batches.watch.extent import NO_MODEL, NO_PROFILE
from monitoring.batches.watched.computing import WatchedMinutes, watch_minutes
from monitoring.batches.watched.deviations import Revisions, follow_deviations, newest_revision
from monitoring.batches.watched.fitted_models import ModelKey, ProfileModel, judging_profile, model_of
from monitoring.batches.watched.reading import BatchToWatch, prepare, read_minutes
from monitoring.database import leases
from monitoring.database.write_lock import write_lock
from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import from_micros
from monitoring.kernel.failpoints import failpoint
from monitoring.kernel.lease_names import BATCH_WATCH
from monitoring.models import Batch, BatchState, BatchWatch, Deviation, Profile, Vessel

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=50)  # renewed with each write
FOLLOWED = timedelta(hours=24)  # after the end or a change of a batch, late data are followed
AT_ONCE = 20  # batches in one transaction
PAST_AT_ONCE = 3  # batches of the past without a result, in each pass
METHOD = "1"  # raise it with each change of results of watch/ or verdict/: batches are watched anew then
FAILED = "The watching of this batch failed, and the log says more: report the error."


@dataclass(frozen=True, slots=True)
class WatchPass:
    """One pass: the owner of the lease, and the models of the profiles that it has used."""

    now: datetime
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    models: dict[ModelKey, ProfileModel] = field(default_factory=dict)

    def model(self, profile: Profile, vessel: Vessel) -> ProfileModel:
        """Return the model of a profile for a vessel; the data of its batches are read once a pass."""
        key = (profile.pk, vessel.uses_forest)
        if key not in self.models:
            self.models[key] = model_of(profile, with_forest=vessel.uses_forest)
        return self.models[key]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of watching of a batch to store; ``found`` is None where nothing can be compared.

    ``is_failed``: the stored deviations stay.
    """

    batch: Batch
    profile: Profile | None
    upto: datetime
    inputs: str
    message: str
    found: WatchedMinutes | None = None
    is_failed: bool = False


def watch_batches(*, now: datetime | None = None, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Watch the running and the recent batches, unless another process does; return how many have changed.

    Raises:
        django.db.Error: the database is away.
    """
    this = WatchPass(now or datetime.now(UTC))
    if not any(batches_to_watch(this.now)) or not take_lease(this):
        return 0
    try:
        batches = list(batches_to_watch(this.now))  # as the owner before has left them
        return sum(watch_some(this, some) for some in chunks(batches, AT_ONCE) if not should_stop())
    finally:
        leases.release(BATCH_WATCH, this.owner)


def take_lease(this: WatchPass) -> bool:
    """Take or renew the lease; return False if another process has it."""
    with write_lock(), transaction.atomic():
        return leases.hold(BATCH_WATCH, this.owner, now=datetime.now(UTC), duration=LEASE) is not None


def batches_to_watch(now: datetime) -> Iterator[Batch]:
    """Yield the running batches, those that ended or changed lately, and a few of the past without result.

    Those whose state is oldest come first: a pass that is too slow for all goes on there the next time.
    """
    rows = Batch.objects.exclude(state=BatchState.PLANNED).select_related(
        "vessel", "recipe", "profile", "watch__profile"
    )
    rows = rows.defer("profile__curves", "watch__profile__curves").prefetch_related("phases")
    since = now - FOLLOWED
    recent = Q(end=None) | Q(end__gte=since) | Q(changed_at__gte=since)
    yield from rows.filter(recent).order_by(F("watch__changed_at").asc(nulls_first=True), "pk")
    yield from past_batches(rows.exclude(recent))


def past_batches(rows: QuerySet[Batch]) -> Iterator[Batch]:
    """Yield the newest batches of the past that were never compared, and that have a profile now."""
    has_profile = Q(profile__isnull=False) | Q(recipe__name__in=Profile.objects.values("recipe__name"))
    never = Q(watch=None) | Q(watch__profile=None)
    found = rows.filter(has_profile & never).exclude(watch__message=FAILED)
    yield from found.order_by("-start")[:PAST_AT_ONCE]


def watch_some(this: WatchPass, batches: Sequence[Batch]) -> int:
    """Watch some batches, and store those that have changed in one transaction; return their number."""
    outcomes = [found for batch in batches if (found := outcome_of(this, batch)) is not None]
    if not outcomes:
        return 0
    with write_lock(), transaction.atomic():
        held = leases.hold(BATCH_WATCH, this.owner, now=datetime.now(UTC), duration=LEASE)
        if held is None:
            return 0
        revisions = Revisions(max(held.position or 0, newest_revision()))
        store_outcomes(outcomes, revisions, this.now)
        leases.keep_position(held, revisions.last)
        failpoint("batch_watch.before_commit")
    failpoint("batch_watch.after_commit")
    return len(outcomes)


def outcome_of(this: WatchPass, batch: Batch) -> Outcome | None:
    """Return the state of a batch; None if nothing has changed since it was stored.

    Raises:
        django.db.Error: the database is away.
    """
    try:
        return watched_batch(this, batch)
    except (InterfaceError, OperationalError):
        raise
    except Exception:  # one batch never stops the others
        failed = unless_stored(Outcome(batch, stored_profile(batch), this.now, "", FAILED, is_failed=True))
        if failed:
            logger.exception("watching of a batch failed", extra={"batch": batch.name})
        return failed


def watched_batch(this: WatchPass, batch: Batch) -> Outcome | None:
    """Watch a batch; None if its data and its profile are those of the stored state."""
    prepared = prepare(batch, this.now)
    upto = from_micros(prepared.stop_us)
    profile = judging_profile(batch)
    if profile is None:
        return unless_stored(Outcome(batch, None, upto, "", NO_PROFILE))
    fitted = this.model(profile, batch.vessel)
    inputs = inputs_of(prepared, profile, fitted)
    if inputs == stored_inputs(batch):
        return None
    if fitted.model is None:
        return Outcome(batch, profile, upto, inputs, NO_MODEL)
    found = watch_minutes(fitted.model, read_minutes(prepared), fitted.remark)
    return Outcome(batch, profile, upto, inputs, found.message, found)


def inputs_of(prepared: BatchToWatch, profile: Profile, fitted: ProfileModel) -> str:
    """Return all that the result of a batch follows from, as 64 characters at most."""
    families = "F" if fitted.model and fitted.model.forest else ""
    return f"{METHOD}{families}:{prepared.digest()[:30]}:{profile.pk}:{fitted.digest[:18]}"


def stored_inputs(batch: Batch) -> str | None:
    """Return the inputs of the stored state; None before the first."""
    watch: BatchWatch | None = getattr(batch, "watch", None)
    return None if watch is None else watch.inputs


def stored_profile(batch: Batch) -> Profile | None:
    """Return the profile that the batch was last compared with."""
    watch: BatchWatch | None = getattr(batch, "watch", None)
    return watch.profile if watch else None


def unless_stored(outcome: Outcome) -> Outcome | None:
    """Return the outcome of a batch without a result; None if its message is stored already."""
    watch: BatchWatch | None = getattr(outcome.batch, "watch", None)
    is_same = watch and (watch.profile, watch.message) == (outcome.profile, outcome.message)
    return None if is_same else outcome


def store_outcomes(outcomes: Sequence[Outcome], revisions: Revisions, now: datetime) -> None:
    """Store states and deviations, in the caller's transaction."""
    rows: dict[int, list[Deviation]] = {outcome.batch.pk: [] for outcome in outcomes}
    for row in Deviation.objects.filter(batch__in=rows).order_by("start"):
        rows[row.batch_id].append(row)
    for outcome in outcomes:
        if not outcome.is_failed:
            profile = outcome.profile.pk if outcome.profile else None
            found = outcome.found.deviations if outcome.found else ()
            stored = rows[outcome.batch.pk]
            follow_deviations(outcome.batch, profile, stored, found, revisions=revisions, now=now)
    BatchWatch.objects.bulk_create(
        [state_row(outcome, now) for outcome in outcomes],
        update_conflicts=True,
        unique_fields=["batch"],
        update_fields=["profile", "upto", "score", "families", "message", "inputs", "changed_at"],
    )


def state_row(outcome: Outcome, now: datetime) -> BatchWatch:
    """Return the row of the state of a batch."""
    found = outcome.found
    return BatchWatch(
        batch=outcome.batch,
        profile=outcome.profile,
        upto=outcome.upto,
        score=found.score if found else None,
        families=dict(found.families) if found else {},
        message=outcome.message,
        inputs=outcome.inputs,
        changed_at=now,
    )
