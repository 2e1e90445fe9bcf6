"""Align batches on a common axis: elapsed time, phases, or progress through the golden profile."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from monitoring.batches.compare_axes import (
    PhaseSlot,
    maturity_percent,
    phase_slots,
)
from monitoring.batches.elapsed import clipped_end, elapsed_h
from monitoring.batches.errors import BatchInputError
from monitoring.batches.finding import recipe_phases
from monitoring.batches.golden.bands import needed_roles, profile_for, unpacked
from monitoring.batches.golden.coordinates import progress
from monitoring.batches.golden.reading import read_member
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.models import Batch, Profile

HOUR_S = 3_600
Axis = Callable[[IntArray], FloatArray]


class Align(StrEnum):
    """The axis over which batches are compared."""

    ELAPSED = "elapsed"
    PHASE = "phase"
    MATURITY = "maturity"


@dataclass(frozen=True, slots=True)
class AlignedPiece:
    """A part of a batch, half-open, in microseconds since 1970, with its map to the common axis."""

    start_us: int
    stop_us: int
    x: Axis


@dataclass(frozen=True, slots=True)
class AlignedBatch:
    """A batch on the common axis; ``missing`` says why it has no course."""

    batch: Batch
    pieces: Sequence[AlignedPiece]
    missing: str = ""


def by_elapsed_time(batches: Sequence[Batch], now: datetime) -> "Aligned":
    """Align batches by the hours since the inoculation."""
    return [AlignedBatch(batch, [elapsed_piece(batch, now)]) for batch in batches], [], None


def elapsed_piece(batch: Batch, now: datetime) -> AlignedPiece:
    """Return the whole batch over elapsed time; a planned batch is empty."""
    start = batch.start or now
    end = clipped_end(batch, now) if batch.start else now
    return AlignedPiece(to_micros(start), to_micros(end), lambda time_us: elapsed_h(batch, time_us))


def by_phases(batches: Sequence[Batch], now: datetime) -> "Aligned":
    """Align batches by the begin of each phase, phases laid one behind the other."""
    spans = [phase_times(batch, now) for batch in batches]
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


def phase_times(batch: Batch, now: datetime) -> list[tuple[str, int, int]]:
    """Return name, begin and end of each phase; one that lasts ends now."""
    last = to_micros(clipped_end(batch, now))
    return [
        (phase.name, to_micros(phase.start), to_micros(phase.end) if phase.end else last)
        for phase in batch.phases.all()
    ]


def lead_piece(
    batch: Batch, spans: Sequence[tuple[str, int, int]], offsets: dict[str, float]
) -> Iterator[AlignedPiece]:
    """Yield the time from the start to the first phase, which lies before that phase's slot."""
    if spans and batch.start and to_micros(batch.start) < spans[0][1] and not offsets[spans[0][0]]:
        yield AlignedPiece(to_micros(batch.start), spans[0][1], hours_since(spans[0][1], 0.0))


def phase_piece(name: str, start_us: int, stop_us: int, offset_h: float) -> AlignedPiece:
    """Return a phase over the hours since its begin, in its slot."""
    return AlignedPiece(start_us, stop_us, hours_since(start_us, offset_h))


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

    return AlignedBatch(batch, [AlignedPiece(piece.start_us, piece.stop_us, x)])


Aligned = tuple[list[AlignedBatch], list[PhaseSlot], Profile | None]
ALIGNERS: dict[Align, Callable[[Sequence[Batch], datetime], Aligned]] = {
    Align.ELAPSED: by_elapsed_time,
    Align.PHASE: by_phases,
    Align.MATURITY: by_maturity,
}
