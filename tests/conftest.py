"""What every test stands on: a database and a data directory that are not those of ``var/``."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from concurrent_log_handler import ConcurrentRotatingFileHandler
from django.contrib.auth.models import Group, User
from django.db import Error as DatabaseError
from django.db import connection, connections
from django.test import Client
from django.urls import get_resolver
from filelock import FileLock
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker, Settings

from monitoring.kernel import redis_link
from monitoring.kernel.runtime import Runtime
from monitoring.operations.stream_feed import feed
from monitoring.spool import spool_files
from tests.migrated import InitialRows, copy_file, make_template
from tests.on_postgresql import copy_database, name_of, new_address
from tests.own_redis import RedisServer
from tests.own_runtime import new_runtime
from tests.patience import stretched

# A property holds or not, however busy this machine is; benchmarks measure speed.
hypothesis_settings.register_profile(
    "fermon", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("fermon")

TO_THE_DATABASE = frozenset({"db", "transactional_db", "live_server", "system", "new_plant", "plant"})
WITH_PROCESSES = frozenset({"commands", "deploy", "e2e", "mqtt", "opcua", "site", "torture"})  # folders


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The address of a database that the migrations made, once for all workers; to be copied."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    address = shared / "migrated.txt"
    with FileLock(shared / "migrated.lock"):
        if not address.exists():
            address.write_text(make_template(shared))
    return address.read_text()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    migrated: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Gives the worker a copy of the migrated database; a test that commits leaves it as it was.

    Django's 'flush' would leave no rows of the migrations to the tests that come after. The modules of all
    pages are imported here: that takes seconds on a busy machine, more than some tests have until they ask.
    """
    assert get_resolver().url_patterns
    if connection.vendor == "postgresql":
        name = name_of(url := new_address())
        copy_database(migrated, url)
    else:
        name = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        copy_file(migrated, Path(name))
    connection.settings_dict["NAME"] = name  # it is the one that all threads' connections are made from
    with django_db_blocker.unblock():
        rows = InitialRows(migrated)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.test.testcases.call_command", rows.restore)
        yield
    with django_db_blocker.unblock():
        cut_connections()


@pytest.fixture(scope="session", autouse=True)
def no_log_file() -> None:
    """Leaves the log file to the running system."""
    for logger in map(logging.getLogger, ("", "django.server", "django-q", "_granian")):
        for handler in list(logger.handlers):
            if isinstance(handler, ConcurrentRotatingFileHandler):
                logger.removeHandler(handler)
                handler.close()


@pytest.fixture(scope="session", autouse=True)
def between_tests() -> Iterator[Runtime]:
    """The runtime around those of the tests, without threads and streams.

    A server that several tests share may answer a request after its test. The database can still be reached
    then: pytest-django closes it last. A stream's thread that began there would read until nobody may.
    """
    with new_runtime(threads=False).in_charge() as runtime:
        feed().stop()
        yield runtime


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    """The test's own FERMON_DATA_DIR."""
    settings.FERMON_DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def quick(settings: Settings) -> None:
    """Spares each test's first request a list of all static files, and each password its slow hash."""
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def runtime(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Runtime]:
    """The test's own runtime; without threads, unless the test is marked ``threads``."""
    settings.REDIS_URL = ""  # it may be set for the commands that are tested
    threads = request.node.get_closest_marker("threads") is not None
    with new_runtime(threads=threads).in_charge() as own:
        yield own


@pytest.fixture(autouse=True)
def no_foreign_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets a test run an event loop of its own, also where tests of pages ran before.

    Playwright's synchronous interface leaves its loop running in this thread until the session ends.
    """
    loop = None if "playwright" in request.fixturenames else asyncio._get_running_loop()
    if loop is not None:
        asyncio._set_running_loop(None)
    yield
    if loop is not None:
        asyncio._set_running_loop(loop)


@pytest.fixture
def redis_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A Redis that answers, on a busy machine not always within a quarter of a second."""
    monkeypatch.setattr(redis_link, "ANSWER_S", stretched(10))
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def post(client: Client) -> Callable[..., Any]:
    """Posts JSON: objects, lists, or text and bytes as they are."""
    return partial(client.post, content_type="application/json")


