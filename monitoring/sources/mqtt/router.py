"""From the topic of a message to the tags of its values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.mqtt.payloads import Target, rules_need_document, target_of
from monitoring.sources.mqtt.settings import BrokerSettings
from monitoring.sources.mqtt.sparkplug_rules import MetricRules, filter_of
from monitoring.sources.mqtt.suggestions import is_discovery
from monitoring.sources.mqtt.templates import rules_of
from monitoring.sources.patterns import (
    PLACEHOLDER,
    Pattern,
    expand,
    fewest_filters,
    filter_covers,
    is_sparkplug,
    matching_tags,
    parse_pattern,
    split_address,
)

MOST_TOPICS = 20_000  # remembered with their rules


@dataclass(slots=True)
class Route:
    """The use of one topic's messages.

    ``device`` are the parts of an availability topic, None for other topics. ``is_wanted``: a filter of today
    receives the topic. ``has_number``: it has given a number. ``look_at`` is the time of the monotonic clock
    before which no point is made of its messages.
    """

    topic: str
    targets: Sequence[Target]
    needs_document: bool
    device: Mapping[str, str] | None
    is_wanted: bool
    is_discovery: bool
    has_number: bool = False
    look_at: float = 0.0
    places: set[str] = field(default_factory=set)


class Router:
    """The rules of a source and its template, by topic. ``problems`` are rules that are not usable.

    ``metrics`` are the rules for Sparkplug metrics; None unless the source is one of Sparkplug.
    """

    def __init__(self, config: SourceConfig, settings: BrokerSettings) -> None:
        self.config, self.settings = config, settings
        self.problems: list[str] = []
        self.routes: dict[str, Route] = {}
        self._exact: dict[str, list[MappingRule]] = {}
        self._patterns: dict[Pattern, list[MappingRule]] = {}
        own = {split_address(rule) for rule in config.rules}
        more = [rule for rule in rules_of(config.fields) if split_address(rule) not in own]
        of_metrics = [rule for rule in config.rules if settings.is_sparkplug and is_sparkplug(rule.address)]
        self.metrics = MetricRules(of_metrics, more) if settings.is_sparkplug else None
        if self.metrics is not None:
            self.problems += self.metrics.problems
            more = []
        for rule in (*(rule for rule in config.rules if rule not in of_metrics), *more):
            self._add(rule)
        self._patterns = dict(sorted(self._patterns.items(), key=lambda item: item[0].rank))
        self.filters = fewest_filters(
            [
                *settings.filters,
                *map(filter_of, of_metrics),
                *self._exact,
                *(pattern.filter for pattern in self._patterns),
                *([settings.availability.filter] if settings.availability else []),
            ]
        )
        self._exact_filters = {each for each in self.filters if "+" not in each and "#" not in each}
        self._wide_filters = [each for each in self.filters if each not in self._exact_filters]

    def route(self, topic: str) -> Route:
        """Return the route of a topic."""
        found = self.routes.get(topic)
        if found is None:
            if len(self.routes) >= MOST_TOPICS:
                self.routes.clear()
            found = self.routes[topic] = self._new_route(topic)
        return found

    def tags_of_device(self, device: Mapping[str, str]) -> list[str]:
        """Return the tags whose topics contain all parts of a device's availability topic."""
        values = set(device.values())
        tags = {
            target.tag: None
            for route in self.routes.values()
            if values <= set(route.topic.split("/"))
            for target in route.targets
        }
        for topic, rules in self._exact.items():
            if values <= set(topic.split("/")):
                tags |= dict.fromkeys(rule.tag for rule in rules)
        for pattern, rules in self._patterns.items():
            if set(device) <= set(pattern.names):
                for rule in rules:
                    tags |= dict.fromkeys(matching_tags(rule.tag, device, self.config.tags or ()))
        return [tag for tag in tags if self.is_known(tag)]

    def is_known(self, tag: str) -> bool:
        """Return whether a tag exists, as far as is known."""
        return self.config.tags is None or tag in self.config.tags

    def receives(self, topic: str) -> bool:
        """Return whether one of the filters receives a topic."""
        return topic in self._exact_filters or any(filter_covers(each, topic) for each in self._wide_filters)

    def _add(self, rule: MappingRule) -> None:
        """Take a rule in by its address; remember the problem of one that is not usable."""
        try:
            pattern = parse_pattern(split_address(rule)[0])
            if unknown := set(PLACEHOLDER.findall(rule.tag)) - set(pattern.names):
                raise ValueError(f"The topic has no part {{{min(unknown)}}}.")
            target_of(rule, rule.tag, uses_receive_time=False, is_exact=True)
        except ValueError as error:
            self.problems.append(f"{rule.address}: {error}")
            return
        if pattern.is_exact:
            self._exact.setdefault(pattern.text, []).append(rule)
        else:
            self._patterns.setdefault(pattern, []).append(rule)

    def _new_route(self, topic: str) -> Route:
        targets = self._targets(topic)
        availability = self.settings.availability
        device = availability.parts_of(topic) if availability else None
        if device is not None:  # a pattern that receives all topics of a device does not mean this one
            targets = [target for target in targets if target.is_exact]
        return Route(
            topic=topic,
            targets=targets,
            needs_document=rules_need_document(targets),
            device=device,
            is_wanted=self.receives(topic),
            is_discovery=is_discovery(topic),
        )

    def _targets(self, topic: str) -> list[Target]:
        """Return the targets of a topic: those of exact rules first, then of patterns for other pointers.

        Rules for the whole payload and rules with pointers exclude each other: the first kind found counts.
        """
        found: dict[str, Target] = {}
        for rule in self._exact.get(topic, ()):
            found[split_address(rule)[1]] = self._target(rule, rule.tag, is_exact=True)
        for pattern, rules in self._patterns.items():
            parts = pattern.parts_of(topic)
            for rule in rules if parts is not None else ():
                pointer = split_address(rule)[1]
                target = self._target(rule, expand(rule.tag, parts or {}), is_exact=False)
                if pointer in found:
                    found[pointer] = with_time_of(found[pointer], target)
                elif not found or bool(pointer) == any(found):
                    found[pointer] = target
        return list(found.values())

    def _target(self, rule: MappingRule, tag: str, *, is_exact: bool) -> Target:
        return target_of(rule, tag, uses_receive_time=self.config.uses_receive_time, is_exact=is_exact)


def with_time_of(target: Target, wider: Target) -> Target:
    """Return an exact target, which takes the time as a wider rule does unless the exact rule names one.

    So a point that a person has ticked keeps the time of the template that showed the point.
    """
    if target.parse_time is not None or not target.is_exact:
        return target
    return replace(target, time_tokens=wider.time_tokens, parse_time=wider.parse_time)
