"""From a Sparkplug metric to the tag of its values."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monitoring.models.source import LONGEST_ADDRESS
from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt.payloads import Target, parse_texts
from monitoring.sources.mqtt.sparkplug import CONTROLS, PREFIX, metric_of
from monitoring.sources.patterns import (
    PLACEHOLDER,
    Pattern,
    expand,
    matching_tags,
    parse_pattern,
    split_address,
)

MOST_TARGETS = 50_000  # remembered
ALL = f"{PREFIX}#"


@dataclass(frozen=True, slots=True)
class MetricRule:
    """A rule whose address has parts in braces: for the place, as group/{node}, and for the metric."""

    place: Pattern
    metric: re.Pattern[str]
    rule: MappingRule
    texts: Mapping[str, float]

    @property
    def rank(self) -> tuple[bool, int, int, tuple[int, int, str]]:
        """Return a sort key: of the rules that match a metric, the smallest takes the metric."""
        return not self.place.is_exact, self.metric.groups, -len(self.metric.pattern), self.place.rank

    def parts_of(self, place: str, metric: str) -> dict[str, str] | None:
        """Return the parts of place and metric by name; None if the rule is of others."""
        of_place = self.place.parts_of(place)
        match = self.metric.fullmatch(metric) if of_place is not None else None
        return {**(of_place or {}), **match.groupdict()} if match else None


class MetricRules:
    """The rules of a source for metrics, its own first. ``problems`` are rules that are not usable.

    ``rivals`` are tags that two metrics would feed; the first one does.
    """

    def __init__(self, own: Sequence[MappingRule], of_template: Sequence[MappingRule]) -> None:
        self.problems: list[str] = []
        self.rivals: set[str] = set()
        self._exact: dict[tuple[str, str], Target] = {}
        self._targets: dict[tuple[str, str], Target | None] = {}
        groups: list[list[MetricRule]] = [self._parsed(own), self._parsed(of_template)]
        self._patterns = [each for group in groups for each in sorted(group, key=lambda each: each.rank)]
        self._owners = self._exact_owners()

    def target(self, place: str, metric: str) -> Target | None:
        """Return the target of a metric; None without one, or if another metric feeds the tag."""
        key = place, metric
        if (exact := self._exact.get(key)) is not None:
            return exact
        if key not in self._targets:
            if len(metric) > LONGEST_ADDRESS:
                return None
            if len(self._targets) >= MOST_TARGETS:
                self._targets.clear()
                self._owners = self._exact_owners()
            self._targets[key] = self._of_patterns(place, metric)
        return self._targets[key]

    def exact_tags(self, place: str) -> list[str]:
        """Return the tags of the rules that name metrics of a place; of a node, of its devices, too."""
        below = f"{place}/"
        return [target.tag for (of, _), target in self._exact.items() if of == place or of.startswith(below)]

    def pattern_tags(self, place: str, known: Collection[str]) -> list[str]:
        """Return the known tags that patterns may give to the metrics of a place."""
        found: dict[str, None] = {}
        for each in self._patterns:
            if (parts := each.place.parts_of(place)) is not None:
                found |= dict.fromkeys(matching_tags(each.rule.tag, parts, known))
        return list(found)

    def _exact_owners(self) -> dict[str, tuple[str, str]]:
        """Return place and metric by tag of the rules that name them."""
        return {target.tag: key for key, target in self._exact.items()}

    def _of_patterns(self, place: str, metric: str) -> Target | None:
        for each in () if metric.startswith(CONTROLS) else self._patterns:
            parts = each.parts_of(place, metric)
            if parts is None:
                continue
            tag = expand(each.rule.tag, parts)
            if self._owners.setdefault(tag, (place, metric)) != (place, metric):
                self.rivals.add(tag)
                return None
            return Target(tag=tag, rule=each.rule, texts=each.texts, is_exact=False)
        return None

    def _parsed(self, rules: Sequence[MappingRule]) -> list[MetricRule]:
        found = []
        for rule in rules:
            try:
                parsed = parse_rule(rule)
            except ValueError as error:
                self.problems.append(f"{rule.address}: {error}")
                continue
            if isinstance(parsed, MetricRule):
                found.append(parsed)
            else:
                key, target = parsed
                self._exact.setdefault(key, target)
        return found


def parse_rule(rule: MappingRule) -> MetricRule | tuple[tuple[str, str], Target]:
    """Return a rule for metrics of a pattern, or place and name of one metric with its target.

    Raises:
        ValueError: address, tag or options are not usable.
    """
    topic, pointer = split_address(rule)
    place, texts = parse_pattern(topic), parse_texts(str(rule.options.get("texts", "")))
    metric, names = metric_of(pointer), [*place.names, *PLACEHOLDER.findall(pointer)]
    if not metric:
        raise ValueError("Add the metric to the address: spBv1.0/group/node/device#/metric.")
    if unknown := set(PLACEHOLDER.findall(rule.tag)) - set(names):
        raise ValueError(f"The address has no part {{{min(unknown)}}}.")
    if place.is_exact and not names:
        return (topic, metric), Target(tag=rule.tag, rule=rule, texts=texts)
    if len(set(names)) < len(names):
        raise ValueError("Each part in braces needs a name of its own.")
    return MetricRule(place, metric_regex(metric), rule, texts)


def metric_regex(metric: str) -> re.Pattern[str]:
    """Return an expression for the names of metrics. A part in braces takes slashes, too."""
    pieces = PLACEHOLDER.split(metric)
    return re.compile(
        "".join(f"(?P<{piece}>.+?)" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)),
        re.DOTALL,
    )


def metric_parts(rule: MappingRule, place: str, metric: str) -> dict[str, str] | None:
    """Return the parts of a metric by the pattern of a rule; None if the rule is of others.

    Raises:
        ValueError: the rule is not usable.
    """
    parsed = parse_rule(rule)
    if isinstance(parsed, MetricRule):
        return parsed.parts_of(place, metric)
    return {} if parsed[0] == (place, metric) else None


def filter_of(rule: MappingRule) -> str:
    """Return the topic filter for all messages of the group that a rule names.

    Sequence numbers count all messages of a node, and deaths have topics of their own: so all of these.
    """
    levels = split_address(rule)[0].split("/")
    group = levels[1] if len(levels) > 1 else ""
    is_plain = bool(group) and not set("+#{") & set(group)
    return f"{PREFIX}{group}/#" if is_plain else ALL
