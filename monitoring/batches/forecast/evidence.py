"""Evidence of an ended batch: its phases by progress, and how often forecasts of limits were right in it."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from monitoring.batches.course import Channel, read_course
from monitoring.batches.elapsed import clipped_end
from monitoring.batches.forecast.crossing import HitRate, Limit, hindcast, minutes_until
from monitoring.batches.forecast.limits import LimitedTag
from monitoring.batches.forecast.phase_end import ELAPSED, POINTS, PastPhase
from monitoring.batches.forecast.trend import trends
from monitoring.batches.golden.coordinates import GROWTH, TOTAL, TOTALS, Coordinate, progress
from monitoring.batches.golden.members import SHORTEST, Member
from monitoring.batches.golden.reading import UPTAKE_ROLES, read_member
from monitoring.batches.soft_sensor_series import LONGEST
from monitoring.kernel.arrays import FloatArray
from monitoring.models import Batch, BatchHindcast, TagFunction

METHOD = 1  # grows with each change of what is stored
COORDINATES = (Coordinate(GROWTH), *(Coordinate(TOTAL, name) for name in TOTALS))
PROGRESS_ROLES = (*UPTAKE_ROLES, *TOTALS)
DECIMALS = 5


def name_of(coordinate: Coordinate) -> str:
    """Return the name of a coordinate in stored evidence."""
    return coordinate.channel or coordinate.kind


def inputs_of(revision: int, limited: Sequence[LimitedTag]) -> str:
    """Return the hash of what decides whether stored evidence is still valid."""
    limits = sorted((tag.name, each.side, each.value) for tag in limited for each in tag.limits)
    return hashlib.sha256(json.dumps([METHOD, revision, limits]).encode()).hexdigest()


def evidence_of(batch: Batch, limited: Sequence[LimitedTag], now: datetime) -> BatchHindcast:
    """Return the evidence of an ended batch, not stored yet."""
    member = read_member(batch, now=now, roles=PROGRESS_ROLES).member
    return BatchHindcast(
        batch=batch,
        inputs=inputs_of(batch.revision, limited),
        phases={name: phase_json(member, name) for name in member.phases if is_long(member, name)},
        limits=limits_json(batch, limited, now),
    )


def is_long(member: Member, phase: str) -> bool:
    """Return whether the batch has at least 10 minutes of the phase."""
    return bool(member.during(phase).sum() >= SHORTEST)


def phase_json(member: Member, phase: str) -> dict[str, Any]:
    """Return the duration of a phase, and progress at equal steps by coordinate."""
    along = {name_of(each): progress(member, phase, each) for each in COORDINATES}
    along[ELAPSED] = member.hour[member.during(phase)]
    return {
        "hours": float(member.during(phase).sum()) / 60,
        "along": {name: at_steps(curve) for name, curve in along.items() if curve is not None},
    }


def at_steps(curve: FloatArray) -> list[float]:
    """Return a curve of minutes at 51 equal steps."""
    place = np.linspace(0, len(curve) - 1, POINTS)
    found: list[float] = np.interp(place, np.arange(len(curve)), curve).round(DECIMALS).tolist()
    return found


def past_phase(stored: BatchHindcast, phase: str) -> PastPhase | None:
    """Return a phase of an ended batch; None if the batch lacks it."""
    found = stored.phases.get(phase)
    if found is None:
        return None
    return PastPhase(found["hours"], {name: np.array(curve) for name, curve in found["along"].items()})


def limits_json(batch: Batch, limited: Sequence[LimitedTag], now: datetime) -> list[dict[str, Any]]:
    """Return hits and tries of each limit in the batch, for tags that were bound then."""
    start = batch.start or now
    end = min(clipped_end(batch, now), start + LONGEST)
    course = read_course(batch.vessel, start, end, {tag.role for tag in limited})
    measured = {each.tags[-1]: each for each in course.channels if each.key.function == TagFunction.MEASURED}
    return [row for tag in limited if tag.name in measured for row in rows_of(tag, measured[tag.name])]


def rows_of(tag: LimitedTag, channel: Channel) -> list[dict[str, Any]]:
    """Return hits and tries of each limit of a tag, from its minute means."""
    found = trends(channel.mean)
    records = [
        (each, hindcast(minutes_until(found, channel.mean, each), channel.mean, each)) for each in tag.limits
    ]
    return [
        {"tag": tag.name, "side": each.side, "limit": each.value, "hits": record.hits, "tries": record.tries}
        for each, record in records
        if record.tries
    ]


def record_of(past: Sequence[BatchHindcast], tag: str, limit: Limit) -> HitRate:
    """Return how often forecasts of a limit were right in past batches."""
    found = HitRate()
    for row in (row for stored in past for row in stored.limits):
        if (row["tag"], row["side"], row["limit"]) == (tag, limit.side, limit.value):
            found += HitRate(row["hits"], row["tries"])
    return found
