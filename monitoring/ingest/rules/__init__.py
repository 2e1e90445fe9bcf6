"""Rules that mark a measurement as an anomaly, by the limits of its tag and by the values just before."""

from collections.abc import Iterable

from monitoring.ingest.columns import Segments, StoredRows
from monitoring.ingest.definition_columns import DefinitionColumns
from monitoring.ingest.rules.base import Rule, Verdict, Violation
from monitoring.ingest.rules.limits import limit_violations, limits_of
from monitoring.ingest.rules.only_analog import OnlyAnalog
from monitoring.ingest.rules.rolling_sigma import RollingSigma
from monitoring.kernel.arrays import BoolArray, FloatArray
from monitoring.kernel.tag_definition import TagDefinition

ROLLING_SIGMA = RollingSigma()
LOOKBACK = ROLLING_SIGMA.lookback


def rules_for(tags: DefinitionColumns) -> tuple[Rule, ...]:
    """Return the rules for these tags, in the order in which the reasons are stored."""
    rolling: Rule = ROLLING_SIGMA if tags.is_analog.all() else OnlyAnalog(ROLLING_SIGMA, tags.is_analog)
    return (limits_of(tags), rolling)


def judge(rows: StoredRows, segments: Segments, rules: Iterable[Rule]) -> list[tuple[Verdict, BoolArray]]:
    """Return the verdict of each reason, with a mask of the rows that the verdict applies to.

    ``segments`` are those of the rows. Every rule judges new rows; a rule judges stored rows again if the
    window before them has changed.
    """
    is_appended = bool(rows.is_new.all())
    return [
        (verdict, rows.is_new if is_appended else rows.is_new | rows.affected(rule.lookback))
        for rule in rules
        for verdict in rule.score(segments)
    ]


def violations_of(value: float, tag: TagDefinition, before: FloatArray) -> list[Violation]:
    """Return the violations of one value after the values ``before`` (h,), as ``judge`` finds them."""
    by_limits = limit_violations(value, tag)
    return by_limits + ROLLING_SIGMA.violations(value, before) if tag.is_analog else by_limits
