"""The threshold rule: a value outside the tag's limits."""

from dataclasses import dataclass
from typing import ClassVar

from monitoring.ingest.columns import Segments
from monitoring.ingest.definition_columns import DefinitionColumns
from monitoring.ingest.rules.base import Verdict, Violation
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.tag_definition import TagDefinition

BELOW_LIMIT = "below_limit"
ABOVE_LIMIT = "above_limit"


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """Find x < lower or x > upper; a value on a limit is inside.

    ``lower`` and ``upper`` (k,) are the limits of each tag, infinite on a side without a limit.

    Source: high and low process alarms, ANSI/ISA-18.2-2016.
    """

    lower: FloatArray
    upper: FloatArray

    lookback: ClassVar[int] = 0

    def score(self, segments: Segments) -> tuple[Verdict, ...]:
        """See ``Rule.score``; ignore earlier values."""
        lower, upper, value = self.lower[segments.tag], self.upper[segments.tag], segments.value
        return (
            Verdict(BELOW_LIMIT, value < lower, lower, upper),
            Verdict(ABOVE_LIMIT, value > upper, lower, upper),
        )


def limit_violations(value: float, tag: TagDefinition) -> list[Violation]:
    """Return the violations of one value, as ``AlarmLimits.score`` finds them."""
    lower, upper = tag.lower_limit, tag.upper_limit
    if lower is not None and value < lower:
        return [Violation(BELOW_LIMIT, lower, upper)]
    if upper is not None and value > upper:
        return [Violation(ABOVE_LIMIT, lower, upper)]
    return []


def limits_of(tags: DefinitionColumns) -> AlarmLimits:
    """Return the limits of these tags, in the same order."""
    return AlarmLimits(tags.lower_limit, tags.upper_limit)
