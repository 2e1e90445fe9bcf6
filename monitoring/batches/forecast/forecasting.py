"""Forecast a running batch from stored data: the end of its phase, and limits that tags cross soon."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from monitoring.batches.course import MINUTE_US
from monitoring.batches.elapsed import elapsed_of
from monitoring.batches.forecast.crossing import CONFIRMED, LEAST_TRIES, minutes_until
from monitoring.batches.forecast.evidence import PROGRESS_ROLES, name_of, past_phase, record_of
from monitoring.batches.forecast.limits import LimitedTag
from monitoring.batches.forecast.past import past_of_recipe, past_of_vessel
from monitoring.batches.forecast.phase_end import ELAPSED, TIME, forecast_phase_end
from monitoring.batches.forecast.trend import HOLD, WINDOW, trends
from monitoring.batches.golden.bands import profile_for, unpacked
from monitoring.batches.golden.coordinates import BY_TIME, Coordinate, progress
from monitoring.batches.golden.reading import WHOLE, read_member
from monitoring.history.rollup_rows import read_minute_means
from monitoring.kernel.clock import from_micros, iso_utc, to_micros
from monitoring.models import Batch, BatchHindcast

HOUR = timedelta(hours=1)
NEEDED = WINDOW + HOLD + CONFIRMED - 1  # minutes


def limit_forecasts(batch: Batch, limited: Sequence[LimitedTag], now: datetime) -> list[dict[str, Any]]:
    """Return the limits that tags cross within 30 minutes, the next one first, where forecasts were right.

    Tags whose forecasts were not right often enough are not read.
    """
    past = past_of_vessel(batch)
    found = [row for tag in limited for row in crossings(tag, past, now)]
    return sorted(found, key=lambda row: str(row["crosses_at"]))


def crossings(tag: LimitedTag, past: Sequence[BatchHindcast], now: datetime) -> list[dict[str, Any]]:
    """Return the limits that a tag crosses soon."""
    records = {each: record_of(past, tag.name, each) for each in tag.limits}
    shown = [each for each in tag.limits if records[each].is_shown]
    if not shown:
        return []
    stop_us = to_micros(now) // MINUTE_US * MINUTE_US
    values = read_minute_means(tag.pk, stop_us - NEEDED * MINUTE_US, stop_us)
    found = trends(values)
    times = {each: float(minutes_until(found, values, each)[-1]) for each in shown}
    return [
        {
            **{"tag": tag.name, "title": tag.title, "unit": tag.unit},
            **{"side": each.side, "limit": each.value},
            # The line's value belongs to the middle of the newest minute, half a minute before its end.
            "crosses_at": iso_utc(from_micros(stop_us) + timedelta(minutes=minutes - 0.5)),
            **{"hits": records[each].hits, "tries": records[each].tries},
        }
        for each, minutes in times.items()
        if np.isfinite(minutes)
    ]


def phase_forecast(batch: Batch, now: datetime) -> dict[str, Any] | None:
    """Return the expected end of the present phase, with range; None without one that was right often."""
    name, begin = present_phase(batch)
    if not name or begin is None:
        return None
    past = [phase for stored in past_of_recipe(batch) if (phase := past_phase(stored, name)) is not None]
    if len(past) < LEAST_TRIES:
        return None
    found = forecast_phase_end(past, progress_of(batch, name, begin, now))
    if found is None or not found.record.is_shown:
        return None
    return {
        **{"phase": name, "began": iso_utc(begin)},
        "expected_end": iso_utc(now + found.hours * HOUR),
        "low": iso_utc(now + found.low * HOUR),
        "high": iso_utc(now + found.high * HOUR),
        **{"hits": found.record.hits, "tries": found.record.tries},
    }


def present_phase(batch: Batch) -> tuple[str, datetime | None]:
    """Return name and begin of the phase that lasts; without phases, the whole batch; else nothing."""
    phases = list(batch.phases.all())
    if not phases:
        return WHOLE, batch.inoculated_at
    return (phases[-1].name, phases[-1].start) if phases[-1].end is None else ("", None)


def progress_of(batch: Batch, phase: str, begin: datetime, now: datetime) -> dict[str, float]:
    """Return the progress now by name of the coordinate: that of the profile first."""
    by_time = {TIME: (now - begin) / HOUR, ELAPSED: elapsed_of(batch, now)}
    coordinate = coordinate_of(batch, phase)
    if coordinate == BY_TIME:
        return by_time
    member = read_member(batch, now=now, roles=PROGRESS_ROLES).member
    made = progress(member, phase, coordinate)
    return by_time if made is None else {name_of(coordinate): float(made[-1]), **by_time}


def coordinate_of(batch: Batch, phase: str) -> Coordinate:
    """Return the coordinate of the phase in the batch's profile; time without one."""
    profile = profile_for(batch)
    phases = unpacked(profile).phases if profile else ()
    return next((each.choice.coordinate for each in phases if each.name == phase), BY_TIME)
