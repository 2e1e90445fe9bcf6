"""Test a connection to a broker, discover topics, listen."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

from monitoring.models.source import MOST_POINTS
from monitoring.sources.config import SourceConfig
from monitoring.sources.mqtt.driver import MISSING_LIBRARY
from monitoring.sources.mqtt.payloads import UnusableError, decode, raw_text, read_time
from monitoring.sources.mqtt.router import Router
from monitoring.sources.mqtt.settings import BrokerSettings, settings_of
from monitoring.sources.mqtt.sparkplug_view import SparkplugView
from monitoring.sources.mqtt.suggestions import discovered, values_of
from monitoring.sources.mqtt.wire import Wire, connect, fingerprint, open_wire, secure
from monitoring.sources.patterns import fewest_filters
from monitoring.sources.session import Point, SourceError, Step
from monitoring.sources.targets import resolve

if TYPE_CHECKING:
    from monitoring.sources.mqtt.link import Link, Message

FIRST_VALUE_S, DISCOVER_S, LISTEN_S, MOST_S = 5.0, 10.0, 20.0, 50.0
AT_ONCE = 500
CERTIFICATE = "certificate"  # the name of the step by which the page offers to trust one
MOST_A_SECOND, MOST_SHOWN, MOST_IN_A_STEP = 10, 1_000, 80
NOTHING_YET = "nothing yet. Discover shows the topics that the broker sends; make tags of them."
NO_FILTERS = "Enter topic filters, or add mappings: nothing is subscribed."


def subscribed_step(name: str, config: SourceConfig, router: Router, refused: Sequence[str]) -> Step:
    """Return the step of subscribing. A new source, without mappings, needs no topics."""
    if refused:
        return Step(name, False, f"The broker refuses {', '.join(refused[:3])}: see its ACL.")
    if router.filters:
        return Step(name, True, ", ".join(router.filters[:5]))
    return Step(name, not config.rules, NO_FILTERS if config.rules else NOTHING_YET)


async def check_connection(config: SourceConfig) -> AsyncIterator[Step]:
    """Yield the steps of a connection test; see ``session.Probe``.

    The test has a client id of its own and no lasting session, so that the running source is not disturbed.
    """
    name = "Settings"
    link: Link | None = None
    try:
        from monitoring.sources.mqtt.link import Link as Library

        settings = for_a_test(settings_of(config))
        router = Router(config, settings)
        name = "Name resolved"
        addresses = await resolve(settings.host, settings.port)
        yield Step(name, True, ", ".join(addresses))
        name = "Port open"
        connected = await connect(addresses, settings.port)
        yield Step(name, True, f"{connected.getpeername()[0]} port {settings.port}")
        if settings.is_tls:
            name = "TLS"
            try:
                connected = await secure(connected, settings)
            except SourceError as error:
                yield Step(name, False, str(error))
                if shown := await fingerprint(settings):
                    yield Step(CERTIFICATE, False, trust_words(settings, shown))
                return
            yield Step(name, True, tls_words(settings))
        name = "Login"
        link = Library(settings, Wire(connected), is_persistent=False)
        link.open()
        await link.wait_connected()
        yield Step(name, True, f"MQTT {'5' if settings.is_v5 else '3.1.1'}, {user_words(settings)}")
        name = "Subscribed"
        refused = await link.subscribe_to(router.filters)
        step = subscribed_step(name, config, router, refused)
        yield step
        if not step.is_done or not router.filters:
            return
        name = "First value"
        yield Step(name, None, f"Waiting up to {FIRST_VALUE_S:g} s.")
        yield await first_value(router, link)
    except ModuleNotFoundError:
        yield Step(name, False, MISSING_LIBRARY)
    except SourceError as error:
        yield Step(name, False, str(error))
    finally:
        if link is not None:
            await link.close()


async def discover(config: SourceConfig, parameters: Mapping[str, object]) -> AsyncIterator[Point]:
    """Yield the topics that arrive within some seconds (``seconds``, 10), with Home Assistant's discovery.

    Of Sparkplug, yield metrics: first those of births that the running source has seen.

    Raises:
        SourceError: the connection failed.
    """
    seen: dict[str, Mapping[str, object]] = {}
    view = view_of(config)
    for point in islice(view.stored_points(), MOST_POINTS):
        seen[point.address] = point.suggestion
        yield point
    more = ["homeassistant/+/+/config", "homeassistant/+/+/+/config"]
    async with listening(config, more if config.fields.get("filters") else ["#"]) as link:
        async for message in messages_of(link, seconds(parameters, DISCOVER_S)):
            for point in points_of(view, message):
                is_better = not point.raw and seen.get(point.address) != point.suggestion
                if (point.address in seen and not is_better) or len(seen) >= MOST_POINTS:
                    continue
                seen[point.address] = point.suggestion
                yield point


def points_of(view: SparkplugView, message: "Message") -> Iterator[Point]:
    """Yield the points of a message; those of discovery messages are without a raw value."""
    if view.takes(message.topic):
        yield from view.points_of(message)
    elif found := discovered(message.topic, message.payload):
        yield Point(found[0], "", found[1])
    else:
        raw = raw_text(message.payload)
        for address, suggestion in values_of(message.topic, message.payload).items():
            yield Point(address, raw, suggestion)


async def listen(config: SourceConfig, parameters: Mapping[str, object]) -> AsyncIterator[dict[str, object]]:
    """Yield messages that arrive within some seconds (``seconds``, 20), at most 10 a second.

    Each has address, raw, received_us and is_retained.

    Raises:
        SourceError: the connection failed.
    """
    second, count = 0, 0
    view = view_of(config)
    async with listening(config, []) as link:
        async for message in messages_of(link, seconds(parameters, LISTEN_S)):
            for address, raw in shown_of(view, message):
                now = int(time.monotonic())
                second, count = now, count + 1 if now == second else 1
                if count <= MOST_A_SECOND:
                    yield {
                        "address": address,
                        "raw": raw,
                        "received_us": message.received_us,
                        "is_retained": message.is_retained,
                    }


def shown_of(view: SparkplugView, message: "Message") -> list[tuple[str, str]]:
    """Return address and payload of a message as text; of Sparkplug those of each metric."""
    if view.takes(message.topic):
        return [(point.address, point.raw) for point in view.points_of(message)]
    return [(message.topic, raw_text(message.payload, MOST_SHOWN))]


def view_of(config: SourceConfig) -> SparkplugView:
    """Return the view of a source's Sparkplug messages.

    Raises:
        SourceError: a field has no usable value.
    """
    return SparkplugView(Router(config, settings_of(config)))


@asynccontextmanager
async def listening(config: SourceConfig, more: Sequence[str]) -> AsyncIterator["Link"]:
    """Give a connection of its own to the broker, with the filters of the source and further ones.

    Raises:
        SourceError: the connection failed, or the broker refuses all filters.
    """
    try:
        from monitoring.sources.mqtt.link import Link
    except ModuleNotFoundError as error:
        raise SourceError(MISSING_LIBRARY) from error
    settings = for_a_test(settings_of(config))
    filters = fewest_filters([*Router(config, settings).filters, *more])
    if not filters:
        raise SourceError(NO_FILTERS)
    link = Link(settings, await open_wire(settings), is_persistent=False)
    try:
        link.open()
        await link.wait_connected()
        refused = await link.subscribe_to(filters)
        if len(refused) == len(filters):
            raise SourceError(f"The broker refuses to send {refused[0]}: see its ACL.")
        yield link
    finally:
        await link.close()


async def messages_of(link: "Link", within_s: float) -> AsyncGenerator["Message", None]:
    """Yield messages with a topic for so many seconds, acknowledged.

    Raises:
        SourceError: the connection ended.
    """
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        arrived = asyncio.ensure_future(link.arrived.wait())
        try:
            left_s = max(0.0, end - time.monotonic())
            await asyncio.wait((arrived, link.ended), timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrived.cancel()
        while messages := link.take(AT_ONCE):
            link.acknowledge([message.mid for message in messages if message.qos])
            for message in messages:
                if message.topic:
                    yield message
        if link.ended.done():
            raise SourceError(link.ended.result())


async def first_value(router: Router, link: "Link") -> Step:
    """Return the step about the first message: its value, age and the clock of the device."""
    name = "First value"
    view = SparkplugView(router)
    async with aclosing(messages_of(link, FIRST_VALUE_S)) as messages:
        async for message in messages:
            shown = shown_of(view, message)
            if not shown:
                continue  # of Sparkplug, but without a metric
            text = f"{shown[0][0]}: {shown[0][1][:MOST_IN_A_STEP]}"
            if message.is_retained:
                return Step(name, True, f"{text} (retained: of unknown age)")
            age_us = age_of(router, message)
            age = "just now" if age_us is None else age_words(age_us)
            return Step(name, True, f"{text} ({age})")
    return Step(name, True, "No message yet. Values appear as soon as a device sends.")


def age_of(router: Router, message: "Message") -> int | None:
    """Return the age of a message in microseconds by its own time; None if the message has none."""
    for target in router.route(message.topic).targets:
        if target.parse_time is not None:
            try:
                return message.received_us - read_time(decode(message.payload), target, message.received_us)
            except UnusableError:
                continue
    return None


def age_words(age_us: int) -> str:
    """Return the age of a fresh value in words; most of that is the difference of two clocks."""
    if abs(age_us) < 2_000_000:
        return f"{abs(age_us) / 1e6:.1f} s {'old' if age_us >= 0 else 'ahead'}: the clocks agree"
    side = "behind" if age_us > 0 else "ahead of"
    return f"its time is {abs(age_us) / 1e6:.1f} s {side} this server's: compare the clocks"


def for_a_test(settings: BrokerSettings) -> BrokerSettings:
    """Return the settings with a client id that nothing else uses."""
    return replace(settings, client_id=f"fermon-test-{uuid4().hex[:8]}")


def seconds(parameters: Mapping[str, object], default: float) -> float:
    """Return the parameter ``seconds``, at most 50."""
    given = parameters.get("seconds", default)
    return min(max(float(given), 1.0), MOST_S) if isinstance(given, int | float) else default


def tls_words(settings: BrokerSettings) -> str:
    """Return how the certificate of the broker was checked."""
    return "the trusted certificate" if settings.trusted_certificate else f"certificate of {settings.host}"


def trust_words(settings: BrokerSettings, shown: str) -> str:
    """Return the sentence about a certificate that nobody has trusted."""
    return (
        f"The broker at {settings.host} shows a certificate with the SHA-256 fingerprint {shown}. Compare it"
        " with that of the broker's file before you trust it."
    )


def user_words(settings: BrokerSettings) -> str:
    """Return as whom the source has logged in."""
    return f"user {settings.user}" if settings.user else "without a user"
