"""The strongest evidence for a cause in some minutes of a batch."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitoring.batches.verdict import antifoam
from monitoring.batches.verdict.case import Case
from monitoring.batches.verdict.checks import CHECKS
from monitoring.batches.verdict.patterns import best_patterns
from monitoring.batches.verdict.signatures import SIGNATURES

DIRECT = 3000.0
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
    best, first = NOTHING, -1
    for found in findings(case):
        first = found.minute if first < 0 else first
        is_timely = found.strength < DIRECT or found.minute - first <= DIRECT_MINUTES
        if (is_timely or follows(found, best)) and found.strength > best.strength:
            best = found
    return best


def follows(found: Finding, best: Finding) -> bool:
    """Return whether a late direct check confirms the present verdict, or shows that pH was right."""
    return found.cause == best.cause or (found.cause, best.cause) == ("base", "ph")


def findings(case: Case) -> Iterator[Finding]:
    """Yield the strongest evidence of each minute of the window that has any."""
    patterns = best_patterns(case)
    holds = [check.holds(case)[case.window] for check in CHECKS]
    for place in range(case.last + 1 - case.first):
        minute = case.first + place
        direct = next((check for check, held in zip(CHECKS, holds, strict=True) if held[place]), None)
        if direct:
            yield Finding(minute, direct.strength, direct.cause)
        elif patterns.evidence[place] > 0:
            cause = SIGNATURES[patterns.signature[place]].cause
            if cause == "do" and antifoam.explains(case, minute, float(patterns.amount[place])):
                cause = "kla"
            yield Finding(minute, float(patterns.evidence[place]), cause)
