"""Advice on the limit alarms of a tag: read the stored past of the tag, and let the advisor judge it."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from monitoring.alarms.advisor import Advice, Times, Values, advise
from monitoring.alarms.kinds import LIMIT_KINDS
from monitoring.alarms.resolving import resolved_now
from monitoring.history.measurements import MICROS
from monitoring.kernel.clock import from_micros, iso_utc
from monitoring.models import AlarmDefinition, Measurement, Tag

PAGE = 50_000


def read_advice(name: str, *, days: int, now: datetime) -> list[dict[str, Any]]:
    """Return advice on each enabled limit alarm of a tag as JSON objects, from the last days.

    An alarm without a setpoint, or a tag without readings in that time, gives no advice.
    """
    tag = Tag.objects.get(name=name)
    times_us, values = read_past(tag, since=now - timedelta(days=days), until=now)
    if not len(values):
        return []
    span = {"from": iso_utc(from_micros(times_us[0])), "to": iso_utc(from_micros(times_us[-1]))}
    rows = AlarmDefinition.objects.select_related("tag").filter(
        tag=tag, kind__in=LIMIT_KINDS, is_enabled=True
    )
    return [
        {"alarm": row.pk, "kind": row.kind, **span, "readings": len(values), **advice_json(found)}
        for row in rows
        if (found := advice_on(row, times_us, values)) is not None
    ]


def advice_on(row: AlarmDefinition, times_us: Times, values: Values) -> Advice | None:
    """Return the advice on one alarm; None if the alarm has no setpoint."""
    in_force = resolved_now(row)
    if in_force.setpoint is None or row.tag is None:
        return None
    respond_s = None if row.respond_within_s is None else float(row.respond_within_s)
    return advise(times_us, values, in_force, width=width_of(row.tag), respond_s=respond_s)


def width_of(tag: Tag) -> float:
    """Return the width between the tag's limits; the end of the valid range takes a missing limit's place."""
    low = tag.valid_min if tag.lower_limit is None else tag.lower_limit
    high = tag.valid_max if tag.upper_limit is None else tag.upper_limit
    return high - low


def read_past(tag: Tag, *, since: datetime, until: datetime) -> tuple[Times, Values]:
    """Return times in microseconds and values of a tag, each of shape (n,), oldest first.

    Each page is a short query, so that no writer has to wait.
    """
    rows: list[tuple[int, float]] = []
    while True:
        page = Measurement.objects.filter(tag=tag, timestamp__gt=since, timestamp__lte=until)
        found = list(page.order_by("timestamp").values_list(MICROS, "value")[:PAGE])
        rows += found
        if len(found) < PAGE:
            break
        since = from_micros(found[-1][0])
    return np.array([time for time, _ in rows], dtype=np.int64), np.array([value for _, value in rows], float)


def advice_json(advice: Advice) -> dict[str, Any]:
    """Return the advice as a JSON object."""
    return {
        "excursions": advice.excursions,
        "real": advice.real,
        "present": asdict(advice.present),
        "proposed": asdict(advice.proposed),
        "curve": [{"on_delay_s": delay, "alarms": alarms} for delay, alarms in advice.curve],
    }
