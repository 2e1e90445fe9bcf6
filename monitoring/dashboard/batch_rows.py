"""A batch in words: rows of the tables, and the header of its page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitoring.batches.finding import recipe_phases
from monitoring.dashboard import words
from monitoring.dashboard.batch_words import SOURCE_WORDS, STATE_WORDS, elapsed_text
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.vessel_tiles import BatchProgress, present_phase, progress_of
from monitoring.dashboard.watch_states import deviating
from monitoring.models import Batch, BatchPhase, MomentSource


@dataclass(frozen=True, slots=True)
class MomentRow:
    """A moment of a batch; ``is_guessed``: by a rule, and not confirmed yet."""

    name: str
    title: str
    at: Moment
    source: str
    by: str
    is_guessed: bool


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase, with its place on the bar in percent of the batch's length."""

    phase: BatchPhase
    start: Moment
    lasted: str
    usual: str
    source: str
    left: float
    width: float

    @property
    def is_guessed(self) -> bool:
        """Return whether a rule has found the begin, and no person has confirmed it."""
        return self.phase.source == MomentSource.RULE


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch in the tables; ``deviates``: a deviation from golden batches lasts."""

    batch: Batch
    state: str
    start: Moment | None
    end: Moment | None
    phase: str
    progress: BatchProgress
    deviates: bool = False

    @property
    def elapsed(self) -> str:
        """Return the elapsed time; empty before the inoculation."""
        return elapsed_text(self.progress.elapsed)


def batch_row(batch: Batch, now: datetime) -> BatchRow:
    """Return a batch of ``all_batches`` in words."""
    phase = present_phase(batch)
    return BatchRow(
        batch=batch,
        state=STATE_WORDS[batch.state],
        start=moment(batch.start, now) if batch.start else None,
        end=moment(batch.end, now) if batch.end else None,
        phase=phase.name if phase else "",
        progress=progress_of(batch, now),
    )


def batch_table(batches: Sequence[Batch], now: datetime) -> list[BatchRow]:
    """Return batches in words, those with an open deviation marked."""
    marked = deviating(batch.pk for batch in batches)
    return [replace(batch_row(batch, now), deviates=batch.pk in marked) for batch in batches]


def moments_of(batch: Batch, now: datetime) -> list[MomentRow]:
    """Return the moments that have come, in order."""
    known = (
        ("start", "Start", batch.start, batch.start_source, batch.started_by),
        ("inoculation", "Inoculation", batch.inoculated_at, batch.inoculation_source, ""),
        ("end", "End", batch.end, batch.end_source, batch.ended_by),
    )
    return [
        MomentRow(
            name, title, moment(at, now), source_text(source), by, is_guessed=source == MomentSource.RULE
        )
        for name, title, at, source, by in known
        if at is not None
    ]


def source_text(source: str) -> str:
    """Return the origin of a moment in words; empty if unknown."""
    return SOURCE_WORDS.get(source, "")


def phases_of(batch: Batch, now: datetime) -> list[PhaseRow]:
    """Return the phases with their places between the start of the batch and its end or ``now``."""
    usual = {each.name: each.typical_duration_s for each in recipe_phases(batch)}
    first, last = batch.start or now, batch.end or now
    length = max(1.0, (last - first).total_seconds())
    return [phase_row(phase, first, length, usual.get(phase.name), now) for phase in batch.phases.all()]


def phase_row(
    phase: BatchPhase, first: datetime, length_s: float, usual_s: int | None, now: datetime
) -> PhaseRow:
    """Return a phase in words; ``first`` and ``length_s`` are begin and length of the bar."""
    left_s = (phase.start - first).total_seconds()
    lasted_s = max(0.0, ((phase.end or now) - phase.start).total_seconds())
    return PhaseRow(
        phase=phase,
        start=moment(phase.start, now),
        lasted=words.duration_text(lasted_s),
        usual=words.duration_text(usual_s) if usual_s else "",
        source=source_text(phase.source),
        left=round(100 * max(0.0, left_s) / length_s, 3),
        width=round(100 * lasted_s / length_s, 3),
    )


def regions_of(phases: Sequence[PhaseRow], origin: datetime, now: datetime) -> list[dict[str, object]]:
    """Return the phases for the charts: begin and end in hours since ``origin``."""
    return [
        {
            "from": hours_since(origin, row.phase.start),
            "to": hours_since(origin, row.phase.end or now),
            "label": row.phase.name,
        }
        for row in phases
    ]


def hours_since(origin: datetime, time: datetime) -> float:
    """Return the hours from ``origin`` to ``time``, to a tenth of a second."""
    return round((time - origin).total_seconds() / 3_600, 6)
