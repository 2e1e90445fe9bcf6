"""The births of Sparkplug nodes and devices: names, types, units and ranges of metrics by alias.

A birth comes once; later messages name metrics by alias. Fermon publishes nothing, so can't ask for a birth.
Therefore a file of the data directory keeps those seen.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from django.conf import settings

from monitoring.kernel.durability import sync_directory
from monitoring.models.source import LONGEST_ADDRESS
from monitoring.sources.mqtt.sparkplug import DataType, Metric, Payload, SparkplugTopic, Value, typed

MOST_REMEMBERED = 50_000  # metrics and places of a source
LARGEST_FILE = 32 * 1024 * 1024
LONGEST_UNIT = 20
VERSION = 1


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric as its birth describes it."""

    name: str
    alias: int | None
    datatype: int
    unit: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(slots=True)
class Place:
    """A node or device. After its death, or a new birth of the node, aliases mean nothing until its birth."""

    metrics: dict[str, Definition] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    is_dead: bool = False

    def forget_aliases(self) -> None:
        """Use no alias until the next birth."""
        self.names = {}


@dataclass(slots=True)
class Node:
    """A node with its places, its own among them. ``bd_seq`` numbers the session that its death ends."""

    bd_seq: int | None = None
    places: dict[str, Place] = field(default_factory=dict)


class Births:
    """The births of a source. ``is_full``: some are not remembered."""

    def __init__(self, source: int) -> None:
        self.path = Path(settings.FERMON_DATA_DIR) / f"sparkplug_births_{source}.json"
        self.nodes: dict[str, Node] = {}
        self.is_full = False
        self._is_changed = False
        self._load()

    def place(self, topic: SparkplugTopic) -> Place | None:
        """Return the place of a topic, if a birth was seen."""
        node = self.nodes.get(topic.node)
        return node.places.get(topic.place) if node else None

    def take_birth(self, topic: SparkplugTopic, payload: Payload) -> bool:
        """Remember a birth. Return whether the node has begun a new session without the end of the last."""
        named = (each for each in payload.metrics if 0 < len(each.name) <= LONGEST_ADDRESS)
        definitions = [definition_of(each) for each in named]
        before = self.nodes.get(topic.node) or Node()
        is_node = topic.place == topic.node
        number = payload.bd_seq
        is_unended = is_node and None not in (number, before.bd_seq) and number != before.bd_seq
        was_dead = (before.places.get(topic.node) or Place(is_dead=True)).is_dead
        place = Place(
            {each.name: each for each in definitions},
            {each.alias: each.name for each in definitions if each.alias is not None},
        )
        if self._count(but=topic.place) + len(definitions) > MOST_REMEMBERED:
            self.is_full = True
            return is_unended and not was_dead
        node = self.nodes.setdefault(topic.node, before)
        if is_node:
            node.bd_seq = number
            for other in node.places.values():
                other.forget_aliases()
        self._is_changed |= is_node or node.places.get(topic.place) != place
        node.places[topic.place] = place
        return is_unended and not was_dead

    def take_death(self, topic: SparkplugTopic, payload: Payload) -> dict[str, Place]:
        """Return the places that a death ends; none if the node has been born again since."""
        node = self.nodes.get(topic.node)
        if node is None:
            return {topic.place: Place()}
        is_node = topic.place == topic.node
        if is_node and None not in (payload.bd_seq, node.bd_seq) and payload.bd_seq != node.bd_seq:
            return {}
        found = dict(node.places) if is_node else {topic.place: node.places.get(topic.place, Place())}
        for place in found.values():
            self._is_changed |= not place.is_dead
            place.is_dead = True
            place.forget_aliases()
        return found

    def named(self, topic: SparkplugTopic, metrics: Iterable[Metric]) -> Iterator[tuple[str, Metric]]:
        """Yield name and metric, typed as at the birth; the name is empty if the alias is unknown."""
        place = self.place(topic) or Place()
        for metric in metrics:
            name = metric.name or place.names.get(-1 if metric.alias is None else metric.alias, "")
            known = place.metrics.get(name)
            if not metric.name and known and metric.datatype not in (0, known.datatype):
                name = ""  # the alias means another metric now
            yield name, typed(metric, known.datatype) if known else metric

    def save(self) -> None:
        """Write the file if a birth or death has changed something.

        Raises:
            OSError: the data directory can't be written.
        """
        if not self._is_changed:
            return
        nodes = {
            name: [node.bd_seq, {place: packed(each) for place, each in node.places.items()}]
            for name, node in self.nodes.items()
        }
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(orjson.dumps({"version": VERSION, "nodes": nodes}))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)
        sync_directory(self.path.parent)
        self._is_changed = False

    def _count(self, but: str) -> int:
        return sum(
            1 + len(place.metrics)
            for node in self.nodes.values()
            for name, place in node.places.items()
            if name != but
        )

    def _load(self) -> None:
        """Read the file. A damaged one is as none: the next birth replaces it."""
        try:
            if self.path.stat().st_size > LARGEST_FILE:
                return
            document = orjson.loads(self.path.read_bytes())
            if document["version"] == VERSION:
                self.nodes = {
                    name: Node(bd_seq, {place: unpacked(each) for place, each in places.items()})
                    for name, (bd_seq, places) in document["nodes"].items()
                }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.nodes = {}


def packed(place: Place) -> list[object]:
    """Return a place as it stands in the file."""
    rows = [[e.name, e.alias, e.datatype, e.unit, e.low, e.high] for e in place.metrics.values()]
    return [place.is_dead, bool(place.names), rows]


def unpacked(stored: list[object]) -> Place:
    """Return a place of the file.

    Raises:
        TypeError, ValueError: the file is damaged.
    """
    is_dead, has_aliases, rows = stored
    definitions = [Definition(*row) for row in rows]  # type: ignore[attr-defined]  # checked by its use
    names = {each.alias: each.name for each in definitions if each.alias is not None}
    return Place({each.name: each for each in definitions}, names if has_aliases else {}, bool(is_dead))


def definition_of(metric: Metric) -> Definition:
    """Return what a birth says about a metric; a range only with both ends."""
    unit = metric.properties.get("engUnit")
    low, high = number_of(metric.properties.get("engLow")), number_of(metric.properties.get("engHigh"))
    has_range = low is not None and high is not None and low < high
    return Definition(
        metric.name,
        metric.alias,
        metric.datatype,
        unit[:LONGEST_UNIT] if isinstance(unit, str) else "",
        low if has_range else None,
        high if has_range else None,
    )


def number_of(value: Value) -> float | None:
    """Return the finite number of a property; None for others."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < float("inf") else None


def suggestion_of(definition: Definition, tag: str) -> dict[str, object]:
    """Return the suggestion for the tag of a metric, with keys as in ``models.SourcePoint``."""
    found: dict[str, object] = {"tag": tag}
    if definition.datatype == DataType.BOOLEAN:
        found |= {"kind": "discrete", "states": {"0": "off", "1": "on"}}
    if definition.unit:
        found["unit"] = definition.unit
    if definition.low is not None and definition.high is not None:
        found |= {"valid_min": definition.low, "valid_max": definition.high}
    return found
