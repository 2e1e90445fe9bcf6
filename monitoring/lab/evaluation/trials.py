"""Faults put into the default signals: how many are found, how soon, and how many by chance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from monitoring.detection.monitor import DetectionSettings, TagMonitor
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.tag_definition import DEFAULT_TAGS, DefaultTag
from monitoring.lab.evaluation.watching import EPOCH_S, FloatArray, Sighting, rule_flags, sightings, take_all
from monitoring.lab.fault_kinds import inject
from monitoring.lab.signal_families import DAY_S, default_signal

CLEAN_S = 9000
FAULT_S = 600
AFTER_S = 60
DURATION_S = {"spike": 1, "dropout": 5}


@dataclass(frozen=True, slots=True)
class Case:
    """A fault kind at a severity, in the unit that ``inject`` gives the severity."""

    kind: str
    severity: float = 0.0
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.severity:g}{self.unit}" if self.severity else self.kind

    @property
    def duration_s(self) -> int:
        """Return the duration of the fault."""
        return DURATION_S.get(self.kind, FAULT_S)


CASES = (
    Case("spike", 5, "σ"),
    Case("spike", 8, "σ"),
    Case("step", 3, "σ"),
    Case("step", 5, "σ"),
    Case("drift", 0.002, "σ/s"),
    Case("drift", 0.005, "σ/s"),
    Case("drift", 0.02, "σ/s"),
    Case("stuck"),
    Case("noise", 1.5, " x"),
    Case("noise", 2, " x"),
    Case("noise", 3, " x"),
    Case("dropout"),
    Case("pegged", 0.3, " range"),
    Case("pegged", 1, " range"),
    Case("clipped", 0.5, " amplitude"),
    Case("clipped", 0.8, " amplitude"),
    Case("missing"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Finding of a fault, if any.

    ``by_chance``: the paired clean run has a finding in the same window, so nothing counts. ``delay_s`` is
    from the fault to the reading at which the finding was reported; None without a finding.
    """

    by_chance: bool
    delay_s: float | None
    detector: str = ""


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """One case in one trial: the answers of the required rule and of all detectors."""

    case: Case
    rule: Answer
    whole: Answer


@dataclass(frozen=True, slots=True)
class Trial:
    """A default signal at a phase drawn from (seed, number), and the cases to try on this signal.

    2.5 hours are clean; then each fault lasts 600 s (a spike one reading, a dropout 5 s). A finding has to
    begin during the fault or up to 60 s later.
    """

    seed: int
    number: int
    cases: tuple[Case, ...] = CASES
    settings: DetectionSettings = field(default_factory=DetectionSettings)

    @property
    def tag(self) -> DefaultTag:
        """Return the tag of this trial; trials alternate between the default tags."""
        return DEFAULT_TAGS[self.number % len(DEFAULT_TAGS)]

    def signal(self) -> FloatArray:
        """Return the clean signal, to 60 s after the longest fault."""
        phase_s = int(np.random.default_rng([self.seed, self.number]).integers(DAY_S))
        length = CLEAN_S + FAULT_S + AFTER_S
        return default_signal(self.tag, seed=self.seed, phase_s=phase_s, length=length).values

    def faulty(self, case: Case, clean: FloatArray) -> FloatArray:
        """Return the same signal with the fault, at the sensor's resolution."""
        values = inject(
            case.kind,
            case.severity,
            clean,
            start=CLEAN_S,
            stop=CLEAN_S + case.duration_s,
            noise=self.tag.profile.noise,
            rng=np.random.default_rng([self.seed, self.number, crc32(str(case).encode())]),
        )
        return np.round(values, self.tag.profile.decimals)


@dataclass(frozen=True, slots=True)
class FindingWindow:
    """Seconds in which a finding has to begin, first and last, and the second that delays count from."""

    first: int
    last: int
    fault: int

    def holds(self, sighting: Sighting) -> bool:
        """Whether the finding begins in the window."""
        return self.first <= sighting.start_us // SECOND_US - EPOCH_S <= self.last


def run_trial(trial: Trial) -> list[TrialOutcome]:
    """Run each of the trial's cases; the clean part is processed once and all cases start from there."""
    clean = trial.signal()
    definition = trial.tag.definition
    monitor = TagMonitor(definition.name, definition.unit, trial.settings)
    take_all(monitor, 0, clean[:CLEAN_S])
    state = monitor.dump()
    clean_events = take_all(monitor, CLEAN_S, clean[CLEAN_S:])
    clean_whole = [Sighting(detector, start_us, start_us) for detector, start_us in clean_events]
    clean_rule = list(rule_sightings(clean))
    outcomes = []
    for case in trial.cases:
        faulty = trial.faulty(case, clean)
        window = window_of(case, clean, faulty)
        branch = TagMonitor(definition.name, definition.unit, trial.settings)
        branch.restore(state)
        during = faulty[CLEAN_S : window.last + 1]
        whole = answer_of(window, clean_whole, sightings(branch, CLEAN_S, during))
        outcomes.append(TrialOutcome(case, answer_of(window, clean_rule, rule_sightings(faulty)), whole))
    return outcomes


def window_of(case: Case, clean: FloatArray, faulty: FloatArray) -> FindingWindow:
    """Return the window of the case.

    Data are missing from their last reading on. Clipping is a fault from the first value that it changes:
    before that, the signal is within the limits.
    """
    first = CLEAN_S - 1 if case.kind == "missing" else CLEAN_S
    changed = np.flatnonzero(clean != faulty)
    fault = int(changed[0]) if case.kind == "clipped" and len(changed) else CLEAN_S
    return FindingWindow(first, CLEAN_S + case.duration_s + AFTER_S - 1, fault)


def rule_sightings(values: FloatArray) -> Iterator[Sighting]:
    """Yield the flags of the required rule after the clean part; skip seconds without a reading."""
    there = np.flatnonzero(~np.isnan(values[CLEAN_S:]))
    for index in rule_flags(values[:CLEAN_S], values[CLEAN_S:][there]):
        time_us = (EPOCH_S + CLEAN_S + int(there[index])) * SECOND_US
        yield Sighting("rule", time_us, time_us)


def answer_of(window: FindingWindow, clean: Sequence[Sighting], faulty: Iterator[Sighting]) -> Answer:
    """Return the first finding in the window, and whether the clean run has one there, too."""
    by_chance = any(map(window.holds, clean))
    found = next(filter(window.holds, faulty), None)
    if found is None:
        return Answer(by_chance, None)
    return Answer(by_chance, found.known_us / SECOND_US - EPOCH_S - window.fault, found.detector)
