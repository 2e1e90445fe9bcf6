"""Advice on the limit alarms of a tag: read the stored past of the tag, and let the advisor judge it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from monitoring.alarms.advice_outcomes import NUISANCE_S, Outcome, Rating, judged
from monitoring.alarms.advice_replay import Times, Values
from monitoring.alarms.advice_turn import advice_turn
from monitoring.alarms.advisor import Advice, advise
from monitoring.alarms.alternatives import by_deadband, by_limit, farthest_limit
from monitoring.alarms.definition import InForce
from monitoring.alarms.kinds import LIMIT_KINDS, Kind
from monitoring.alarms.resolving import resolved_now
from monitoring.history.tag_rows import TagRange, TagRows, read_tag_rows
from monitoring.kernel.clock import from_micros, iso_utc, to_micros
from monitoring.models import AlarmDefinition, AlarmOccurrence, Tag

PAGE = 50_000
MOST_READINGS = 700_000  # the newest count: a week at a reading a second, or some hours at many a second
REAL = "real"
OUTER: dict[str, str] = {Kind.HIGH: Kind.HIGH_HIGH, Kind.LOW: Kind.LOW_LOW}


@dataclass(frozen=True, slots=True)
class AdviceInFull:
    """Advice on one alarm with the alarms of other settings; ``tried``: of the settings asked for.

    ``is_truncated``: older readings in the time asked for are left out.
    """

    start: datetime
    end: datetime
    readings: int
    is_truncated: bool
    rated_real: int
    rated_nuisance: int
    advice: Advice
    deadbands: list[Outcome]
    limits: list[Outcome]
    tried: Outcome | None


def read_advice(name: str, *, days: int, now: datetime) -> list[dict[str, Any]]:
    """Return advice on each enabled limit alarm of a tag as JSON objects, from the last days.

    An alarm without a setpoint, or a tag without readings in that time, gives no advice.

    Raises:
        AdviceBusyError: this process works out another advice.
    """
    with advice_turn():
        return advice_on_tag(Tag.objects.get(name=name), since=now - timedelta(days=days), until=now)


def advice_on_tag(tag: Tag, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return advice on each enabled limit alarm of a tag as JSON objects, from the readings of a time."""
    times_us, values, is_truncated = read_past(tag, since=since, until=until)
    if not len(values):
        return []
    span = {"from": iso_utc(from_micros(times_us[0])), "to": iso_utc(from_micros(times_us[-1]))}
    rows = AlarmDefinition.objects.select_related("tag").filter(
        tag=tag, kind__in=LIMIT_KINDS, is_enabled=True
    )
    of_readings = {**span, "readings": len(values), "is_truncated": is_truncated}
    return [
        {"alarm": row.pk, "kind": row.kind, **of_readings, **advice_json(found)}
        for row in rows
        if (found := advice_on(row, times_us, values)) is not None
    ]


def advice_on(row: AlarmDefinition, times_us: Times, values: Values) -> Advice | None:
    """Return the advice on one alarm; None if the alarm has no setpoint."""
    in_force = resolved_now(row)
    if in_force.setpoint is None or row.tag is None:
        return None
    return advise(
        times_us,
        values,
        in_force,
        width=width_of(row.tag),
        respond_s=None if row.respond_within_s is None else float(row.respond_within_s),
        ratings=read_ratings(row, times_us),
    )


def read_advice_in_full(
    row: AlarmDefinition, tried: InForce | None, *, days: int, now: datetime
) -> AdviceInFull | None:
    """Return the advice on one alarm, with other deadbands and limits; None without readings or setpoint.

    Raises:
        AdviceBusyError: this process works out another advice.
    """
    with advice_turn():
        return advice_in_full(row, tried, since=now - timedelta(days=days), until=now)


