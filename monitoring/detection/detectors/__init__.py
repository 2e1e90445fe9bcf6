"""Rules and detectors: each says of values, by those before them, which are not normal and why."""

from collections.abc import Sequence

from monitoring.detection.detectors.detector import Detector
from monitoring.ingest.rules.base import BoolArray, FloatArray, IntArray, Rule, Runs, Verdict
from monitoring.ingest.rules.limits import limits_of
from monitoring.ingest.rules.rolling_sigma import RollingSigma
from monitoring.kernel.tag_definition import TagDefinition

__all__ = [
    "LOOKBACK",
    "BoolArray",
    "Detector",
    "FloatArray",
    "IntArray",
    "Rule",
    "Runs",
    "Verdict",
    "rules_for",
]

LOOKBACK = RollingSigma().lookback


def rules_for(tags: Sequence[TagDefinition]) -> tuple[Rule, ...]:
    """The rules whose findings make a measurement of these tags an anomaly; a tag is a signal."""
    return (limits_of(tags), RollingSigma())
