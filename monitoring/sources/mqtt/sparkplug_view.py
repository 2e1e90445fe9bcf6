"""Sparkplug messages as people see them in tests, discovery and listening; nothing is stored."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from monitoring.sources.mqtt.router import Router
from monitoring.sources.mqtt.sparkplug import (
    BIRTHS,
    DEATHS,
    Metric,
    PayloadError,
    SparkplugTopic,
    decode_payload,
    parse_topic,
)
from monitoring.sources.mqtt.sparkplug_births import Births
from monitoring.sources.mqtt.sparkplug_intake import point_of, raw_of
from monitoring.sources.patterns import is_sparkplug
from monitoring.sources.session import Point

if TYPE_CHECKING:
    from monitoring.sources.mqtt.link import Message


class SparkplugView:
    """The metrics of messages by name: by the births that the source has stored, and those seen here."""

    def __init__(self, router: Router) -> None:
        self.births, self.rules = Births(router.config.id), router.metrics

    def takes(self, topic: str) -> bool:
        """Return whether a topic is one of Sparkplug, and the source one of Sparkplug, too."""
        return self.rules is not None and is_sparkplug(topic)

    def stored_points(self) -> Iterator[Point]:
        """Yield the metrics of stored births."""
        for node, each in self.births.nodes.items() if self.rules else ():
            for name, place in each.places.items():
                topic = SparkplugTopic(next(iter(BIRTHS)), node, name)
                for metric in place.metrics.values():
                    if point := self._point(topic, metric.name, Metric(datatype=metric.datatype)):
                        yield Point(point.address, "", point.suggestion)

    def points_of(self, message: "Message") -> Iterator[Point]:
        """Yield the metrics of a message with their values; of a broken one its topic with the reason."""
        topic = parse_topic(message.topic)
        if topic is None:
            return
        try:
            payload = decode_payload(message.payload)
        except PayloadError as error:
            yield Point(message.topic, str(error))
            return
        if topic.type in BIRTHS:
            self.births.take_birth(topic, payload)
        elif topic.type in DEATHS:
            self.births.take_death(topic, payload)
            return
        for name, metric in self.births.named(topic, payload.metrics):
            if not name:
                yield Point(message.topic, f"{raw_of(metric)} of alias {metric.alias}: its birth is unknown")
            elif point := self._point(topic, name, metric):
                yield point

    def _point(self, topic: SparkplugTopic, name: str, metric: Metric) -> Point | None:
        target = self.rules.target(topic.place, name) if self.rules else None
        found = point_of(topic.place, name, metric, self.births.place(topic), target)
        return Point(*found) if found else None
