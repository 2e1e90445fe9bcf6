"""The report of a batch: all that is known about it as one JSON object, and the hash of that object."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from monitoring.batches.bound_tags import (
    BatchExtent,
    BoundTag,
    Covers,
    bound_tags,
    extent_of,
    minutes_in,
    windows,
)
from monitoring.batches.report_records import RecordScope, read_records
from monitoring.batches.report_statistics import GapSums, PhaseSpan, add_to_phases, chart_of, phases_of
from monitoring.batches.sensor_series import last_json
from monitoring.batches.setpoint_changes import MOST_CHANGES, changes_of
from monitoring.batches.soft_sensor_series import read_soft_sensors
from monitoring.batches.watched.deviations import deviation_json, read_deviations
from monitoring.history.rollup_rows import newest_rollup, read_rollups
from monitoring.kernel.clock import FIRST_MICROS, iso_or_none, iso_utc, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets
from monitoring.models import Batch, BatchPhase, TagFunction

VERSION = 1  # of the object's form; the hash of another form differs
WINDOW_MINUTES = 10_000  # in memory at a time, of one tag
MOST_DEVIATIONS = 500
OF_THE_BATCH = ("id", "batch", "batch_name", "vessel")  # not repeated with each deviation
MINUTE_S = RESOLUTIONS_S[0]
Json = dict[str, Any]


def read_report(batch: Batch, *, now: datetime, covers: Covers, is_whole: bool = True) -> Json:
    """Return the report of a batch, from rollups and records: the same data give the same object.

    ``covers`` limits the tags. Without ``is_whole``, records that belong to no single tag are left out.
    A batch that runs is reported up to the last whole minute before ``now``.

    Raises:
        BatchConflictError: the batch is planned.
    """
    extent = extent_of(batch, now)
    phases = list(batch.phases.all())
    tags = bound_tags(extent, covers)

    spans = phase_spans(phases, extent)
    return {
        "version": VERSION,
        "batch": head_of(batch, extent),
        "all_tags": is_whole,
        "phases": [phase_json(phase, extent) for phase in phases],
        "tags": [tag_json(bound, extent, spans) for bound in tags],
        "setpoints": [setpoint_json(bound, extent) for bound in tags if is_setpoint(bound)],
        "soft_sensors": soft_sensors_of(extent) if is_whole else [],
        "deviations": deviations_of(batch) if is_whole else [],
        **read_records(RecordScope(extent, {bound.tag.name: bound for bound in tags}, is_whole)),
    }


def hash_of(report: Json) -> str:
    """Return the SHA-256 of the report as JSON with sorted names, without white space, in UTF-8.

    Every language's standard library can write this form, so that anybody can check a stored report.
    """
    text = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def head_of(batch: Batch, extent: BatchExtent) -> Json:
    """Return the header: identity, moments with their sources, and the profile."""
    recipe, profile = batch.recipe, batch.profile
    return {
        "id": batch.pk,
        "name": batch.name,
        "vessel": batch.vessel.name,
        "vessel_title": batch.vessel.title,
        "recipe": recipe and {"name": recipe.name, "version": recipe.version},
        "product": batch.product,
        "strain": batch.strain,
        "header": dict(sorted(batch.header.items())),  # PostgreSQL keeps no order
        "state": batch.state,
        "start": iso_or_none(batch.start),
        "start_source": batch.start_source,
        "started_by": batch.started_by,
        "inoculated_at": iso_or_none(batch.inoculated_at),
        "inoculation_source": batch.inoculation_source,
        "end": iso_or_none(batch.end),
        "end_source": batch.end_source,
        "ended_by": batch.ended_by,
        "end_reason": batch.end_reason,
        "until": iso_utc(extent.end),
        "elapsed_h": extent.elapsed_h(to_micros(batch.end) if batch.end else extent.stop_us),
        "golden": batch.is_golden,
        "excluded_reason": batch.excluded_reason,
        "profile": profile
        and {"name": profile.name, "version": profile.version, "hash": profile.inputs_hash},
    }


def phase_json(phase: BatchPhase, extent: BatchExtent) -> Json:
    """Return a phase with its duration; that of a phase that lasts is up to the end of the report."""
    start, end = to_micros(phase.start), to_micros(phase.end) if phase.end else None
    return {
        "name": phase.name,
        "start": iso_utc(phase.start),
        "end": iso_or_none(phase.end),
        "start_h": extent.elapsed_h(start),
        "duration_s": ((end or max(extent.stop_us, start)) - start) // 1_000_000,
        "source": phase.source,
        "by": phase.by,
    }


def phase_spans(phases: Sequence[BatchPhase], extent: BatchExtent) -> list[PhaseSpan]:
    """Return the phases as half-open times; the last one extends to the end of the batch's last minute."""
    ends = [to_micros(phase.end) if phase.end else extent.stop_us for phase in phases]
    if phases:
        ends[-1] = extent.stop_us
    return [
        PhaseSpan(phase.name, to_micros(phase.start), end) for phase, end in zip(phases, ends, strict=True)
    ]


