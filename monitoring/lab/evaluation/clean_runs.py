"""Clean signals over days: each finding on them is false."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from monitoring.detection.monitor import DetectionSettings, TagMonitor
from monitoring.kernel.clock import SECOND_US
from monitoring.lab.evaluation.watching import EPOCH_S, rule_flags, take_all
from monitoring.lab.signal_families import DAY_S, FAMILIES, HOUR_S


@dataclass(frozen=True, slots=True)
class CleanRun:
    """A signal of a family over an hour, in which findings do not count, and ``days`` after that."""

    family: str
    seed: int
    days: float
    settings: DetectionSettings = field(default_factory=DetectionSettings)


@dataclass(frozen=True, slots=True)
class FalseFindings:
    """Findings on a clean run: flags of the required rule, events of all detectors by detector."""

    run: CleanRun
    flags: int
    events: Counter[str]


def run_clean(run: CleanRun) -> FalseFindings:
    """Run rule and detectors, new to the tag, on the signal."""
    values = FAMILIES[run.family](run.seed, HOUR_S + round(run.days * DAY_S)).values
    flags = rule_flags(np.empty(0), values)
    begin_us = (EPOCH_S + HOUR_S) * SECOND_US
    events = take_all(TagMonitor(run.family, settings=run.settings), 0, values)
    late = Counter(detector for detector, start_us in events if start_us >= begin_us)
    return FalseFindings(run, int((flags >= HOUR_S).sum()), late)
