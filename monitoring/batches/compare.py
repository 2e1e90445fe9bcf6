"""Compare batches: the course of a tag or role in each, on a common axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from monitoring.batches.batch_trend import (
    TrendRange,
    bindings_of,
    common_step,
    range_of,
    read_bindings,
)
from monitoring.batches.compare_aligning import ALIGNERS, Align, AlignedBatch, AlignedPiece, phase_times
from monitoring.batches.compare_axes import (
    breaks_after,
    with_breaks,
    x_with_breaks,
)
from monitoring.batches.elapsed import clipped_end
from monitoring.batches.errors import BatchInputError
from monitoring.batches.finding import bindings_between
from monitoring.batches.vessel_roles import OTHER, role_title
from monitoring.history.trend_plan import means
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import Buckets, concatenated
from monitoring.models import Batch, TagFunction, VesselTag

LEAST, MOST = 2, 8
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ComparedSignal:
    """The compared signal: a role, or a tag."""

    role: str = ""
    tag: str = ""


def compare(
    batches: Sequence[Batch], subject: ComparedSignal, *, align: Align, points: int, now: datetime
) -> Json:
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


def course_json(aligned: AlignedBatch, subject: ComparedSignal, points: int, now: datetime) -> Json:
    """Return a batch with its course as columns of equal length; None marks an interruption of the line."""
    batch = aligned.batch
    empty: Json = {"tag": None, "title": "", "unit": "", "resolution_s": None}
    columns: Json = {"x": [], "min": [], "mean": [], "max": []}
    numbers: Json = {"low": None, "average": None, "high": None, "last": None}
    missing = aligned.missing or (f"batch {batch.name} has not started" if batch.start is None else "")
    if not missing:
        try:
            empty, columns, numbers = read_aligned(aligned, subject, points)
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
        "durations_s": {name: (stop - start) // SECOND_US for name, start, stop in phase_times(batch, now)}
        if batch.start
        else {},
        "missing": missing,
    }


def read_aligned(aligned: AlignedBatch, subject: ComparedSignal, points: int) -> tuple[Json, Json, Json]:
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


def share_of(piece: AlignedPiece, whole_us: int, points: int) -> int:
    """Return the number of buckets of a piece."""
    return max(2, points * (piece.stop_us - piece.start_us) // max(1, whole_us))


def read_piece(
    batch: Batch, piece: AlignedPiece, subject: ComparedSignal, points: int
) -> tuple[VesselTag, int, Buckets]:
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
