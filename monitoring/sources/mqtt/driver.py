"""Receive the messages of a broker: one connection, from CONNECT to DISCONNECT."""

import asyncio
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from monitoring.kernel.clock import current_micros
from monitoring.kernel.runtime import part
from monitoring.sources.libraries import REMEDY
from monitoring.sources.mqtt.intake import Intake
from monitoring.sources.mqtt.router import Router
from monitoring.sources.mqtt.settings import settings_of
from monitoring.sources.mqtt.wire import open_wire
from monitoring.sources.session import Session, SourceError, State

if TYPE_CHECKING:
    from monitoring.sources.mqtt.link import Link

SILENT_S = 14.0  # the library asks after 10 s without a word
TICK_S = 1.0
AT_ONCE = 500  # messages between two turns of the event loop
MANY, PAUSE_S = 100, 0.01  # fewer messages wait a moment for others
FULL_S = 0.05
MOST_LEVELS = 8
SHORT_LIFE_S, MOST_SHORT_LIVES = 10.0, 3
SHOWN_S = 24 * 3600.0
LOST_SESSION, TWO_CLIENTS, REFUSED, RULES, NOTHING = "session", "client_id", "refused", "rules", "filters"
BROKER_SETTINGS = (
    "In mosquitto.conf set: persistence true, autosave_on_changes true, autosave_interval 1,"
    " max_queued_messages 0."
)
MISSING_LIBRARY = f"The library paho-mqtt is not installed. {REMEDY}"


class ShortLives(Counter[int]):
    """By source, how many connections in a row ended soon after they were made. A part of the runtime."""


async def run(session: Session) -> None:
    """Connect, and feed the session until the connection ends.

    Raises:
        SourceError: the connection failed or ended.
    """
    try:
        from monitoring.sources.mqtt.link import Link
    except ModuleNotFoundError as error:
        raise SourceError(MISSING_LIBRARY) from error
    settings = settings_of(session.config)
    router = Router(session.config, settings)
    session.state(State.CONNECTING)
    link = Link(settings, await open_wire(settings))
    try:
        link.open()
        was_present = await link.wait_connected()
        await Connection(session, router, link).serve(was_present=was_present)
    finally:
        await link.close()


