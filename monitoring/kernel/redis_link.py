"""Redis for data that may be lost: counts and wake-ups. No request waits for an unavailable Redis.

After a failure no request asks Redis until a thread has got an answer again. An outage costs one short
timeout for the requests at the beginning, and nothing afterwards.
"""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from monitoring.kernel.outages import Outage
from monitoring.kernel.runtime import part

ANSWER_S = 0.25  # to connect, and again to be answered
LOOK_S = 2.0
CONNECTIONS = 1_000  # more than there are threads in a web server process
ERRORS = (RedisError, OSError)
PROBE = "fermon:probe"

T = TypeVar("T")


class RedisAwayError(Exception):
    """Redis does not answer, or rejects writes."""


class RedisLink:
    """The connection of this process to Redis. Thread-safe."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = connect(url)
        self.outage = Outage(began="Redis away", ended="Redis back")
        self._looker: threading.Thread | None = None
        self._lock = threading.Lock()

    def ask(self, question: Callable[[Redis], T]) -> T:
        """Return Redis's answer to a question.

        Raises:
            RedisAwayError: Redis fails, or failed a moment ago.
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
        """Return why Redis can't be used, within half a second; empty if Redis works."""
        try:
            self.ask(probe)
        except RedisAwayError as error:
            return str(error) or "no answer"
        return ""

    def heard(self, channel: str, *, within_s: float) -> Generator[bool, None, None]:
        """Yield True for each message of the channel, False after ``within_s`` seconds without one; endless.

        Raises:
            RedisAwayError: Redis is unavailable, or closed the connection.
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
    """Return a client that fails after one try and connects at the first use."""
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
    """Write a key: a Redis that is read-only or full is of no use."""
    client.set(PROBE, 1, px=1_000)


class RedisLinks:
    """The links of this process, by URL."""

    def __init__(self) -> None:
        self._links: dict[str, RedisLink] = {}
        self._lock = threading.Lock()

    def to(self, url: str) -> RedisLink:
        """Return the one link to the URL."""
        link = self._links.get(url)
        if link is None:
            with self._lock:
                link = self._links.setdefault(url, RedisLink(url))
        return link


def link_to(url: str) -> RedisLink | None:
    """Return the link of this process to a URL; None for an empty URL."""
    return part(RedisLinks).to(url) if url else None
