"""From Sparkplug messages to samples, rejections, qualities, gaps and points."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.kernel.clock import LAST_MICROS
from monitoring.kernel.runtime import part
from monitoring.models import Quality
from monitoring.models.source import LONGEST_ADDRESS, MOST_POINTS, MOST_RAW
from monitoring.sources.mqtt.payloads import BadQualityError, Target, UnusableError, number_of
from monitoring.sources.mqtt.qualities import TagQualities
from monitoring.sources.mqtt.sparkplug import (
    BIRTHS,
    CONTROLS,
    DEATHS,
    PREFIX,
    DataType,
    MessageType,
    Metric,
    Payload,
    PayloadError,
    SparkplugTopic,
    Value,
    address_of,
    decode_payload,
    parse_topic,
)
from monitoring.sources.mqtt.sparkplug_births import Births, Definition, Place, suggestion_of
from monitoring.sources.mqtt.sparkplug_rules import MetricRules
from monitoring.sources.patterns import fit_name
from monitoring.sources.session import Malformed, Sample, Session

if TYPE_CHECKING:
    from monitoring.sources.mqtt.link import Message
    from monitoring.sources.mqtt.router import Router

NUMBERS = 256  # of a sequence
SHOWN_A_SECOND = 20
SHOWN_S = 24 * 3600.0
MOST_NODES = 10_000
MISSING, UNKNOWN, RIVALS, FILE = "sparkplug_missing", "sparkplug_births", "sparkplug_tags", "sparkplug_file"
DEAD = "offline"
GOOD_CODES, UNCERTAIN_CODES, STALE_CODE = range(192, 256), range(64, 128), 500
TEXT_TYPES = frozenset({DataType.STRING, DataType.TEXT, DataType.UUID, DataType.DATE_TIME})


class Sequences(dict[int, dict[str, tuple[int, int]]]):
    """By source and node, number and time of the newest message. A part of the runtime."""


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A gap that lasts until the birth of a place."""

    begin_us: int
    tags: tuple[str, ...]


