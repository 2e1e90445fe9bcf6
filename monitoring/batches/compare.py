"""Compare batches: the course of a tag or role in each, over elapsed time, phases or maturity."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np

from monitoring.batches.batch_trend import (
    TrendRange,
    bindings_of,
    common_step,
    concatenated,
    range_of,
    read_bindings,
)
from monitoring.batches.compare_axes import (
    PhaseSlot,
    breaks_after,
    maturity_percent,
    phase_slots,
    with_breaks,
    x_with_breaks,
)
from monitoring.batches.elapsed import clipped_end, elapsed_h
from monitoring.batches.errors import BatchInputError
from monitoring.batches.finding import bindings_between, recipe_phases
from monitoring.batches.golden.bands import needed_roles, profile_for, unpacked
from monitoring.batches.golden.coordinates import progress
from monitoring.batches.golden.reading import read_member
from monitoring.batches.vessel_roles import OTHER, role_title
from monitoring.history.trend_plan import means
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.kernel.rollups import Buckets
from monitoring.models import Batch, Profile, TagFunction, VesselTag

LEAST, MOST = 2, 8
HOUR_S = 3_600
Json = dict[str, Any]
Axis = Callable[[IntArray], FloatArray]


class Align(StrEnum):
    """The axis over which batches are compared."""

    ELAPSED = "elapsed"
    PHASE = "phase"
    MATURITY = "maturity"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a batch, half-open, in microseconds since 1970, with its map to the common axis."""

    start_us: int
    stop_us: int
    x: Axis


@dataclass(frozen=True, slots=True)
class AlignedBatch:
    """A batch on the common axis; ``missing`` says why it has no course."""

    batch: Batch
    pieces: Sequence[Piece]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """The compared signal: a role, or a tag."""

    role: str = ""
    tag: str = ""


def compare(batches: Sequence[Batch], subject: Subject, *, align: Align, points: int, now: datetime) -> Json:
    """Return the course of the subject in each batch, at most about ``points`` buckets each.

    Raises:
        BatchInputError: no batch has the subject, or nothing to align by.
    """
    aligned, slots, profile = ALIGNERS[align](batches, now)
    courses = [course_json(each, subject, points, now) for each in aligned]
    check_some(courses)
    return {
        "align": align.value,
        "unit": "%" if align == Align.MATURITY else "h",
        "role": subject.role or None,
        "tag": subject.tag or None,
        "profile": profile and {"name": profile.name, "version": profile.version},
        "phases": [
            {"name": slot.name, "start": round(slot.start_h, 4), "length": round(slot.length_h, 4)}
            for slot in slots
        ],
        "batches": courses,
        "common": common_subjects(batches, now),
    }


def check_some(courses: Sequence[Json]) -> None:
    """Check that a batch has a course.

    Raises:
        BatchInputError: none has one; the message is that of the first batch.
    """
    if all(each["missing"] for each in courses):
        raise BatchInputError(courses[0]["missing"], "batch")


def by_elapsed_time(batches: Sequence[Batch], now: datetime) -> "Aligned":
    """Align batches by the hours since the inoculation."""
    return [AlignedBatch(batch, [elapsed_piece(batch, now)]) for batch in batches], [], None


def elapsed_piece(batch: Batch, now: datetime) -> Piece:
    """Return the whole batch over elapsed time; a planned batch is empty."""
    start = batch.start or now
    end = clipped_end(batch, now) if batch.start else now
    return Piece(to_micros(start), to_micros(end), lambda time_us: elapsed_h(batch, time_us))


def by_phases(batches: Sequence[Batch], now: datetime) -> "Aligned":
    """Align batches by the begin of each phase, phases laid one behind the other."""
    spans = [phase_spans(batch, now) for batch in batches]
    durations = [{name: (stop - start) / SECOND_US / HOUR_S for name, start, stop in each} for each in spans]
    typical = {
        phase.name: phase.typical_duration_s / HOUR_S
        for batch in batches
        for phase in recipe_phases(batch)
        if phase.typical_duration_s
    }
    slots = phase_slots(durations, typical)
    offsets = {slot.name: slot.start_h for slot in slots}
    aligned = [
        AlignedBatch(
            batch,
            [*lead_piece(batch, own, offsets), *(phase_piece(*span, offsets[span[0]]) for span in own)],
            "" if own else f"batch {batch.name} has no phases",
        )
        for batch, own in zip(batches, spans, strict=True)
    ]
    return aligned, slots, None


