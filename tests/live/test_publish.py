"""Others are told that something was stored, behind the commit: by Redis, or by PostgreSQL."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from pytest_django import Settings

from monitoring.kernel import redis_link
from monitoring.live import publish, subscribe
from monitoring.live.publish import publisher
from monitoring.live.subscribe import Listener

PATIENCE_S = 60
WAYS = ["redis", "database"] if connection.vendor == "postgresql" else ["redis"]

pytestmark = [pytest.mark.threads, pytest.mark.django_db(transaction=True)]


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


class Heard:
    """What a listener has heard."""

    def __init__(self) -> None:
        self.count = 0
        self.listener = Listener(self.wake)
        self.lock = threading.Lock()

    def wake(self) -> None:
        with self.lock:
            self.count += 1

    def start(self) -> None:
        """Returns once it hears; that it does is told, too, and is not counted."""
        self.listener.start()
        wait_until(lambda: self.listener.is_hearing and self.count)
        self.count = 0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No long pauses."""
    monkeypatch.setattr(subscribe, "RETRY_S", 0.02)
    monkeypatch.setattr(redis_link, "LOOK_S", 0.02)


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.listener.stop()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, settings: Settings, redis_server: Any) -> str:
    """By what it is told."""
    settings.REDIS_URL = redis_server.url if request.param == "redis" else ""
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_what_is_committed_is_told_and_what_is_not_is_not(heard: Heard) -> None:
    heard.start()
    with transaction.atomic():
        publish.publish()
        transaction.set_rollback(True)
    with transaction.atomic():
        publish.publish()
        assert heard.count == 0
    wait_until(lambda: heard.count)
    assert heard.count == 1


@pytest.mark.usefixtures("way")
def test_much_that_is_stored_at_once_is_few_notices(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "APART_S", 0.5)
    heard.start()
    for _ in range(500):
        publish.publish()
    wait_until(lambda: heard.count)
    publisher().stop()
    assert heard.count < 50


@pytest.mark.usefixtures("way")
def test_who_is_cut_off_listens_again_and_looks_for_what_was_missed(heard: Heard, way: str) -> None:
    heard.start()
    cut_off(way)
    wait_until(lambda: heard.count)
    assert heard.listener.is_hearing
    publish.publish()
    wait_until(lambda: heard.count >= 2)


def cut_off(way: str) -> None:
    """Ends the connections of all who listen."""
    if link := redis_link.link_to(settings.REDIS_URL):
        link.client.client_kill_filter(_type="pubsub")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")


def test_while_redis_is_away_it_says_that_it_hears_nothing(
    heard: Heard, settings: Settings, redis_server: Any
) -> None:
    settings.REDIS_URL = redis_server.url
    heard.start()
    redis_server.kill()
    wait_until(lambda: not heard.listener.is_hearing)
    publish.publish()
    redis_server.start()
    wait_until(lambda: heard.listener.is_hearing and heard.count)


if connection.vendor == "sqlite":

    def test_sqlite_is_looked_at_and_nobody_is_told(heard: Heard) -> None:
        heard.listener.start()
        publish.publish()
        assert not heard.listener.is_hearing
        assert not publisher().is_running
