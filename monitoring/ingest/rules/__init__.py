"""Rules that mark a measurement as an anomaly, by its tag's limits and by the values just before."""

from collections.abc import Sequence

from monitoring.ingest.rules.base import Rule
from monitoring.ingest.rules.limits import limits_of
from monitoring.ingest.rules.rolling_sigma import RollingSigma
from monitoring.kernel.tag_definition import TagDefinition

LOOKBACK = RollingSigma().lookback


def rules_for(tags: Sequence[TagDefinition]) -> tuple[Rule, ...]:
    """Return the rules for these tags, in the order in which their reasons are stored."""
    return (limits_of(tags), RollingSigma())