def phase_spans(batch: Batch, now: datetime) -> list[tuple[str, int, int]]:
    """Return name, begin and end of each phase; one that lasts ends now."""
    last = to_micros(clipped_end(batch, now))
    return [
        (phase.name, to_micros(phase.start), to_micros(phase.end) if phase.end else last)
        for phase in batch.phases.all()
    ]


def lead_piece(
    batch: Batch, spans: Sequence[tuple[str, int, int]], offsets: dict[str, float]
) -> Iterator[Piece]:
    """Yield the time from the start to the first phase, which lies before that phase's slot."""
    if spans and batch.start and to_micros(batch.start) < spans[0][1] and not offsets[spans[0][0]]:
        yield Piece(to_micros(batch.start), spans[0][1], hours_since(spans[0][1], 0.0))


def phase_piece(name: str, start_us: int, stop_us: int, offset_h: float) -> Piece:
    """Return a phase over the hours since its begin, in its slot."""
    return Piece(start_us, stop_us, hours_since(start_us, offset_h))


def hours_since(start_us: int, offset_h: float) -> Axis:
    """Return the map from a time to hours since ``start_us``, moved by ``offset_h``."""
    return lambda time_us: offset_h + (time_us - start_us) / SECOND_US / HOUR_S


def by_maturity(batches: Sequence[Batch], now: datetime) -> "Aligned":
    """Align batches by their progress through the golden profile of their recipe.

    Raises:
        BatchInputError: no batch has a profile.
    """
    profile = next(filter(None, map(profile_for, batches)), None)
    if profile is None:
        raise BatchInputError("no golden profile of the recipe: align by elapsed or phase", "align")
    return [mature(batch, profile, now) for batch in batches], [], profile


def mature(batch: Batch, profile: Profile, now: datetime) -> AlignedBatch:
    """Return a batch over its maturity in percent."""
    fitted = unpacked(profile)
    if batch.start is None:
        return AlignedBatch(batch, [], f"batch {batch.name} has not started")
    member = read_member(batch, now=now, roles=needed_roles(fitted, "")).member
    along = [
        progress(member, phase.name, phase.choice.coordinate) if member.during(phase.name).any() else None
        for phase in fitted.phases
    ]
    percent = maturity_percent(
        [phase.hour for phase in fitted.phases], along, [phase.reference.grid for phase in fitted.phases]
    )
    minute_h, known = [], []
    for phase, values in zip(fitted.phases, percent, strict=True):
        if values is not None:
            minute_h.append(member.hour[member.during(phase.name)])
            known.append(values)
    if not known:
        return AlignedBatch(batch, [], f"batch {batch.name} has no values to tell its maturity by")
    hour, maturity = np.concatenate(minute_h), np.concatenate(known)
    order = np.argsort(hour, kind="stable")
    piece = elapsed_piece(batch, now)

    def x(time_us: IntArray) -> FloatArray:
        found = np.interp(elapsed_h(batch, time_us), hour[order], maturity[order], left=np.nan)
        return np.asarray(found, dtype=np.float64)

    return AlignedBatch(batch, [Piece(piece.start_us, piece.stop_us, x)])


Aligned = tuple[list[AlignedBatch], list[PhaseSlot], Profile | None]
ALIGNERS: dict[Align, Callable[[Sequence[Batch], datetime], Aligned]] = {
    Align.ELAPSED: by_elapsed_time,
    Align.PHASE: by_phases,
    Align.MATURITY: by_maturity,
}


