"""Rules and detectors: each says of values, by those before them, which are not normal and why."""

from monitoring.domain.detectors.base import BoolArray, FloatArray, Rule, Verdict
from monitoring.domain.detectors.detector import Detector
from monitoring.domain.detectors.limits import Limits
from monitoring.domain.detectors.rolling_sigma import RollingSigma
from monitoring.domain.tags import TagDefinition

__all__ = ["LOOKBACK", "BoolArray", "Detector", "FloatArray", "Rule", "Verdict", "rules_for"]

LOOKBACK = RollingSigma().lookback


def rules_for(tag: TagDefinition) -> tuple[Rule, ...]:
    """The rules whose findings make a measurement of the tag an anomaly."""
    return (Limits(tag.lower_limit, tag.upper_limit), RollingSigma())
