"""Redis, for what may be lost: counts and wake-ups. While it is away nobody waits for it.

What fails once is not asked again until a thread beside has seen Redis answer. So an outage costs one
short timeout to those who ask at its beginning, and nothing to anybody after them.
"""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from functools import cache
from typing import TypeVar

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from monitoring.kernel.outages import Outage

ANSWER_S = 0.25  # to connect, and again to be answered
LOOK_S = 2.0
CONNECTIONS = 1_000  # more than there are threads in a web server process
ERRORS = (RedisError, OSError)
PROBE = "fermon:probe"

T = TypeVar("T")


class RedisAwayError(Exception):
    """Redis does not answer, or takes no writes."""


class RedisLink:
    """This process's way to Redis. Any thread may use it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = connect(url)
        self.outage = Outage(began="Redis away", ended="Redis back")
        self._looker: threading.Thread | None = None
        self._lock = threading.Lock()

    def ask(self, question: Callable[[Redis], T]) -> T:
        """What Redis answers.

        Raises:
            RedisAwayError: it does not, or did not a moment ago.
        """
        if self.outage.since is not None:
            self._look_beside()
            raise RedisAwayError(self.outage.error)
        try:
            return question(self.client)
        except ERRORS as error:
            self.outage.begin(error)
            self._look_beside()
            raise RedisAwayError(str(error)) from error

    def look(self) -> str:
        """Why Redis can't be used, as far as it shows within half a second; empty if it can."""
        try:
            self.ask(probe)
        except RedisAwayError as error:
            return str(error) or "no answer"
        return ""

    def heard(self, channel: str, *, within_s: float) -> Generator[bool, None, None]:
        """True for each notice of the channel, False after so long without one; it does not end.

        Raises:
            RedisAwayError: Redis is away, or has cut us off.
        """
        if error := self.look():
            raise RedisAwayError(error)
        try:
            with closing(connect(self.url)) as client, closing(PubSub(client.connection_pool)) as ear:
                ear.subscribe(channel)  # type: ignore[no-untyped-call]
                ear.get_message(timeout=ANSWER_S)  # that it is subscribed
                while True:
                    yield False
                    while ear.get_message(timeout=within_s) is not None:
                        yield True
        except ERRORS as error_then:
            raise RedisAwayError(str(error_then)) from error_then

    def _look_beside(self) -> None:
        with self._lock:
            if self._looker is None or not self._looker.is_alive():  # nor is it in a forked process
                self._looker = threading.Thread(target=self._look_until_back, name="redis", daemon=True)
                self._looker.start()

    def _look_until_back(self) -> None:
        while self.outage.since is not None:
            time.sleep(LOOK_S)
            try:
                probe(self.client)
            except ERRORS as error:
                self.outage.begin(error)
            else:
                self.outage.end()


def connect(url: str) -> Redis:
    """A client that fails after one try; it connects when it is first used."""
    client: Redis = Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_S,
        socket_timeout=ANSWER_S,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        max_connections=CONNECTIONS,
    )
    return client


def probe(client: Redis) -> None:
    """Writes: one that can only be read, or is full, is of no use."""
    client.set(PROBE, 1, px=1_000)


@cache
def link_to(url: str) -> RedisLink | None:
    """This process's link to that address; None of an empty one."""
    return RedisLink(url) if url else None