def advice_in_full(
    row: AlarmDefinition, tried: InForce | None, *, since: datetime, until: datetime
) -> AdviceInFull | None:
    """Return the advice on one alarm from the readings of a time; None without readings or setpoint."""
    in_force = resolved_now(row)
    if row.tag is None or in_force.setpoint is None:
        return None
    times_us, values, is_truncated = read_past(row.tag, since=since, until=until)
    advice = advice_on(row, times_us, values) if len(values) else None
    if advice is None:
        return None
    ratings, real_s = read_ratings(row, times_us), float(row.respond_within_s or NUISANCE_S)
    best = advice.proposed
    settings = replace(
        in_force, deadband=best.deadband, on_delay_s=best.on_delay_s, off_delay_s=best.off_delay_s
    )
    farthest = farthest_limit(in_force, row.tag.definition(), outer_setpoint(row))
    return AdviceInFull(
        start=from_micros(times_us[0]),
        end=from_micros(times_us[-1]),
        readings=len(values),
        is_truncated=is_truncated,
        rated_real=sum(rating.is_real for rating in ratings),
        rated_nuisance=sum(not rating.is_real for rating in ratings),
        advice=advice,
        deadbands=by_deadband(times_us, values, settings, real_s=real_s, ratings=ratings),
        limits=by_limit(times_us, values, settings, farthest=farthest, real_s=real_s, ratings=ratings),
        tried=None if tried is None else judged(times_us, values, tried, real_s=real_s, ratings=ratings),
    )


def outer_setpoint(row: AlarmDefinition) -> float | None:
    """Return the setpoint of the tag's HH alarm for H, of LL for L; None if there is no such alarm."""
    outer = AlarmDefinition.objects.select_related("tag").filter(
        tag=row.tag, kind=OUTER.get(row.kind, ""), is_enabled=True
    )
    found = outer.first()
    return resolved_now(found).setpoint if found else None


def read_ratings(row: AlarmDefinition, times_us: Times) -> Sequence[Rating]:
    """Return the ratings of the alarm's occurrences within the time of the readings."""
    start, end = from_micros(times_us[0]), from_micros(times_us[-1])
    rated = AlarmOccurrence.objects.filter(definition=row, active_at__gte=start, active_at__lte=end)
    return [
        Rating(to_micros(begin), to_micros(over or end), rating == REAL)
        for begin, over, rating in rated.exclude(rating="").values_list("active_at", "cleared_at", "rating")
    ]


def width_of(tag: Tag) -> float:
    """Return the width between the tag's limits; the end of the valid range takes a missing limit's place."""
    low = tag.valid_min if tag.lower_limit is None else tag.lower_limit
    high = tag.valid_max if tag.upper_limit is None else tag.upper_limit
    return high - low


def read_past(tag: Tag, *, since: datetime, until: datetime) -> tuple[Times, Values, bool]:
    """Return times in microseconds and values of a tag, each of shape (n,), oldest first.

    The newest ``MOST_READINGS`` count; the third value says whether older ones are left out. Each page is a
    short query, so that no writer has to wait.
    """
    pages, count = list[TagRows](), 0
    within = TagRange(tag.pk, to_micros(since) + 1, to_micros(until) + 1)
    while count <= MOST_READINGS:
        size = min(PAGE, MOST_READINGS + 1 - count)
        pages.insert(0, read_tag_rows(within, limit=size, newest=True))
        count += len(pages[0])
        if len(pages[0]) < size:
            break
        within = replace(within, end_us=int(pages[0].times_us[0]))
    times_us = np.concatenate([page.times_us for page in pages])[-MOST_READINGS:]
    values = np.concatenate([page.values for page in pages])[-MOST_READINGS:]
    return times_us, values, count > MOST_READINGS


def advice_json(advice: Advice) -> dict[str, Any]:
    """Return the advice as a JSON object."""
    return {
        "excursions": advice.excursions,
        "real": advice.real,
        "present": asdict(advice.present),
        "proposed": asdict(advice.proposed),
        "curve": [{"on_delay_s": delay, "alarms": alarms} for delay, alarms in advice.curve],
    }
