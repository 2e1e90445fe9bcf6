"""The verdict on a deviation: of a probe, of the process, or undecided."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.batches.verdict.case import Case
from monitoring.batches.verdict.causes import CAUSES, UNDECIDED
from monitoring.batches.verdict.estimates import Estimate, estimates_at
from monitoring.batches.verdict.evidence import strongest
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.score import Deviation
from monitoring.batches.watch.watching import WatchResult

BEFORE_MINUTES = 10
SHOWN_MINUTES = 10
LEAST_MINUTES, MOST_MINUTES = 60, 240  # after the begin, for evidence
SETPOINTS = ("jacket_temperature",)  # that the golden course cannot replace


@dataclass(frozen=True, slots=True)
class Verdict:
    """Probe, process or undecided.

    ``says`` is "probe", "process" or "undecided"; ``about`` its subject, empty if undecided; ``cause`` the
    name in ``CAUSES``. ``evidence`` is the margin to the other class (χ²), from 3,000 on the strength of a
    direct check. ``minute`` is the index of the strongest minute. ``is_shown``: 10 minutes have passed since
    the begin of the deviation; before, a verdict is too often wrong. ``missing`` are roles, constants and
    setpoints ("jacket_temperature setpoint") that would help to decide; empty unless undecided.
    """

    says: str
    about: str
    cause: str
    evidence: float
    minute: int
    is_shown: bool
    missing: tuple[str, ...]
    estimates: tuple[Estimate, ...]


def judge(
    model: WatchModel,
    batch: BatchMinutes,
    result: WatchResult,
    deviation: Deviation,
    upto: int | None = None,
) -> Verdict:
    """Return the verdict on a deviation by the minutes up to ``upto``, the newest one known.

    ``result`` is that of ``watch(model, batch)``, and has the deviation.
    """
    case = case_of(model, batch, result, deviation, upto)
    best = strongest(case)
    minute = min(deviation.peak, case.last) if best.minute < 0 else best.minute
    estimates = estimates_at(case, minute)
    cause = CAUSES.get(best.cause)
    return Verdict(
        says=cause.says if cause else UNDECIDED,
        about=cause.about if cause else "",
        cause=best.cause,
        evidence=best.strength,
        minute=minute,
        is_shown=newest_minute(result, upto) >= deviation.start + SHOWN_MINUTES,
        missing=() if cause else missing_for(case, estimates),
        estimates=estimates,
    )


def newest_minute(result: WatchResult, upto: int | None) -> int:
    """Return the newest minute known."""
    return len(result.hour) - 1 if upto is None else upto


def case_of(
    model: WatchModel,
    batch: BatchMinutes,
    result: WatchResult,
    deviation: Deviation,
    upto: int | None = None,
) -> Case:
    """Return the minutes from 10 before the deviation to its end, or to the newest minute known.

    At least an hour, as the cause of a short deviation may show later, and at most four.
    """
    newest = newest_minute(result, upto)
    last = min(newest, deviation.start + MOST_MINUTES)
    if deviation.end is not None:
        last = min(last, max(deviation.end - 1, deviation.start + LEAST_MINUTES))
    first = max(deviation.start - BEFORE_MINUTES, 0)
    return Case(model, batch, result, first, max(first, last))


def missing_for(case: Case, estimates: Sequence[Estimate]) -> tuple[str, ...]:
    """Return roles, constants and setpoints that would help to decide, each once."""
    needs = [name for estimate in estimates for name in estimate.needs]
    setpoints = [
        f"{role} setpoint"
        for role in SETPOINTS
        if case.batch.inputs.has(role) and role not in case.batch.setpoints
    ]
    return tuple(dict.fromkeys(needs + setpoints))
