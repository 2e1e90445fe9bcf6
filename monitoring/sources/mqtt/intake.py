"""From messages to samples, rejections, qualities and points."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from monitoring.sources.mqtt.payloads import (
    BadQualityError,
    MissingMemberError,
    Target,
    UnusableError,
    decode,
    raw_text,
    read_time,
    read_value,
)
from monitoring.sources.mqtt.qualities import TagQualities
from monitoring.sources.mqtt.router import Route, Router
from monitoring.sources.mqtt.sparkplug_intake import SparkplugIntake
from monitoring.sources.mqtt.suggestions import discovered, values_of
from monitoring.sources.mqtt.templates import unit_of
from monitoring.sources.patterns import is_sparkplug, split_pointer
from monitoring.sources.pointers import pointer_text
from monitoring.sources.session import Malformed, Sample, Session

if TYPE_CHECKING:
    from monitoring.sources.mqtt.link import Message

LOOK_S = 1.0
MOST_UNWANTED = 100


class Intake:
    """The values of one connection.

    ``is_online``: a device has said so, thus values that were not sent are unchanged. ``offset_ms`` is the
    newest difference between the time of a message and its receipt. ``sparkplug`` takes the messages of
    Sparkplug; None unless the source is one of these.
    """

    def __init__(self, session: Session, router: Router) -> None:
        self.session, self.router = session, router
        self.offset_ms: float | None = None
        self._devices: dict[tuple[tuple[str, str], ...], bool] = {}
        self._qualities = TagQualities(session)
        self.sparkplug = (
            SparkplugIntake(session, router, router.metrics, self._qualities) if router.metrics else None
        )
        self._known: dict[str, Mapping[str, object]] = {}
        self._unwanted: set[str] = set()

    @property
    def is_online(self) -> bool:
        """Return whether a device is online by its last word."""
        return any(self._devices.values()) or (self.sparkplug is not None and self.sparkplug.is_online)

    def take_offset(self) -> float | None:
        """Return the newest difference between source time and receipt since the last call."""
        taken, self.offset_ms = self.offset_ms, None
        if self.sparkplug is not None:
            taken, self.sparkplug.offset_ms = self.sparkplug.offset_ms or taken, None
        return taken

    def take_unwanted(self) -> set[str]:
        """Return the topics that came although no filter of today receives them."""
        taken, self._unwanted = self._unwanted, set()
        return taken

    def items_of(self, messages: Sequence["Message"]) -> list[Sample | Malformed]:
        """Return samples and rejections of messages; tell the session everything else."""
        items: list[Sample | Malformed] = []
        for message in messages:
            self._take(message, items)
        if self.sparkplug is not None:
            self.sparkplug.store_births()
        return items

    def _take(self, message: "Message", items: list[Sample | Malformed]) -> None:
        if not message.topic:
            items.append(Malformed("", raw_text(message.payload), "The topic is not valid UTF-8."))
            return
        route = self.router.route(message.topic)
        if not route.is_wanted:
            if len(self._unwanted) < MOST_UNWANTED:
                self._unwanted.add(message.topic)
        elif len(message.payload) > self.router.settings.largest_bytes:
            items.append(too_large(route, message.payload, self.router.settings.largest_bytes))
        elif self.sparkplug is not None and is_sparkplug(message.topic):
            self.sparkplug.take(message, items)
        elif message.payload:  # an empty one deletes a retained message
            self._take_wanted(route, message, items)

    def _take_wanted(self, route: Route, message: "Message", items: list[Sample | Malformed]) -> None:
        if route.device is not None:
            self._note_device(route.device, message)
        if route.targets:
            self._read(route, message, items)
        elif route.is_discovery:
            self._note_discovery(message)
        elif route.device is None:
            self._show(route, message)

    def _read(self, route: Route, message: "Message", items: list[Sample | Malformed]) -> None:
        """Read the value of each target."""
        document: object = None
        if route.needs_document:
            try:
                document = decode(message.payload)
            except UnusableError as error:
                self._reject(route, route.targets[0], message, str(error), items)
                return
        is_other = False
        for target in route.targets:
            if message.is_retained and target.parse_time is None:
                continue  # a value of unknown age
            try:
                self._read_one(route, target, message, document, items)
            except UnusableError as error:
                if isinstance(error, MissingMemberError) and not target.is_exact:
                    is_other = True  # a template lists the members of several devices
                else:
                    self._reject(route, target, message, str(error), items)
        if is_other:
            self._show(route, message)

    def _read_one(
        self,
        route: Route,
        target: Target,
        message: "Message",
        document: object,
        items: list[Sample | Malformed],
    ) -> None:
        """Read the value of one target.

        Raises:
            UnusableError: there is none.
        """
        try:
            value = read_value(message.payload, document, target)
        except BadQualityError as error:
            self._note_bad(target, message, document, error, items)
            return
        time_us = read_time(document, target, message.received_us)
        route.has_number = True
        if not self.router.is_known(target.tag):
            self._show_target(route, target, message)
            return
        items.append(Sample(target.tag, time_us, value))
        self._qualities.good([target.tag], time_us)
        if target.parse_time is not None and not message.is_retained and not message.is_again:
            self.offset_ms = (time_us - message.received_us) / 1000

    def _note_bad(
        self,
        target: Target,
        message: "Message",
        document: object,
        error: BadQualityError,
        items: list[Sample | Malformed],
    ) -> None:
        """Begin a span of bad quality; of NaN remember one rejection, too: no value, but no word either."""
        if self._qualities.word_of(target.tag) == error.word or not self.router.is_known(target.tag):
            return
        try:
            time_us = read_time(document, target, message.received_us)
        except UnusableError:
            time_us = message.received_us
        self._qualities.lower([target.tag], error.word, time_us)
        if error.is_number:
            items.append(Malformed(target.tag, raw_text(message.payload), str(error)))

    def _note_device(self, device: Mapping[str, str], message: "Message") -> None:
        """Take a message about the availability of a device."""
        word = raw_text(message.payload).strip().lower()
        settings = self.router.settings
        if word not in settings.online and word not in settings.offline:
            return
        key = tuple(device.items())
        was_online = self._devices.get(key)
        is_online = self._devices[key] = word in settings.online
        if is_online == was_online:
            return
        tags = self.router.tags_of_device(device)
        if is_online:
            back = [tag for tag in tags if self._qualities.word_of(tag) in (None, *settings.offline)]
            self._qualities.good(back, message.received_us)
        else:
            self._qualities.lower(tags, word, message.received_us)

    def _reject(
        self, route: Route, target: Target, message: "Message", text: str, items: list[Sample | Malformed]
    ) -> None:
        """Remember a message without a usable value.

        Of a pattern's topic that has never given a number, show a point in place of that: a pattern receives
        texts, too.
        """
        if target.is_exact or route.has_number:
            items.append(Malformed(target.tag, raw_text(message.payload), text))
        else:
            self._show(route, message)

    def _note_discovery(self, message: "Message") -> None:
        found = discovered(message.topic, message.payload)
        if found is None:
            return
        address, suggestion = found
        self._known[address] = suggestion
        route = self.router.route(split_pointer(address)[0])
        route.look_at = 0.0
        if address not in self.router.config.ignored and not route.targets:
            self.session.seen(address, "", suggestion)

    def _show_target(self, route: Route, target: Target, message: "Message") -> None:
        """Show a value whose tag does not exist yet as a point."""
        pointer = pointer_text(target.value_tokens)
        rule = target.rule
        address = f"{route.topic}#{pointer}" if pointer else route.topic
        suggestion: dict[str, object] = {"tag": target.tag, "value_pointer": pointer}
        if rule.time_pointer:
            suggestion |= {"time_pointer": rule.time_pointer, "time_format": rule.time_format}
        if rule.options:
            suggestion |= {"kind": "discrete", "options": dict(rule.options)}
        if unit := unit_of(self.router.config.fields, target.tag):
            suggestion["unit"] = unit
        if address not in self.router.config.ignored:
            self.session.seen(address, raw_text(message.payload), suggestion)

    def _show(self, route: Route, message: "Message") -> None:
        """Show the values that no rule takes as points, once a second."""
        now = time.monotonic()
        if now < route.look_at:
            return
        route.look_at = now + LOOK_S
        mapped = {f"{route.topic}#{pointer_text(target.value_tokens)}" for target in route.targets}
        ignored = self.router.config.ignored | mapped
        raw = raw_text(message.payload)
        for address, suggestion in values_of(route.topic, message.payload).items():
            if address not in ignored:
                self.session.seen(address, raw, self._known.get(address) or suggestion)


def too_large(route: Route, payload: bytes, most: int) -> Malformed:
    """Return the rejection of a message over ``most`` bytes. Brokers of MQTT 5 withhold such messages."""
    tag = route.targets[0].tag if route.targets else ""
    text = f"The payload has {len(payload)} bytes, at most {most} are read."
    return Malformed(tag, raw_text(payload), text)
