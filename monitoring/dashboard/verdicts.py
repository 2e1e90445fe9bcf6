"""The verdict on a deviation in words: the probe or the process, and six estimates side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from monitoring.batches.verdict.words import input_title

KNOWN_FROM = "Known from 10 minutes on."
NOT_KNOWN = "Not known."
SHOWN_FROM = timedelta(minutes=10)
TITLES = {"probe": "Probe", "process": "Process", "undecided": "Undecided"}
SHAPES = {"probe": "◇", "process": "■", "undecided": "?"}
AGREES, DIFFERS, UNKNOWN = "agrees", "differs", "unknown"
MARKS = {AGREES: "✓", DIFFERS: "≠", UNKNOWN: "–"}
DIFFERS_WORD = "Differs"  # with which sentences of estimates begin


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """An estimate of oxygen uptake or of a balance, against the others; ``state``: a key of ``MARKS``."""

    title: str
    probe: str
    state: str
    text: str

    @property
    def mark(self) -> str:
        """Return the sign of the state."""
        return MARKS[self.state]


@dataclass(frozen=True, slots=True)
class VerdictCard:
    """A verdict that is shown; ``says`` is empty before it is known, and ``sentence`` tells so."""

    says: str
    sentence: str
    estimates: tuple[EstimateRow, ...] = ()

    @property
    def title(self) -> str:
        """Return the verdict in one word."""
        return TITLES.get(self.says, self.says.capitalize())

    @property
    def shape(self) -> str:
        """Return a sign of the verdict, so that none is told by colour alone."""
        return SHAPES.get(self.says, "?")

    @property
    def line(self) -> str:
        """Return the verdict in one line."""
        return f"{self.title}: {self.sentence}" if self.says else f"Probe or process? {self.sentence}"


def verdict_card(verdict: Mapping[str, Any] | None, age: timedelta) -> VerdictCard:
    """Return the verdict as the page shows it, from the JSON of a deviation that began ``age`` ago."""
    if not verdict or not verdict.get("is_shown"):
        return VerdictCard("", KNOWN_FROM if age < SHOWN_FROM else NOT_KNOWN)
    says, sentence = str(verdict.get("says", "")), str(verdict.get("sentence", ""))
    return VerdictCard(
        says=says,
        sentence=capitalised(sentence.removeprefix(f"{TITLES.get(says, '')}: ")),
        estimates=tuple(map(estimate_row, verdict.get("estimates", ()))),
    )


def capitalised(text: str) -> str:
    """Return a sentence with a capital letter, but for pH."""
    return text if text.startswith("pH") else text[:1].upper() + text[1:]


def estimate_row(estimate: Mapping[str, Any]) -> EstimateRow:
    """Return an estimate in words: it agrees, it differs by so much, or what its calculation lacks."""
    agrees = estimate.get("agrees")
    state = UNKNOWN if agrees is None else AGREES if agrees else DIFFERS
    texts = {
        AGREES: "agrees",
        DIFFERS: difference_text(estimate),
        UNKNOWN: f"not known{needs_text(estimate)}",
    }
    return EstimateRow(
        title=str(estimate.get("title", "")),
        probe=str(estimate.get("probe", "")),
        state=state,
        text=texts[state],
    )


def difference_text(estimate: Mapping[str, Any]) -> str:
    """Return how far an estimate lies above or below the others, in the words of the verdict."""
    amount = str(estimate.get("sentence", "")).removeprefix(DIFFERS_WORD).strip(" .:")
    return f"differs: {amount}" if amount else "differs"


def needs_text(estimate: Mapping[str, Any]) -> str:
    """Return the roles and constants that an estimate lacks; empty without any."""
    titles = ", ".join(input_title(str(name)) for name in estimate.get("needs", ()))
    return f": needs {titles}" if titles else ""
