"""Forecast all running batches, once a minute, and store evidence of ended ones."""

import logging
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction

from monitoring.batches.course import MINUTE_US
from monitoring.batches.forecast.forecasting import limit_forecasts, phase_forecast, present_phase
from monitoring.batches.forecast.limits import read_limits
from monitoring.batches.forecast.past import store_evidence
from monitoring.database import leases
from monitoring.database.write_lock import write_lock
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.kernel.lease_names import BATCH_FORECAST
from monitoring.models import Batch, BatchForecast, BatchState

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=50)  # shorter than the minute between two passes
MOST_EVIDENCE = 4  # batches a pass, over all vessels: some 0.3 s each
PHASE_EVERY = timedelta(minutes=5)  # the progress of a phase takes the minute values since its begin


def forecast_batches(*, now: datetime | None = None, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Forecast all running batches, unless another process does. Return the number of forecast batches.

    Raises:
        django.db.Error: the database is away.
    """
    now = now or datetime.now(UTC)
    owner = uuid.uuid4().hex
    batches = list(running_batches())
    if not batches:
        return 0
    with write_lock(), transaction.atomic():
        if leases.hold(BATCH_FORECAST, owner, now=datetime.now(UTC), duration=LEASE) is None:
            return 0
    try:
        return follow(batches, now, should_stop)
    finally:
        leases.release(BATCH_FORECAST, owner)


def running_batches() -> Iterable[Batch]:
    """Return the running batches of active vessels."""
    rows = Batch.objects.filter(state=BatchState.RUNNING, vessel__is_active=True).order_by("pk")
    related = rows.select_related("vessel", "recipe", "profile", "forecast")
    return related.prefetch_related("phases")


def follow(batches: Iterable[Batch], now: datetime, should_stop: Callable[[], bool]) -> int:
    """Forecast the batches one by one: an error of one never stops the others."""
    left, done = MOST_EVIDENCE, 0
    for batch in batches:
        if should_stop():
            break
        try:
            left -= follow_batch(batch, now, left)
            done += 1
        except (InterfaceError, OperationalError):
            raise
        except Exception:
            logger.exception("a batch cannot be forecast", extra={"batch": batch.name})
    return done


def follow_batch(batch: Batch, now: datetime, most: int) -> int:
    """Forecast a batch, after up to ``most`` ended ones as evidence. Return how many these were."""
    limited = read_limits(batch.vessel, now)
    computed = store_evidence(batch.vessel, limited, now, most)
    values = {
        "upto": from_micros(to_micros(now) // MINUTE_US * MINUTE_US),
        "limits": limit_forecasts(batch, limited, now),
    }
    if computed or is_due(batch, now):
        values |= {"phase_end": phase_forecast(batch, now), "phase_end_at": now}
    with write_lock():
        BatchForecast.objects.update_or_create(batch=batch, defaults=values)
    return computed


def is_due(batch: Batch, now: datetime) -> bool:
    """Return whether the end of the phase is to be computed: 5 minutes later, or in another phase."""
    stored: BatchForecast | None = getattr(batch, "forecast", None)
    if stored is None or not stored.phase_end_at <= now < stored.phase_end_at + PHASE_EVERY:
        return True
    return stored.phase_end is not None and stored.phase_end["phase"] != present_phase(batch)[0]
