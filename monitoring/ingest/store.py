"""Writes judged timelines: new measurements, their findings, and what they change of stored ones."""

import math
from collections.abc import Mapping

import numpy as np

from monitoring.domain.clock import from_micros
from monitoring.domain.crash_points import crash_point
from monitoring.domain.detectors import BoolArray, Verdict
from monitoring.domain.timeline import Timeline
from monitoring.models import Finding, Measurement

Judged = tuple[Timeline, list[tuple[Verdict, BoolArray]]]


def store(judged: Mapping[str, Judged]) -> dict[int, Measurement]:
    """Stores one timeline a tag, inside the caller's transaction; the new measurements by position.

    The timelines were read in that same transaction, under the lock of their tags: so nothing
    can have come between, and an id is given to each time only once.
    """
    added: dict[int, Measurement] = {}
    for tag, (timeline, verdicts) in judged.items():
        flagged = np.logical_or.reduce([verdict.found for verdict, _ in verdicts])
        for place in np.flatnonzero(timeline.is_new):
            added[int(timeline.position[place])] = Measurement(
                tag_id=tag,
                timestamp=from_micros(timeline.time_us[place]),
                value=float(timeline.value[place]),
                is_anomaly=bool(flagged[place]),
            )
    Measurement.objects.bulk_create(sorted(added.values(), key=lambda row: (row.timestamp, row.tag_id)))
    crash_point("ingest.before_findings")
    for timeline, verdicts in judged.values():
        store_findings(timeline, verdicts, added)
    return added


def store_findings(
    timeline: Timeline, verdicts: list[tuple[Verdict, BoolArray]], added: Mapping[int, Measurement]
) -> None:
    """Keeps why the new are anomalies, and judges anew the stored ones that the new stand before."""
    ids = timeline.id.copy()
    for place in np.flatnonzero(timeline.is_new):
        ids[place] = added[int(timeline.position[place])].pk
    changed: set[int] = set()
    for verdict, judged in verdicts:
        again = judged & ~timeline.is_new
        if again.any():
            stale = Finding.objects.filter(measurement_id__in=ids[again].tolist(), reason=verdict.reason)
            changed.update(stale.values_list("measurement_id", flat=True))
            changed.update(ids[again & verdict.found].tolist())
            stale.delete()
    Finding.objects.bulk_create(
        Finding(
            measurement_id=int(ids[place]),
            reason=verdict.reason,
            lower=finite(verdict.lower[place]),
            upper=finite(verdict.upper[place]),
        )
        for verdict, judged in verdicts
        for place in np.flatnonzero(verdict.found & judged)
    )
    if changed:
        flag_by_findings(changed)


def flag_by_findings(ids: set[int]) -> None:
    """Sets the flags of these measurements to whether any finding speaks against them."""
    with_finding = set(
        Finding.objects.filter(measurement_id__in=ids).values_list("measurement_id", flat=True)
    )
    Measurement.objects.filter(id__in=with_finding, is_anomaly=False).update(is_anomaly=True)
    Measurement.objects.filter(id__in=ids - with_finding, is_anomaly=True).update(is_anomaly=False)


def finite(bound: float) -> float | None:
    """The bound as a column holds it: None where the band is open."""
    return float(bound) if math.isfinite(bound) else None