class Connection:
    """An accepted connection."""

    def __init__(self, session: Session, router: Router, link: "Link") -> None:
        self.session, self.router, self.link = session, router, link
        self.intake = Intake(session, router)
        self.since = time.monotonic()
        self.confirmed = 0.0
        self._missing_since_us: int | None = None
        self._forgotten: set[str] = set()
        self._is_behind = True

    async def serve(self, *, was_present: bool) -> None:
        """Subscribe and receive.

        Raises:
            SourceError: the connection ended.
        """
        stored = await self.session.newest(()) if self.intake.sparkplug or not was_present else {}
        if self.intake.sparkplug is not None:
            self.intake.sparkplug.begin(stored, was_present=was_present)
        if was_present:
            self.session.notice(LOST_SESSION, "")
        else:
            self._missing_since_us = max(stored.values(), default=None)
        receiving = asyncio.create_task(self._receive())  # first: what waits arrives before the answer
        watching = asyncio.create_task(self._watch())
        subscribing = asyncio.create_task(self._subscribe())
        tasks = {receiving, watching, subscribing}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _mark_gap(self) -> None:
        """Mark the gap of a session that the broker has forgotten, until now."""
        if self._missing_since_us is None:
            return
        now_us = current_micros()
        since_us = min(self._missing_since_us, now_us)
        self.session.gap(since_us, now_us, "The broker had forgotten the session: messages may be missing.")
        self.session.notice(
            LOST_SESSION,
            f"The broker had forgotten the session of client {self.link.settings.client_id!r}, with the"
            f" messages that waited. {BROKER_SETTINGS}",
        )

    async def _subscribe(self) -> None:
        filters = self.router.filters
        try:
            refused = await self.link.subscribe_to(filters)
        finally:
            self._mark_gap()  # also if that failed: the broker has a session from now on
        if filters and len(refused) == len(filters):
            raise SourceError(
                f"The broker refuses to send {refused[0]}: allow this user to read the topic in the ACL."
            )
        some = ", ".join(refused[:3])
        self.session.notice(REFUSED, f"The broker refuses to send {some}: see its ACL." if refused else "")
        problems = self.router.problems
        self.session.notice(RULES, f"Mappings not in use: {'; '.join(problems[:3])}" if problems else "")
        hint = "" if filters else "No topics are subscribed: enter topic filters, or add mappings."
        self.session.notice(NOTHING, hint)
        self.session.state(State.CONNECTED)

    async def _receive(self) -> None:
        """Decode messages and offer their values, oldest first; acknowledge messages that are stored.

        While the session has no room nothing is acknowledged, and the broker waits.
        """
        link = self.link
        while True:
            await link.arrived.wait()
            if len(link.waiting) < MANY:
                await asyncio.sleep(PAUSE_S)
            while messages := link.take(AT_ONCE):
                items = self.intake.items_of(messages)
                mids = [message.mid for message in messages if message.qos]
                acknowledge = partial(link.acknowledge, mids)
                if not items:
                    acknowledge()
                while items and not self.session.offer(items, acknowledge):
                    await asyncio.sleep(FULL_S)
                self._forget_filters()
                await asyncio.sleep(0)

    def _forget_filters(self) -> None:
        """Unsubscribe the filters that may have sent topics which no filter of today receives.

        The broker keeps subscriptions with the session and tells none of them. So unsubscribe all filters
        that could have matched; the broker ignores those that it does not have.
        """
        for topic in self.intake.take_unwanted():
            more = [each for each in filters_of(topic) if each not in self._forgotten]
            self._forgotten.update(more)
            self.link.forget([each for each in more if each not in self.router.filters])

    async def _watch(self) -> None:
        """Look every second whether the broker is alive.

        Raises:
            SourceError: the connection ended, or the broker is silent.
        """
        while not self.link.ended.done():
            self._look()
            await asyncio.wait((self.link.ended,), timeout=TICK_S)
        lives = part(ShortLives)
        if self._is_young():
            lives[self.session.config.id] += 1
        if self.link.is_taken_over or lives[self.session.config.id] > MOST_SHORT_LIVES:
            text = (
                f"Another client uses the client id {self.link.settings.client_id!r} at this broker: each"
                " connection ends the other one. Give one of them another client id."
            )
            self.session.notice(TWO_CLIENTS, text)
            raise SourceError(text)
        raise SourceError(self.link.ended.result())

    def _is_young(self) -> bool:
        return time.monotonic() - self.since < SHORT_LIFE_S

    def _look(self) -> None:
        """Look at one tick; raise SourceError if the broker is silent."""
        now, heard = time.monotonic(), self.link.wire.heard
        if now - heard > SILENT_S:
            raise SourceError(f"The broker has not answered for {now - heard:.0f} s.")
        if not self._is_young():
            part(ShortLives).pop(self.session.config.id, None)
            self.session.notice(TWO_CLIENTS, "")
        if now - self.since > SHOWN_S:
            self.session.notice(LOST_SESSION, "")
        if heard > self.confirmed and self.intake.is_online:
            self.confirmed = heard
            self.session.confirm(current_micros() - int((now - heard) * 1e6))
        if self.intake.sparkplug is not None:
            self.intake.sparkplug.tick()
        self._look_at_clock()
        self._look_at_dropped()

    def _look_at_clock(self) -> None:
        """Record the clock's offset of a fresh message: none of those that have waited at the broker."""
        offset_ms = self.intake.take_offset()
        is_behind, self._is_behind = self._is_behind, len(self.link.waiting) > AT_ONCE
        if offset_ms is not None and not is_behind and not self._is_behind:
            self.session.clock(offset_ms)

    def _look_at_dropped(self) -> None:
        link = self.link
        if link.dropped and len(link.waiting) < AT_ONCE:
            count, since_us = link.dropped, link.dropped_us
            link.dropped = link.dropped_us = 0
            now_us = current_micros()
            self.session.gap(since_us, now_us, f"{count} messages of QoS 0 came faster than could be stored.")


def filters_of(topic: str) -> list[str]:
    """Return the filters that receive a topic, of topics with many levels those with few wildcards."""
    levels = topic.split("/")
    heads: list[list[str]] = [[]]
    found = ["#"]
    for place, level in enumerate(levels):
        heads = [[*head, each] for head in heads for each in (level, "+")]
        if len(levels) > MOST_LEVELS:
            heads = [head for head in heads if head.count("+") <= 1]
        ends = ("",) if place == len(levels) - 1 else ()
        found += ["/".join(head) + end for head in heads for end in (*ends, "/#")]
    return found
