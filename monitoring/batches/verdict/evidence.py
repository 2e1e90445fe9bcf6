"""The strongest evidence for a cause in some minutes of a batch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitoring.batches.verdict import antifoam
from monitoring.batches.verdict.case import Case
from monitoring.batches.verdict.checks import CHECKS
from monitoring.batches.verdict.patterns import Patterns, best_patterns
from monitoring.batches.verdict.signatures import SIGNATURES
from monitoring.kernel.arrays import FloatArray

DIRECT = 3000.0
STRENGTHS = np.array([check.strength for check in CHECKS])
DIRECT_MINUTES = 30  # after the first evidence; later a controller or the culture follows


@dataclass(frozen=True, slots=True)
class Finding:
    """The strongest evidence of a minute, and its cause."""

    minute: int
    strength: float
    cause: str


NOTHING = Finding(-1, 0.0, "")


def strongest(case: Case) -> Finding:
    """Return the strongest evidence; a direct check counts within 30 minutes of the first evidence."""
    best = NOTHING
    for found, is_timely in findings(case):
        if (is_timely or follows(found, best)) and found.strength > best.strength:
            best = found
    return best


def follows(found: Finding, best: Finding) -> bool:
    """Return whether a late direct check confirms the present verdict, or shows that pH was right."""
    return found.cause == best.cause or (found.cause, best.cause) == ("base", "ph")


def findings(case: Case) -> Iterator[tuple[Finding, bool]]:
    """Yield the evidence of minutes that may be stronger than before, and whether it is timely."""
    patterns = best_patterns(case)
    # The strongest check comes first, so that the first one that holds is the largest.
    holds = np.array([check.holds(case)[case.window] for check in CHECKS])
    check = holds.argmax(axis=0)
    direct = np.where(holds.any(axis=0), STRENGTHS[check], 0.0)
    strength = np.maximum(direct, patterns.evidence)
    since_first = np.arange(len(strength)) - (strength > 0).argmax()
    is_timely = (strength < DIRECT) | (since_first <= DIRECT_MINUTES)
    for place in records(strength, np.where(is_timely, strength, 0.0)):
        is_direct = direct[place] >= patterns.evidence[place]
        cause = CHECKS[check[place]].cause if is_direct else cause_of(case, patterns, place)
        yield Finding(case.first + place, float(strength[place]), cause), bool(is_timely[place])


def records(values: FloatArray, earlier: FloatArray) -> list[int]:
    """Return the places of values above 0 and above all of ``earlier`` at places before."""
    largest = np.concatenate(([0.0], np.maximum.accumulate(earlier)[:-1]))[: len(values)]
    found: list[int] = np.flatnonzero(values > largest).tolist()
    return found


def cause_of(case: Case, patterns: Patterns, place: int) -> str:
    """Return the cause by the patterns at a minute of the window; antifoam may explain that DO differs."""
    cause = SIGNATURES[patterns.signature[place]].cause
    is_explained = cause == "do" and antifoam.explains(case, case.first + place, patterns.amount[place])
    return "kla" if is_explained else cause
