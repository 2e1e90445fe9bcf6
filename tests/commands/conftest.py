"""Real processes on a data directory of their own, watched from outside, and none left behind."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from tests import on_postgresql
from tests.migrated import copy_file
from tests.patience import stretched
from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
LONG_S = 60.0
TOLD = 3_000  # characters that a failed test shows of a command's output


def wait_until(condition: Callable[[], Any], within_s: float = LONG_S) -> Any:
    """What the condition returns, once that is true; in time, as far as the machine's load lets it."""
    began = time.monotonic()
    while not (outcome := condition()):
        assert time.monotonic() - began < stretched(within_s), f"not within {within_s} s"
        time.sleep(0.1)
    return outcome


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; dead ones that nobody collected yet don't count."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


class Command:
    """A command of ours as a process, together with all that it starts."""

    def __init__(self, arguments: list[str], environment: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.seen: set[psutil.Process] = set()

    @property
    def text(self) -> str:
        return self.output.read_text()

    def family(self) -> list[psutil.Process]:
        """The process and all below it, now."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.process.pid)
            self.seen |= {process, *process.children(recursive=True)}
        return running(list(self.seen))

    def find(self, words: str) -> psutil.Process:
        """The topmost process of the family with these words in its command line."""
        found: list[tuple[int, psutil.Process]] = []
        for process in self.family():
            with suppress(psutil.NoSuchProcess):  # it has ended since it was listed
                if words in " ".join(process.cmdline()):
                    found.append((len(process.parents()), process))
        return min(found, key=lambda pair: pair[0])[1]

    def send(self, number: int, *, to_group: bool = False) -> list[psutil.Process]:
        """Sends a signal; who was there when it was sent."""
        family = self.family()
        (os.killpg if to_group else os.kill)(self.process.pid, number)
        return family

    def end(self, within_s: float = 10.0) -> int:
        """The exit code, once the whole family is gone in time."""
        wait_until(lambda: self.process.poll() is not None, within_s)
        wait_until(lambda: not self.family(), within_s)
        return self.process.returncode


class System:
    """The commands on one data directory and port."""

    def __init__(self, directory: Path, port: int, template: str = "") -> None:
        self.directory = directory
        self.template = template  # the address of a migrated database
        self.data = directory / "data"
        self.port = port
        self.environment = {
            **os.environ,
            "FERMON_DATA_DIR": str(self.data),
            "FERMON_HOST": "127.0.0.1",
            "FERMON_PORT": str(port),
            "FERMON_DEMO_VESSEL": "off",  # its past would keep the machine busy
            "FERMON_LOCAL_SCRIPTS": "on",  # without it each server on new data asks the CDN and npm
        }
        self.database_url = on_postgresql.new_database() if connection.vendor == "postgresql" else ""
        if self.database_url:
            self.environment["DATABASE_URL"] = self.database_url
        # The browser tests need it in this process; 'check --deploy' refuses it, and rightly so.
        self.environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
        self.commands: list[Command] = []

    def run(self, *arguments: str, **environment: str) -> Command:
        """Starts Python with these arguments."""
        output = self.directory / f"output-{len(self.commands)}.txt"
        command = Command(list(arguments), self.environment | environment, output)
        self.commands.append(command)
        return command

    def migrate(self) -> None:
        """Gives it a copy of a database that the command of that name made, which is quicker."""
        if self.database_url:
            on_postgresql.copy_database(self.template, self.database_url)
        else:
            copy_file(self.template, self.data / "fermon.sqlite3")

    def make_empty(self) -> None:
        """A database without tables, where PostgreSQL has one already."""
        self.data.mkdir()
        if not self.database_url:
            sqlite3.connect(self.data / "fermon.sqlite3").close()

    def get(self, path: str) -> Any:
        """The JSON that the server answers; None while it does not."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Accept": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=stretched(10)) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            return None
        except OSError:
            return None

    def select(self, sql: str) -> tuple[Any, ...]:
        """The first row that the database answers."""
        if self.database_url:
            with psycopg.connect(self.database_url) as server:
                return server.execute(sql).fetchone() or ()
        with closing(sqlite3.connect(f"file:{self.data / 'fermon.sqlite3'}?mode=ro", uri=True)) as database:
            return database.execute(sql).fetchone() or ()

    def count(self) -> int:
        """How many measurements there are; 0 before there is a table for them."""
        return int(self.select("SELECT count(*) FROM measurements")[0]) if self.has_tables() else 0

    def has_tables(self) -> bool:
        """Whether it has been migrated, as far as can be seen."""
        with suppress(sqlite3.OperationalError, psycopg.errors.UndefinedTable):
            return bool(self.select("SELECT count(*) FROM measurements"))
        return False

    def wait_for_more(self, within_s: float = LONG_S) -> None:
        """Returns once at least two more seconds of three tags are stored."""
        before = self.count()
        wait_until(lambda: self.count() >= before + 6, within_s)

    def lease_holder(self, source: str = "simulator") -> psutil.Process:
        """The worker that runs a source, by the process id in its lease."""
        held = f"SELECT owner FROM leases WHERE owner != '' AND source = '{source}'"  # noqa: S608
        owner = wait_until(lambda: self.select(held))[0]
        return psutil.Process(int(owner.split(":")[1]))


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> Callable[..., Any]:
    return wait_until


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    return free_port()


