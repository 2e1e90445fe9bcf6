"""Detectors: each says of values, by the values before them, which are anomalies and why."""

from monitoring.domain.detectors.base import BoolArray, Detector, FloatArray, Verdict
from monitoring.domain.detectors.limits import Limits
from monitoring.domain.detectors.rolling_sigma import RollingSigma
from monitoring.domain.tags import TagDefinition

__all__ = ["LOOKBACK", "BoolArray", "Detector", "FloatArray", "Verdict", "detectors_for"]

LOOKBACK = RollingSigma().lookback


def detectors_for(tag: TagDefinition) -> tuple[Detector, ...]:
    """The detectors whose findings make a measurement of the tag an anomaly."""
    return (Limits(tag.lower_limit, tag.upper_limit), RollingSigma())
