"""A statistical rule for analog tags only: steps of a setpoint or a state are no anomalies."""

from dataclasses import dataclass, replace

from monitoring.ingest.columns import Segments
from monitoring.ingest.rules.base import Rule, Verdict
from monitoring.kernel.arrays import BoolArray


@dataclass(frozen=True, slots=True)
class OnlyAnalog:
    """Apply ``rule`` to analog tags; values of other tags violate nothing.

    ``is_analog`` (k,) is of each tag.
    """

    rule: Rule
    is_analog: BoolArray

    @property
    def lookback(self) -> int:
        """See ``Rule.lookback``."""
        return self.rule.lookback

    def score(self, segments: Segments) -> tuple[Verdict, ...]:
        """See ``Rule.score``."""
        applies = self.is_analog[segments.tag]
        return tuple(replace(verdict, found=verdict.found & applies) for verdict in self.rule.score(segments))