class SparkplugIntake:
    """The Sparkplug messages of one connection. ``offset_ms`` is that of the newest fresh message."""

    def __init__(
        self, session: Session, router: "Router", rules: MetricRules, qualities: TagQualities
    ) -> None:
        self.session, self.router, self.rules, self.qualities = session, router, rules, qualities
        self.births = Births(session.config.id)
        self.offset_ms: float | None = None
        self._stored: frozenset[str] = frozenset()
        self._away_since_us: int | None = None
        self._sequences = part(Sequences).setdefault(session.config.id, {})
        self._heard: set[str] = set()
        self._alive: set[str] = set()
        self._unknown: dict[str, OpenGap] = {}
        self._missing: dict[str, tuple[int, float]] = {}
        self._pending: dict[str, tuple[str, Mapping[str, object]]] = {}

    @property
    def is_online(self) -> bool:
        """Return whether a node is alive by its last message."""
        return bool(self._alive)

    def begin(self, stored: Mapping[str, int], *, was_present: bool) -> None:
        """Take the newest time of each tag that the source has given values to.

        Messages of QoS 0, which nodes use, do not wait at a broker that knows the session.
        """
        self._stored = frozenset(stored)
        self._away_since_us = max(stored.values(), default=None) if was_present else None

    def take(self, message: "Message", items: list[Sample | Malformed]) -> None:
        """Take a message; other topics of Sparkplug, as commands, have no values."""
        topic = parse_topic(message.topic)
        if topic is None:
            return
        try:
            payload = decode_payload(message.payload)
        except PayloadError as error:
            items.append(Malformed("", message.payload[: MOST_RAW // 2].hex(), f"{message.topic}: {error}"))
            return
        time_us = self._time_of(payload.timestamp, message)
        if topic.type in BIRTHS:
            self._take_birth(topic, payload, message, time_us)
        else:
            self._check_sequence(topic, payload, message, time_us)
        if topic.type in DEATHS:
            self._take_death(topic, payload, message, time_us)
            return
        if len(self._alive) < MOST_NODES:
            self._alive.add(topic.node)
        self._take_metrics(topic, payload, message, items)
        if payload.timestamp and not message.is_retained and not message.is_again:
            self.offset_ms = payload.timestamp - message.received_us / 1000

    def store_births(self) -> None:
        """Store what births have changed, before their messages are acknowledged."""
        text = ""
        try:
            self.births.save()
        except OSError as error:
            text = (
                f"Sparkplug births can't be stored in {self.births.path.parent}: {error.strerror}. After a"
                " restart aliases are unknown."
            )
        if self.births.is_full:
            text = "Too many Sparkplug metrics: subscribe fewer groups, or spread them over several sources."
        self.session.notice(FILE, text)

    def tick(self) -> None:
        """Show some of the points that wait, as many as are taken in a second; withdraw old notices."""
        for address in list(self._pending)[:SHOWN_A_SECOND]:
            self.session.seen(address, *self._pending.pop(address))
        old = time.monotonic() - SHOWN_S
        if any(since < old for _, since in self._missing.values()):
            self._missing = {node: each for node, each in self._missing.items() if each[1] >= old}
            self._tell_missing()

    def tags_of(self, places: Mapping[str, Place]) -> list[str]:
        """Return the tags of places, by their births and by the mappings that name their metrics.

        Without a birth, of patterns those tags that the source has given values to.
        """
        tags = {tag: None for name in places for tag in self.rules.exact_tags(name)}
        for name, place in places.items():
            targets = (self.rules.target(name, metric) for metric in place.metrics)
            tags |= {target.tag: None for target in targets if target is not None}
            if not place.metrics:
                tags |= dict.fromkeys(self.rules.pattern_tags(name, self._stored))
        return [tag for tag in tags if self.router.is_known(tag)]

    def _time_of(self, milliseconds: int | None, message: "Message") -> int:
        if not milliseconds or self.router.config.uses_receive_time or milliseconds * 1000 > LAST_MICROS:
            return message.received_us
        return milliseconds * 1000

    def _take_birth(self, topic: SparkplugTopic, payload: Payload, message: "Message", time_us: int) -> None:
        is_unended = self.births.take_birth(topic, payload)
        if topic.type is MessageType.DEVICE_BIRTH:
            self._check_sequence(topic, payload, message, time_us)
        else:
            self._begin_sequence(topic, payload, time_us, is_unended=is_unended)
        if (lasting := self._unknown.pop(topic.place, None)) is not None:
            end_us = max(time_us, lasting.begin_us)
            if lasting.tags:
                self.session.gap(lasting.begin_us, end_us, "The birth was missing.", tags=lasting.tags)
            self._tell_unknown()

    def _begin_sequence(
        self, topic: SparkplugTopic, payload: Payload, time_us: int, *, is_unended: bool
    ) -> None:
        """Begin the numbers of a node anew. A session that ended without a death has a gap."""
        known = self._sequences.get(topic.node)
        if known is not None and is_unended:
            self._mark_gap(topic, known[1], time_us, "The node has begun anew without saying goodbye.")
        elif known is None and topic.node not in self._heard:
            self._mark_away(topic, time_us)
        self._remember(topic.node, payload.seq or 0, time_us)
        if self._missing.pop(topic.node, None) is not None:
            self._tell_missing()

    def _check_sequence(
        self, topic: SparkplugTopic, payload: Payload, message: "Message", time_us: int
    ) -> None:
        """Mark a gap if the number of a message does not follow that of the last one."""
        if payload.seq is None or message.is_retained:
            return
        known, is_first = self._sequences.get(topic.node), topic.node not in self._heard
        self._remember(topic.node, payload.seq, time_us)
        if known is None:
            if is_first:
                self._mark_away(topic, time_us)
            return
        if message.is_again or payload.seq == (known[0] + 1) % NUMBERS:
            return
        since_us = max(known[1], self._away_since_us or 0) if is_first else known[1]
        self._mark_gap(topic, since_us, time_us, "Messages are missing, by their numbers.")
        count, _ = self._missing.get(topic.node, (0, 0.0))
        self._missing[topic.node] = count + 1, time.monotonic()
        self._tell_missing()

    def _remember(self, node: str, seq: int, time_us: int) -> None:
        if len(self._sequences) >= MOST_NODES and node not in self._sequences:
            for known in (self._sequences, self._heard, self._alive, self._missing):
                known.clear()
        self._sequences[node] = seq % NUMBERS, time_us
        self._heard.add(node)

    def _mark_away(self, topic: SparkplugTopic, time_us: int) -> None:
        """Mark the time in which no connection was, when the numbers before that are unknown."""
        if self._away_since_us is not None:
            reason = "Fermon was away: Sparkplug nodes send with QoS 0, and messages may be missing."
            self._mark_gap(topic, self._away_since_us, time_us, reason)

    def _mark_gap(self, topic: SparkplugTopic, begin_us: int, end_us: int, reason: str) -> None:
        known = self.births.nodes.get(topic.node)
        tags = self.tags_of(known.places if known else {topic.node: Place(), topic.place: Place()})
        if tags:
            self.session.gap(min(begin_us, end_us), max(begin_us, end_us), reason, tags=tags)

    def _tell_missing(self) -> None:
        some = [f"{node[len(PREFIX) :]} ({count})" for node, (count, _) in self._missing.items()][:3]
        text = (
            f"Messages of Sparkplug nodes are missing: {', '.join(some)}. Nodes send with QoS 0: look at"
            " their network and at the broker's limits."
        )
        self.session.notice(MISSING, text if some else "")

    def _tell_unknown(self) -> None:
        some = [place[len(PREFIX) :] for place in self._unknown][:3]
        text = (
            f"{', '.join(some)}: values come under alias numbers whose birth Fermon has not seen. Write true"
            " to 'Node Control/Rebirth' of the node at your Sparkplug host, or restart the node."
        )
        self.session.notice(UNKNOWN, text if some else "")

    def _take_death(self, topic: SparkplugTopic, payload: Payload, message: "Message", time_us: int) -> None:
        """Make the tags of a node or device bad. The will of a node was written when the node connected."""
        places = self.births.take_death(topic, payload)
        is_node = topic.type is MessageType.NODE_DEATH
        if places and is_node:
            self._alive.discard(topic.node)
        self.qualities.lower(self.tags_of(places), DEAD, message.received_us if is_node else time_us)

    def _take_metrics(
        self, topic: SparkplugTopic, payload: Payload, message: "Message", items: list[Sample | Malformed]
    ) -> None:
        time_us = self._time_of(payload.timestamp, message)
        has_unknown = False
        for name, metric in self.births.named(topic, payload.metrics):
            if name:
                self._take_metric(topic, name, metric, message, time_us, items)
            else:
                has_unknown = True
        if has_unknown and topic.place not in self._unknown and len(self._unknown) < MOST_NODES:
            tags = tuple(self.tags_of({topic.place: self.births.place(topic) or Place()}))
            self._unknown[topic.place] = OpenGap(time_us, tags)
            if tags:
                self.session.gap(time_us, None, "The birth of the metrics is missing.", tags=tags)
            self._tell_unknown()

    def _take_metric(
        self,
        topic: SparkplugTopic,
        name: str,
        metric: Metric,
        message: "Message",
        message_us: int,
        items: list[Sample | Malformed],
    ) -> None:
        target = self.rules.target(topic.place, name)
        if target is None or not self.router.is_known(target.tag):
            self._show(topic, name, metric, target)
            return
        time_us = self._metric_time(metric, message, message_us)
        quality, word = quality_of(metric)
        try:
            if quality == Quality.BAD:
                raise BadQualityError(word)
            value = target.rule.scaled(number_in(metric, target.texts))
        except BadQualityError as error:
            self._take_bad(target, name, metric, time_us, error, items)
        except UnusableError as error:
            self._reject(topic, name, metric, target, error, items)
        else:
            if target.is_exact or not metric.is_transient:
                items.append(Sample(target.tag, time_us, value))
            if not metric.is_historical:
                self._note(target.tag, quality, word, max(time_us, message_us))

    def _metric_time(self, metric: Metric, message: "Message", message_us: int) -> int:
        """Return the time of a metric; that of a historical one is always its own."""
        if metric.is_historical and metric.timestamp and metric.timestamp * 1000 <= LAST_MICROS:
            return metric.timestamp * 1000
        return self._time_of(metric.timestamp, message) if metric.timestamp else message_us

    def _note(self, tag: str, quality: Quality | None, word: str, time_us: int) -> None:
        if quality is None:
            self.qualities.good([tag], time_us)
        elif self.qualities.word_of(tag) != word:
            self.qualities.lower([tag], word, time_us, quality=quality)

    def _take_bad(
        self,
        target: Target,
        name: str,
        metric: Metric,
        time_us: int,
        error: BadQualityError,
        items: list[Sample | Malformed],
    ) -> None:
        """Begin a span of bad quality; of NaN remember one rejection, too."""
        if metric.is_historical or self.qualities.word_of(target.tag) == error.word:
            return
        self.qualities.lower([target.tag], error.word, time_us)
        if error.is_number:
            items.append(Malformed(target.tag, f"{name}: {raw_of(metric)}", str(error)))

    def _reject(
        self,
        topic: SparkplugTopic,
        name: str,
        metric: Metric,
        target: Target,
        error: UnusableError,
        items: list[Sample | Malformed],
    ) -> None:
        """Remember a metric without a number; of a pattern, which receives texts, too, show a point."""
        if target.is_exact:
            items.append(Malformed(target.tag, f"{name}: {raw_of(metric)}", str(error)))
        else:
            self._show(topic, name, metric, target)

    def _show(self, topic: SparkplugTopic, name: str, metric: Metric, target: Target | None) -> None:
        """Let a metric whose values go to no tag be shown as a point."""
        found = point_of(topic.place, name, metric, self.births.place(topic), target)
        if found is None or found[0] in self.router.config.ignored:
            return
        address, raw, suggestion = found
        if address in self._pending or len(self._pending) < MOST_POINTS:
            self._pending[address] = raw, suggestion
        if self.rules.rivals:
            some = ", ".join(sorted(self.rules.rivals)[:3])
            self.session.notice(RIVALS, f"Several metrics would feed {some}: map the others by address.")


def point_of(
    place: str, name: str, metric: Metric, born: Place | None, target: Target | None
) -> tuple[str, str, dict[str, object]] | None:
    """Return address, value as text and suggestion of a metric; None for those that no tag can have.

    Of several metrics that would feed one tag, all but the first have a name with all parts.
    """
    address = address_of(place, name)
    if name.startswith(CONTROLS) or metric.is_other or "#/" in name or len(address) > LONGEST_ADDRESS:
        return None
    known = born.metrics.get(name) if born else None
    definition = known or Definition(name, metric.alias, metric.datatype)
    parts = [part.replace(".", "_") for part in (*place.split("/")[2:], name)]
    tag = target.tag if target is not None else fit_name(".".join(parts))
    is_text = definition.datatype in TEXT_TYPES or isinstance(metric.value, str)
    return address, raw_of(metric), {} if is_text else suggestion_of(definition, tag)


def quality_of(metric: Metric) -> tuple[Quality | None, str]:
    """Return quality and word of a metric: by null, and by the property Quality; None: good."""
    if metric.is_null:
        return Quality.BAD, "null"
    code = metric.properties.get("Quality")
    if not isinstance(code, int) or isinstance(code, bool) or code in GOOD_CODES:
        return None, ""
    if code in UNCERTAIN_CODES:
        return Quality.UNCERTAIN, f"quality {code}"
    return Quality.BAD, {0: "bad", STALE_CODE: "stale"}.get(code, f"quality {code}")


def number_in(metric: Metric, texts: Mapping[str, float]) -> float:
    """Return the number of a metric; true is 1 and false 0 unless ``texts`` say otherwise.

    Raises:
        UnusableError: there is no number.
        BadQualityError: the number is NaN or infinite, or a text says that there is none.
    """
    if isinstance(metric.value, bool):
        return texts.get(raw_text_of(metric.value), float(metric.value))
    if metric.value is None:
        raise UnusableError(f"Expected a number, boolean or text, not the data type {metric.datatype}.")
    return number_of(metric.value, texts)


def raw_of(metric: Metric) -> str:
    """Return the value of a metric for people."""
    return "null" if metric.value is None else raw_text_of(metric.value)[:MOST_RAW]


def raw_text_of(value: Value) -> str:
    """Return a value as text; of floats the digits of the 32-bit type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.9g}" if isinstance(value, float) else str(value).replace("\0", "\ufffd")