def tag_json(bound: BoundTag, extent: BatchExtent, spans: list[PhaseSpan]) -> Json:
    """Return a tag with its statistics and its course, read in windows."""
    tag = bound.tag
    phases, chart, gaps = (
        phases_of(spans, extent.first_us, extent.stop_us),
        chart_of(extent.first_us, extent.stop_us),
        GapSums(),
    )
    for begin, stop in bound.spans_us:
        gaps.begin(begin)
        for minutes in windows_of(bound, extent, begin, stop):
            add_to_phases(phases, minutes, tag.lower_limit, tag.upper_limit)
            chart.add(minutes)
            gaps.add(minutes)
        gaps.end(stop)
    has_limits = tag.lower_limit is not None or tag.upper_limit is not None
    return {
        "tag": tag.name,
        "title": tag.shown_name,
        "unit": tag.unit,
        "role": bound.role,
        "function": bound.function,
        "decimals": tag.decimals,
        "limits": {"lower": tag.lower_limit, "upper": tag.upper_limit},
        "statistics": [each.as_json(has_limits=has_limits) for each in phases],
        "missing_s": gaps.missing_us // 1_000_000,
        "longest_gap_s": gaps.longest_us // 1_000_000,
        "course": chart.as_json(),
    }


def windows_of(bound: BoundTag, extent: BatchExtent, begin_us: int, stop_us: int) -> Iterator[Buckets]:
    """Yield the tag's minutes between two times, a window at a time."""
    for first, stop in windows(extent, WINDOW_MINUTES):
        low, high = max(first, begin_us), min(stop, stop_us)
        if low < high:
            yield read_rollups(bound.pk, MINUTE_S, low, high)


def soft_sensors_of(extent: BatchExtent) -> list[Json]:
    """Return the last value of each soft sensor and computed tag, or its missing inputs."""
    found = read_soft_sensors(extent.batch, now=extent.end)
    return [
        {
            "name": each.name,
            "title": each.title,
            "unit": each.unit,
            "decimals": each.decimals,
            "formula": each.formula,
            "source": each.source,
            "last": last_json(each.values, found),
            "missing": list(each.missing),
            "remarks": list(each.remarks),
        }
        for each in found.series
    ]


def deviations_of(batch: Batch) -> list[Json]:
    """Return the deviations from golden batches in order of time, each with its verdict."""
    rows = list(read_deviations([batch.pk]).reverse()[:MOST_DEVIATIONS])
    return [
        {name: value for name, value in deviation_json(row).items() if name not in OF_THE_BATCH}
        for row in rows
    ]


def is_setpoint(bound: BoundTag) -> bool:
    """Return whether the tag is a setpoint."""
    return bound.function == TagFunction.SETPOINT


def setpoint_json(bound: BoundTag, extent: BatchExtent) -> Json:
    """Return the value in force at the start of the batch, and the changes since."""
    initial = value_before(bound, extent.first_us)
    minutes = (part for window in windows(extent, WINDOW_MINUTES) for part in minutes_in(bound, *window))
    changes: list[Json] = []
    more = 0
    for change in changes_of(minutes, initial):
        if len(changes) < MOST_CHANGES:
            changes.append(change.as_json())
        else:
            more += 1
    return {"tag": bound.tag.name, "initial": initial, "changes": changes, "more_changes": more}


def value_before(bound: BoundTag, time_us: int) -> float | None:
    """Return the last value before a time, if the tag was bound at that time; None if there is none."""
    last = newest_rollup(bound.pk, MINUTE_S, FIRST_MICROS, time_us)
    if bound.spans_us[0][0] > time_us or not len(last):
        return None
    return float(last.minimum[0] if last.minimum_at[0] > last.maximum_at[0] else last.maximum[0])
