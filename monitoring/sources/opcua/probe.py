"""Test a connection in steps, and discover variables."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from asyncua import Client, ua

from monitoring.kernel.clock import SECOND_US, current_micros
from monitoring.kernel.source_clock import error_text
from monitoring.models.source import MOST_POINTS
from monitoring.sources import targets
from monitoring.sources.config import SourceConfig
from monitoring.sources.opcua.browsing import OBJECTS, Browser, Found, point_of
from monitoring.sources.opcua.connection import (
    Endpoint,
    check_trust,
    connection,
    find_endpoint,
    in_words,
    own_identity,
    session,
)
from monitoring.sources.opcua.kind import settings_of
from monitoring.sources.opcua.server_info import node_of, read_nodes, read_server
from monitoring.sources.opcua.values import decode, raw_of, time_of
from monitoring.sources.session import Point, SourceError, Step

NAME, PORT, ENDPOINT, CERTIFICATE = "Name", "Port", "Endpoint", "Certificate"
SESSION, VALUE, CLOCK = "Session", "First value", "Clock"
CONNECT_S = 5.0


async def check_connection(config: SourceConfig) -> AsyncIterator[Step]:
    """Yield the steps of a connection test, in words; end at the first one that fails."""
    running = Running()
    try:
        async for step in steps_of(config, running):
            yield step
    except SourceError as error:
        yield Step(running.name, False, str(error))


class Running:
    """The step that runs."""

    name = NAME

    def begin(self, name: str) -> Step:
        """Return the beginning of a step."""
        self.name = name
        return Step(name, None)

    def done(self, text: str) -> Step:
        """Return the good end of the step."""
        return Step(self.name, True, text)


async def steps_of(config: SourceConfig, running: Running) -> AsyncIterator[Step]:
    """Yield the steps of a connection test.

    Raises:
        SourceError: the running step has failed.
    """
    settings = settings_of(config)
    yield running.begin(NAME)
    addresses = await targets.resolve(settings.host, settings.port)
    is_name = settings.host != addresses[0]
    yield running.done(
        f"{settings.host} is {addresses[0]}." if is_name else f"{settings.host} needs no look-up."
    )
    yield running.begin(PORT)
    with in_words(settings):
        await open_port(addresses[0], settings.port)
    yield running.done(f"Port {settings.port} is open.")
    yield running.begin(ENDPOINT)
    with in_words(settings):
        endpoint = await find_endpoint(settings, addresses)
    yield running.done("The server offers this security.")
    if endpoint.certificate is not None:
        yield running.begin(CERTIFICATE)
        check_trust(endpoint, config)
        yield running.done(certificate_text(endpoint))
    yield running.begin(SESSION)
    identity = await own_identity(settings)
    async with session(settings, addresses, endpoint, identity) as client:
        yield running.done("Logged in." if settings.user else "Session opened.")
        with in_words(settings):
            async for step in value_steps(client, config, running):
                yield step


async def open_port(address: str, port: int) -> None:
    """Open a connection and close it again."""
    _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_S)
    writer.close()
    await writer.wait_closed()


def certificate_text(endpoint: Endpoint) -> str:
    """Return a trusted certificate in words."""
    ends = (
        f", valid until {endpoint.certificate.not_valid_after_utc:%Y-%m-%d}" if endpoint.certificate else ""
    )
    return f"Trusted: SHA-256 {endpoint.fingerprint}{ends}."


async def value_steps(client: Client, config: SourceConfig, running: Running) -> AsyncIterator[Step]:
    """Yield the steps that read the first mapped node and the server's clock."""
    info = await read_server(client)
    asked_us = current_micros()
    if config.rules:
        yield running.begin(VALUE)
        rule = config.rules[0]
        node = node_of(rule.address, info.namespaces)
        if node.is_null():
            raise SourceError(f"{rule.address}: the server has no such namespace.")
        data = (await read_nodes(client.uaclient.session, [node]))[0]
        yield value_step(running, rule.address, data, info.now_us or asked_us)
    yield running.begin(CLOCK)
    if info.now_us is None:
        yield running.done("The server does not tell its time.")
    else:
        yield running.done(clock_text(info.now_us - asked_us))


def value_step(running: Running, address: str, data: ua.DataValue, server_us: int) -> Step:
    """Return the end of the step that read a value.

    Raises:
        SourceError: the server has no such node, or the value is bad.
    """
    decoded = decode(data, None)
    if data.StatusCode is not None and data.StatusCode.is_bad():
        raise SourceError(f"{address}: {decoded.word}.")
    time_us = time_of(data)
    age_s = max(0, (server_us - time_us) / SECOND_US) if time_us is not None else None
    age = "without a time" if age_s is None else f"{age_s:.1f} s old"
    return running.done(f"{address} is {raw_of(data)[:80]}, {age}.")


def clock_text(offset_us: int) -> str:
    """Return how far the server's clock is from this machine's, in words."""
    offset_s = offset_us / SECOND_US
    if abs(offset_s) < 2:
        return "The clocks of server and Fermon agree within 2 s."
    return f"The server's clock is off: {error_text(offset_s)}. Set it right, or use the receive time."


async def discover(config: SourceConfig, parameters: Mapping[str, object]) -> AsyncIterator[Point]:
    """Yield points, at most 5,000.

    With ``node`` the nodes directly below it, folders with the number of their children; else all variables
    below ``below``, or below Objects.

    Raises:
        SourceError: the connection failed.
    """
    settings = settings_of(config)
    async with connection(config) as client:
        with in_words(settings):
            info = await read_server(client)
            browser = Browser(client, info)
            given = str(parameters.get("node") or parameters.get("below") or "")
            node = node_of(given, info.namespaces) if given else OBJECTS
            if node.is_null():
                raise SourceError(f"{given} is no node id of this server: expected as ns=3;s=Plant.")
            start = Found(node, (), False)
            points = level(browser, start) if parameters.get("node") else all_below(browser, start)
            async for point in points:
                yield point


async def level(browser: Browser, start: Found) -> AsyncIterator[Point]:
    """Yield the nodes directly below a node."""
    found = (await browser.children([start]))[0][1][:MOST_POINTS]
    counted = {parent.node: len(below) for parent, below in await browser.children(found)}
    for each in found:
        if not each.is_variable and counted[each.node]:
            name = each.path[-1]
            yield Point(each.node.to_string(), name, {"display_name": name}, counted[each.node])
    for described in await browser.describe([each for each in found if each.is_variable]):
        yield point_of(described)


async def all_below(browser: Browser, start: Found) -> AsyncIterator[Point]:
    """Yield all variables below a node."""
    left = MOST_POINTS
    async for variables in browser.variables(start):
        for described in await browser.describe(variables[:left]):
            yield point_of(described)
        left -= len(variables)
        if left <= 0:
            return
