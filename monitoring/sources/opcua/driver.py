"""Subscribe to the mapped nodes of an OPC UA server, and fill what was missed from its history."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from asyncua import Client

from monitoring.sources.config import SourceConfig
from monitoring.sources.opcua.certificates import application_identity, ending_notice
from monitoring.sources.opcua.connection import connection, in_words
from monitoring.sources.opcua.history import HistoryFiller
from monitoring.sources.opcua.items import Item
from monitoring.sources.opcua.kind import NO_SECURITY, settings_of
from monitoring.sources.opcua.server_info import ServerInfo, node_of, read_server
from monitoring.sources.opcua.subscription import Subscription
from monitoring.sources.session import Session, State

RENEW = (
    "Delete opcua_key.pem and opcua_certificate.der in the data directory and restart the collector: Fermon"
    " makes a new one, which the servers have to trust."
)
FIRST_HANDLE = 1


async def run(session: Session) -> None:
    """Feed the session from one connection until cancelled.

    Raises:
        SourceError: the connection failed or ended. The next run makes a new client: the library's can't be
            connected again reliably.
    """
    session.state(State.CONNECTING)
    settings = settings_of(session.config)
    async with connection(session.config) as client:
        with in_words(settings):
            await subscribe(client, session)


async def subscribe(client: Client, session: Session) -> None:
    """Monitor the mapped nodes over an open connection until it fails."""
    settings = settings_of(session.config)
    await tell_certificate(session)
    info = await read_server(client)
    items = items_of(session.config, info, await session.newest([rule.tag for rule in session.config.rules]))
    subscription = Subscription(client, session, info, items, settings.publishing_ms)
    filler = HistoryFiller(client, session, info, subscription, settings.fill_hours)
    subscription.on_holes = filler.add
    filler.add([(item, item.newest_us) for item in items if item.newest_us is not None])
    await subscription.create()
    session.state(State.CONNECTED)
    filling = asyncio.create_task(filler.run())
    try:
        await subscription.watch()
    finally:
        filling.cancel()
        with suppress(asyncio.CancelledError):
            await filling


def items_of(config: SourceConfig, info: ServerInfo, newest: dict[str, int]) -> Sequence[Item]:
    """Return the items of a source's mappings."""
    return [
        Item(rule, node_of(rule.address, info.namespaces), handle, newest.get(rule.tag))
        for handle, rule in enumerate(config.rules, FIRST_HANDLE)
    ]


async def tell_certificate(session: Session) -> None:
    """Tell people when Fermon's own certificate ends soon."""
    if settings_of(session.config).policy == NO_SECURITY:
        session.notice("certificate", "")
        return
    identity = await asyncio.to_thread(application_identity)
    session.notice("certificate", ending_notice("Fermon's OPC UA certificate", identity.ends, RENEW))