@pytest.fixture
def account() -> Callable[[str], User]:
    """Somebody with this role, who is also named after it."""

    def make(role: str) -> User:
        user = User.objects.create_user(role)
        user.groups.add(Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def keep() -> Callable[..., None]:
    """Keeps readings on disk, as if they had come while the database was away."""

    def keep_on_disk(*readings: Any) -> None:
        now = datetime.now(UTC)
        spool_files.save(spool_files.spooled(reading, source="a test", now=now) for reading in readings)

    return keep_on_disk


@pytest.fixture
def reading() -> dict[str, Any]:
    """A reading that nothing speaks against."""
    return {"timestamp": "2024-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}


def cut_connections() -> None:
    """Ends this thread's connection; on PostgreSQL, where it can be reached, all threads', and the pool."""
    if connection.vendor == "postgresql":
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # last, as whoever closes a connection makes a pool to give it back to


@pytest.fixture
def outage(transactional_db: None, tmp_path: Path) -> Callable[[], AbstractContextManager[None]]:
    """Within it the database can't be opened: SQLite's file is a directory, and no PostgreSQL listens."""
    gone: dict[str, Any] = {"NAME": str(tmp_path)}
    if connection.vendor == "postgresql":
        gone = {"OPTIONS": connection.settings_dict["OPTIONS"] | {"host": "127.0.0.1", "port": 1}}

    @contextmanager
    def unreachable() -> Iterator[None]:
        before = {key: connection.settings_dict[key] for key in gone}
        cut_connections()
        connection.settings_dict.update(gone)
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(before)
            cut_connections()

    return unreachable


@pytest.fixture
def database_away(outage: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """The database can't be opened during the whole test."""
    with outage():
        yield


@pytest.fixture
def write_lock(transactional_db: None) -> Callable[[], AbstractContextManager[None]]:
    """Within it another program keeps everybody from writing; reading goes on."""
    steps = ["BEGIN", "LOCK TABLE measurements, events, leases IN EXCLUSIVE MODE"]
    if connection.vendor == "sqlite":
        steps = ["BEGIN IMMEDIATE"]

    @contextmanager
    def held() -> Iterator[None]:
        with closing(connection.copy()) as other, other.cursor() as cursor:
            for step in steps:
                cursor.execute(step)
            yield
            cursor.execute("ROLLBACK")

    return held


def reaches_the_database(item: pytest.Item) -> bool:
    """Whether the test can come near a database: pytest-django keeps all others from it."""
    fixtures = set(getattr(item, "fixturenames", ()))
    marked = any(item.get_closest_marker(name) for name in ("django_db", "postgresql"))
    return marked or not fixtures.isdisjoint(TO_THE_DATABASE)


def belongs_here(item: pytest.Item) -> bool:
    """Whether the test is one for the database that this run is on."""
    if connection.vendor == "sqlite":
        return not item.get_closest_marker("postgresql")
    elsewhere = item.get_closest_marker("sqlite") or item.get_closest_marker("once")
    return not elsewhere and reaches_the_database(item)


def pytest_configure() -> None:
    """Keep connections by thread alone; let processes of tests heed signals that shells may ignore.

    Django keeps other connections while an event loop runs in a thread, as Playwright's does from the first
    test of a page on. A test whose transaction began before ``no_foreign_loop`` would then wait for itself.
    """
    connections._connections = threading.local()  # type: ignore[attr-defined]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for each in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(each, signal.SIG_DFL)


def is_of_the_domain(item: pytest.Item) -> bool:
    """Whether the test reaches no database, and lies in no folder of tests that start processes."""
    marked = any(item.get_closest_marker(name) for name in ("once", "sqlite", "threads"))
    folders = item.path.relative_to(Path(__file__).parent).parts[:-1]
    return not marked and WITH_PROCESSES.isdisjoint(folders) and not reaches_the_database(item)


def is_of_a_property(item: pytest.Item) -> bool:
    """Whether Hypothesis, or Schemathesis by it, calls the test with many examples."""
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is about the other database; on PostgreSQL also what SQLite's run has shown already.

    Tests of properties run the same lines again and again, which slows them when lines are measured.
    """
    for item in filter(is_of_the_domain, items):
        item.add_marker(pytest.mark.domain)
    for item in filter(is_of_a_property, items):
        item.add_marker(pytest.mark.no_cover)
    left_out = [item for item in items if not belongs_here(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where every change is checked (CI=true), a skipped test is a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        reporter.ensure_newline()
        reporter.write_line("Tests were skipped; with CI=true that counts as a failure.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def fake_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protocols of the tests: one with all sorts of fields, one that is received, one without its library."""
    from monitoring.sources.registry import KINDS
    from tests.sources.fake_kind import FAKE, LACKING, PUSHED

    for kind in (FAKE, PUSHED, LACKING):
        monkeypatch.setitem(KINDS, kind.name, kind)
