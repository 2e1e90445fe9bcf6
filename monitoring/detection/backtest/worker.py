"""Run the requested backtests, one after another."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import Error as DatabaseError

from monitoring.detection.backtest import requests
from monitoring.detection.backtest.data import BacktestError, Stretch, find_stretch, find_subject
from monitoring.detection.backtest.requests import Asked
from monitoring.detection.event_store import finite
from monitoring.detection.monitor import SettingError
from monitoring.kernel.incident_event import Event

logger = logging.getLogger(__name__)

REPORT_EVERY_S = 1.0
LONGEST_S = 300.0
ROWS = 500
STOPPED = "Fermon was stopped before it was done. Try again."
TOO_LONG = f"It was not done within {LONGEST_S / 60:.0f} minutes. Choose a shorter time."
FAILED = "It failed: the detectors could not judge this. The log says more."


def run_requests(*, should_stop: Callable[[], bool]) -> int:
    """Run the waiting backtests, unless another worker does; return how many were finished.

    Raises:
        django.db.Error: the database is away; the next run starts the unfinished backtest again.
    """
    done = 0
    while not should_stop() and (asked := requests.take_next(now=datetime.now(UTC))):
        outcome = outcome_of(asked, should_stop)
        if outcome is not None:
            done += requests.finish(asked, outcome)
    return done


def outcome_of(asked: Asked, should_stop: Callable[[], bool]) -> dict[str, Any] | None:
    """Return the outcome or an error for the user; None if the user has asked another question meanwhile."""
    try:
        stretch = find_stretch(find_subject(asked.question["tag"]), asked.start, asked.end)
        return work(asked, stretch, should_stop)
    except (BacktestError, SettingError) as error:
        return {"error": str(error)}
    except DatabaseError:
        raise
    except Exception:  # of any kind: others wait, and a retry would fail again
        logger.exception("backtest failed", extra={"question": asked.question})
        return {"error": FAILED}


def work(asked: Asked, stretch: Stretch, should_stop: Callable[[], bool]) -> dict[str, Any] | None:
    """Compare both settings on the readings; store the progress every second."""
    test = stretch.begin(asked.settings)
    began = reported_at = time.monotonic()
    for times_us, values in stretch.pages():
        test.update(times_us, values)
        if should_stop():
            return {"error": STOPPED}
        if time.monotonic() - began > LONGEST_S:
            return {"error": TOO_LONG}
        if time.monotonic() - reported_at >= REPORT_EVERY_S:
            reported_at = time.monotonic()
            if not requests.renew(asked, test.readings / stretch.readings, now=datetime.now(UTC)):
                return None
    found, present = test.finish()
    return {
        "readings": test.readings,
        "events": len(found),
        "present": len(present),
        "rows": rows_of(found[-ROWS:]),
    }


def rows_of(events: Sequence[Event]) -> list[list[Any]]:
    """Return the events as JSON, the newest first; times in microseconds since 1970."""
    return [
        [
            *(event.start_us, event.end_us, event.detector, event.kind),
            *(finite(event.score), event.explanation),
        ]
        for event in reversed(events)
    ]
