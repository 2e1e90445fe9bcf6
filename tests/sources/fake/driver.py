"""Drivers without a peer, by the source's field ``does``."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from monitoring.models import Quality
from monitoring.sources.session import Malformed, Sample, Session, SourceError, State

SECOND_US = 1_000_000
TAG = "fermenter_temp"
acknowledged: list[int] = []


async def count(session: Session) -> None:
    """Send a value each 20 ms, on a grid of time, as two collectors would read it from one device."""
    session.state(State.CONNECTED)
    tag = str(session.config.fields.get("tag") or TAG)
    while True:
        grid_us = time.time_ns() // 20_000_000 * 20_000
        session.offer([Sample(tag, grid_us, 36.0 + grid_us // 20_000 % 100 / 100)])
        session.confirm(grid_us)
        await asyncio.sleep(0.02)


async def receive(session: Session) -> None:
    """Send values without a time of their own; acknowledge what is stored."""
    session.state(State.CONNECTED)
    for number in range(1_000_000):
        session.offer([Sample(TAG, None, 36.0 + number % 100 / 100)], partial(acknowledged.append, number))
        await asyncio.sleep(0.005)


async def flood(session: Session) -> None:
    """Send as much as there is room for."""
    session.state(State.CONNECTED)
    stamp = time.time_ns() // 1_000 - 3_600 * SECOND_US
    while True:
        full = [Sample("agitator_rpm", stamp + place, 400.0) for place in range(500)]
        stamp += 500
        while not session.offer(full):
            await asyncio.sleep(0.005)
        await asyncio.sleep(0)


async def tell(session: Session) -> None:
    """Tell one of each."""
    now_us = time.time_ns() // 1_000
    session.state(State.CONNECTED)
    session.seen("unit/other", "21.5", {"tag": "other", "unit": "K"})
    session.gap(now_us - 60 * SECOND_US, now_us - 30 * SECOND_US, "The broker forgot its queue.")
    session.clock(3_000.0)
    session.notice("persistence", "The broker keeps nothing on disk.")
    session.quality([TAG], Quality.BAD, time_us=now_us - 5 * SECOND_US, code=4, word="no sensor")
    session.quality([TAG], None, time_us=now_us - 2 * SECOND_US)
    await session.put([Sample(TAG, now_us, 37.123456), Malformed(TAG, "nan", "expected a number")])
    await session.put([Sample("unknown_tag", now_us, 1.0), Sample(TAG, now_us + 1, float("nan"))])
    session.confirm(now_us)
    await session.flush()
    session.notice("newest", str((await session.newest([TAG, "nothing"])).get(TAG) == now_us))
    await asyncio.sleep(3_600)


async def refuse(session: Session) -> None:
    """Fail as a peer that refuses the login does, with the password in the sentence."""
    raise SourceError(f"Login refused with {session.config.fields.get('password', '')}.")


async def crash(session: Session) -> None:
    """Fail by a mistake in the driver."""
    raise RuntimeError("no such register")


async def stubborn(session: Session) -> None:
    """Take a while to end."""
    session.state(State.CONNECTED)
    try:
        await asyncio.sleep(3_600)
    finally:
        await asyncio.sleep(0.2)


DOES: dict[str, Callable[[Session], Awaitable[None]]] = {
    each.__name__: each for each in (count, receive, flood, tell, refuse, crash, stubborn)
}


async def run(session: Session) -> None:
    """See ``session.Driver``."""
    await DOES[session.config.fields["does"]](session)
