"""Detection settings of a tag: the detectors in use, their sensitivity and their parameters."""

import dataclasses
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import cast

from monitoring.detection.detectors.drift import Drift
from monitoring.detection.detectors.forest import Forest
from monitoring.detection.detectors.missing import Missing
from monitoring.detection.detectors.noise import Noise
from monitoring.detection.detectors.novelty import Novelty
from monitoring.detection.detectors.rate import Rate
from monitoring.detection.detectors.saturation import Saturation
from monitoring.detection.detectors.spike import Spike
from monitoring.detection.detectors.step import Step
from monitoring.detection.detectors.stuck import Stuck
from monitoring.kernel.tag_definition import TagKind

CLASSES = {
    "spike": Spike,
    "step": Step,
    "drift": Drift,
    "stuck": Stuck,
    "noise": Noise,
    "rate": Rate,
    "saturation": Saturation,
    "missing": Missing,
    "novelty": Novelty,
    "forest": Forest,
}
# The default of each parameter of a detector: each new monitor of a tag reads all of them.
DEFAULTS = {
    name: {
        parameter.name: float(cast("float", parameter.default))
        for parameter in dataclasses.fields(detector)
        if parameter.init
    }
    for name, detector in CLASSES.items()
}
OPTIONAL = frozenset({"forest"})  # find nothing unless switched on
DETECTORS = tuple(CLASSES)
ANALOG_ONLY = frozenset(DETECTORS) - {"missing"}  # of a signal that moves all the time
# Parameters that the sensitivity divides. A chance is a threshold of its logarithm.
THRESHOLDS = {"threshold", "threshold_short", "threshold_long", "surprise", "intervals", "gross"}
CHANCES = {"chance"}
SMALLEST, LARGEST = sys.float_info.min, 1 - sys.float_info.epsilon  # bounds of a chance


class SettingError(ValueError):
    """A detector or parameter does not exist, or a value is not allowed."""


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """Detection settings of a tag.

    ``off`` names the detectors that a person has disabled, ``on`` the optional ones in use; ``sensitivity``
    divides every threshold (2 finds deviations half as far from normal); ``parameters`` override a
    detector's own, by ``detector.parameter``.
    The limits are those of the tag: a value outside them never counts as usual. ``kind`` is one of
    ``TagKind``: unless the tag is analog, only silence is an event, since steps and repeated values are
    normal.

    Raises:
        SettingError: a detector or parameter does not exist, or a value is no positive number.
    """

    off: frozenset[str] = frozenset()
    sensitivity: float = 1.0
    parameters: Mapping[str, float] = field(default_factory=dict)
    lower_limit: float | None = None
    upper_limit: float | None = None
    kind: str = TagKind.ANALOG
    on: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        known = defaults()
        if unknown := self.off - set(DETECTORS):
            raise SettingError(f"{min(unknown)!r} is no detector; expected one of {', '.join(DETECTORS)}")
        if unknown := self.on - OPTIONAL:
            raise SettingError(
                f"{min(unknown)!r} is no optional detector; expected one of {', '.join(sorted(OPTIONAL))}"
            )
        for name in self.parameters:
            if name not in known:
                raise SettingError(f"{name!r} is no parameter; expected one of {', '.join(known)}")
        for name, value in {**self.parameters, "sensitivity": self.sensitivity}.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise SettingError(f"{name} must be a positive number, not {value!r}")
            if name.endswith(".chance") and value >= 1:
                raise SettingError(f"{name} must be below 1, not {value!r}")

    @property
    def disabled(self) -> frozenset[str]:
        """Return the detectors that find nothing: off, not switched on, or of analog tags only."""
        is_usual = not self.off and not self.on  # of thousands of tags, which share the names
        off = OPTIONAL if is_usual else self.off | (OPTIONAL - self.on)
        return off if self.kind == TagKind.ANALOG else off | ANALOG_ONLY

    def of(self, detector: str) -> dict[str, float]:
        """Return the detector's parameters, adjusted by the sensitivity."""
        found = {}
        is_adjusted = self.sensitivity != 1  # a division by 1 would copy what thousands of tags share
        for parameter, default in DEFAULTS[detector].items():
            value = self.parameters.get(f"{detector}.{parameter}", default) if self.parameters else default
            if is_adjusted and parameter in THRESHOLDS:
                value /= self.sensitivity
            elif is_adjusted and parameter in CHANCES:
                value = min(max(value ** (1 / self.sensitivity), SMALLEST), LARGEST)
            found[parameter] = value
        return found


@cache
def defaults() -> Mapping[str, float]:
    """Return each parameter's default, by ``detector.parameter``."""
    return {
        f"{detector}.{parameter}": default
        for detector, found in DEFAULTS.items()
        for parameter, default in found.items()
    }