@pytest.fixture
def system(tmp_path: Path, port: int, migrated: str) -> Iterator[System]:
    """Starts commands; whatever of them is left is killed at the end."""
    system = System(tmp_path, port, migrated)
    yield system
    end_all(system)


def end_all(system: System) -> None:
    """Kills what is left of the system's commands, and drops its database; pytest shows what they said."""
    for command in system.commands:
        state = command.process.poll()
        for process in command.family():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        command.process.wait()
        sys.stdout.write(f"{command.process.args!r} ({'ran' if state is None else state}):\n")
        sys.stdout.write(command.output.read_text(errors="replace")[-TOLD:] + "\n")
    if system.database_url:
        on_postgresql.drop_database(system.database_url)


@pytest.fixture
def new_system(tmp_path: Path, port: int, migrated: str) -> Iterator[System]:
    """Another data directory, migrated, to compare the first with."""
    directory = tmp_path / "new"
    directory.mkdir()
    system = System(directory, port, migrated)
    system.migrate()
    yield system
    end_all(system)


class DatabaseFile:
    """This test's own database, as a file that nobody has open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.measurements = 0

    def measure(self) -> None:
        """Adds a measurement and leaves it in the write-ahead log, as a killed process does."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "INSERT INTO measurements (timestamp, tag, value, is_anomaly)"
                " VALUES (?, (SELECT id FROM tags WHERE name = 'fermenter_temp'), 37.0, 0)",
                (self.measurements * 1_000_000,),
            )
            database.commit()
            left = {path: path.read_bytes() for path in (self.path, wal)}
        for path, content in left.items():
            path.write_bytes(content)
        self.measurements += 1

    def count(self) -> int:
        """How many measurements it holds."""
        return measurement_count(self.path)


def measurement_count(path: Path) -> int:
    """How many measurements there are in that file, which must be sound."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return int(database.execute("SELECT count(*) FROM measurements").fetchone()[0])


@pytest.fixture(name="measurement_count")
def measurement_count_fixture() -> Callable[[Path], int]:
    return measurement_count


@pytest.fixture
def database(migrated: str, data_dir: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[DatabaseFile]:
    """A database in the test's own data directory, with one measurement; Django's connection leads there."""
    path = data_dir / "fermon.sqlite3"
    copy_file(migrated, path)
    before = connections["default"]
    connections["default"] = connections.create_connection("default")
    connections["default"].settings_dict = before.settings_dict | {"NAME": path}
    file = DatabaseFile(path)
    file.measure()
    with django_db_blocker.unblock():
        yield file
    connections["default"].close()
    connections["default"] = before


@pytest.fixture
def disk_full() -> Callable[[], AbstractContextManager[None]]:
    """Within it no file can grow beyond 100 kB, less than any database of ours."""

    @contextmanager
    def limited() -> Iterator[None]:
        before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))

    return limited