def course_json(aligned: AlignedBatch, subject: Subject, points: int, now: datetime) -> Json:
    """Return a batch with its course as columns of equal length; None marks an interruption of the line."""
    batch = aligned.batch
    empty: Json = {"tag": None, "title": "", "unit": "", "resolution_s": None}
    columns: Json = {"x": [], "min": [], "mean": [], "max": []}
    numbers: Json = {"low": None, "average": None, "high": None, "last": None}
    missing = aligned.missing or (f"batch {batch.name} has not started" if batch.start is None else "")
    if not missing:
        try:
            empty, columns, numbers = read_course(aligned, subject, points)
        except BatchInputError as error:
            missing = str(error)
    return {
        "id": batch.pk,
        "name": batch.name,
        "vessel": batch.vessel.name,
        "state": batch.state,
        **empty,
        **columns,
        **numbers,
        "durations_s": {name: (stop - start) // SECOND_US for name, start, stop in phase_spans(batch, now)}
        if batch.start
        else {},
        "missing": missing,
    }


def read_course(aligned: AlignedBatch, subject: Subject, points: int) -> tuple[Json, Json, Json]:
    """Return the tag, the columns and the key numbers of a batch.

    Raises:
        BatchInputError: the batch has no such tag.
    """
    whole = aligned.pieces[-1].stop_us - aligned.pieces[0].start_us
    read = [
        (piece, *read_piece(aligned.batch, piece, subject, share_of(piece, whole, points)))
        for piece in aligned.pieces
    ]
    newest, tag = read[-1][1], read[-1][1].tag
    buckets = concatenated([found for *_, found in read])
    place = np.concatenate([np.full(len(found), i) for i, (*_, found) in enumerate(read)])
    x = np.concatenate([piece.x(found.start.clip(piece.start_us)) for piece, *_, found in read])
    step_us = max(step for _, _, step, _ in read)
    mean = means(buckets)
    shown = np.isfinite(x)
    breaks = breaks_after(buckets.start[shown], step_us, place[shown])
    columns = {
        "x": [round(value, 4) for value in x_with_breaks(x[shown], breaks)],
        "min": with_breaks(buckets.minimum[shown], breaks),
        "mean": with_breaks(mean[shown], breaks),
        "max": with_breaks(buckets.maximum[shown], breaks),
    }
    return (
        {
            "tag": tag.name,
            "title": tag.shown_name if newest.role == OTHER else role_title(newest.role),
            "unit": tag.unit,
            "resolution_s": step_us / SECOND_US,
        },
        columns,
        numbers_of(buckets, mean),
    )


def numbers_of(buckets: Buckets, mean: FloatArray) -> Json:
    """Return lowest, mean, highest and last value; the last one is the mean of the last bucket."""
    if not len(buckets):
        return {"low": None, "average": None, "high": None, "last": None}
    average = float(buckets.total.sum() / buckets.count.sum())
    return {
        "low": float(buckets.minimum.min()),
        "average": average,
        "high": float(buckets.maximum.max()),
        "last": float(mean[-1]),
    }


def share_of(piece: Piece, whole_us: int, points: int) -> int:
    """Return the number of buckets of a piece."""
    return max(2, points * (piece.stop_us - piece.start_us) // max(1, whole_us))


def read_piece(batch: Batch, piece: Piece, subject: Subject, points: int) -> tuple[VesselTag, int, Buckets]:
    """Return the newest binding, the step in microseconds, and the buckets of a piece.

    Raises:
        BatchInputError: the batch has no such tag.
    """
    within = TrendRange(piece.start_us, max(piece.stop_us, piece.start_us + 1), points)
    bindings = bindings_of(batch, within, subject.tag, subject.role)
    step = common_step(bindings, within)
    return bindings[-1], step.us, step.bucketed(read_bindings(bindings, step, within))


def common_subjects(batches: Sequence[Batch], now: datetime) -> list[Json]:
    """Return the roles measured in all batches, and the tags without role bound in all, with titles."""
    found: list[dict[tuple[str, str], str]] = []
    for batch in batches:
        within = range_of(batch, start=None, end=None, points=1, now=now)
        end = now if within.is_empty else clipped_end(batch, now)
        bindings = bindings_between(batch.vessel, batch.start or now, end)
        found.append(dict(map(subject_of, bindings.filter(function=TagFunction.MEASURED))))
    shared = [key for key in found[0] if all(key in each for each in found)]
    return [{"role": role or None, "tag": tag or None, "title": found[0][role, tag]} for role, tag in shared]


def subject_of(binding: VesselTag) -> tuple[tuple[str, str], str]:
    """Return role or tag of a binding, and its title."""
    if binding.role == OTHER:
        return ("", binding.tag.name), binding.tag.shown_name
    return (binding.role, ""), role_title(binding.role)
