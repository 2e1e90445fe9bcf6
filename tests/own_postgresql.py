"""A primary and its standby: two PostgreSQL servers on their own ports, to be paused, killed and promoted."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pgserver
import psutil
import psycopg
from pgserver._commands import POSTGRES_BIN_PATH

from tests.commands.conftest import running, wait_until
from tests.on_postgresql import OPTIONS
from tests.patience import stretched
from tests.ports import free_port

START_S = 60
USER = "pgserver" if hasattr(os, "geteuid") and os.geteuid() == 0 else None  # root may not run PostgreSQL
STANDBY = "fermon_standby"


class Postgresql:
    """A server with its files in a directory; it listens on 127.0.0.1."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.port = directory, free_port()

    @property
    def host(self) -> str:
        """Host and port, as in an address."""
        return f"127.0.0.1:{self.port}"

    def url(self) -> str:
        """The address of its database."""
        return f"postgres://postgres@{self.host}/postgres"

    def start(self) -> None:
        """Returns when it answers, or follows its primary."""
        options = f"-h 127.0.0.1 -p {self.port} -k ''"
        log = str(self.directory / "log")
        self.control("-w", "-t", str(int(stretched(START_S))), "-l", log, "-o", options, "start")

    def control(self, *arguments: str) -> None:
        """Runs ``pg_ctl``."""
        pgserver.pg_ctl(list(arguments), self.directory, user=USER)

    def copy(self, url: str) -> None:
        """Makes its database a copy of the one at this address."""
        dump = [str(POSTGRES_BIN_PATH / "pg_dump"), "--no-owner", url]
        restore = [str(POSTGRES_BIN_PATH / "psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", self.url()]
        with subprocess.Popen(dump, stdout=subprocess.PIPE) as source:
            subprocess.run(restore, stdin=source.stdout, stdout=subprocess.DEVNULL, check=True)

    def promote(self) -> None:
        """Makes the standby a primary; returns when it takes writes."""
        self.control("-w", "promote")

    def confirm_with(self, standby: str) -> None:
        """Lets commits wait for the standby of this name, or for none; returns once that is in force."""
        self.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        self.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self.execute("SHOW synchronous_standby_names") == [(standby,)])

    def catch_up_with(self, primary: "Postgresql") -> None:
        """Returns once the standby shows what was committed on its primary before the call."""
        ((written,),) = primary.execute("SELECT pg_current_wal_flush_lsn()::text")
        replayed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
        wait_until(lambda: self.execute(replayed, written) == [(True,)])

    def processes(self) -> list[psutil.Process]:
        """The server and its children; none if it does not run."""
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            postmaster = psutil.Process(int((self.directory / "postmaster.pid").read_text().split()[0]))
            return [postmaster, *postmaster.children()]
        return []

    def kill(self) -> None:
        """``kill -9`` of all its processes."""
        for postmaster in self.processes()[:1]:
            postmaster.suspend()  # it makes no more processes
        found = self.processes()
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(lambda: not running(found))
        # Until somebody collects the dead process, its id is taken, and the server would not start again.
        (self.directory / "postmaster.pid").unlink(missing_ok=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within it the server is there and does not answer."""
        found = self.processes()
        for process in found:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in found:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)

    def execute(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            cursor = connection.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def primary_and_standby(*, synchronous: bool = False) -> Iterator[tuple[Postgresql, Postgresql]]:
    """Two servers, the second of which follows the first; all is gone afterwards.

    ``synchronous``: the primary confirms a commit only once the standby has it on its disk.
    """
    with tempfile.TemporaryDirectory(prefix="fermon-") as place:
        Path(place).chmod(0o711)
        primary, standby = (Postgresql(own_directory(Path(place) / name)) for name in ("primary", "standby"))
        try:
            begin(primary)
            follow(primary, standby)
            if synchronous:
                primary.confirm_with(STANDBY)
            yield primary, standby
        finally:
            primary.kill()
            standby.kill()


def own_directory(path: Path) -> Path:
    """A directory of the user that runs PostgreSQL."""
    path.mkdir(mode=0o700)
    if USER:
        pgserver.postgres_server.ensure_user_exists(USER)
        shutil.chown(path, USER)
    return path


def begin(primary: Postgresql) -> None:
    """Makes and starts a primary that a standby may follow."""
    arguments = ["--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres"]
    pgserver.initdb(arguments, pgdata=primary.directory, user=USER)
    settings = OPTIONS | {"wal_keep_size": "'256MB'", "shared_buffers": "'64MB'"}
    with (primary.directory / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = {value}\n" for name, value in settings.items())
    primary.start()


def follow(primary: Postgresql, standby: Postgresql) -> None:
    """Makes the standby from the primary's files, as docs/high-availability.md does, and starts it."""
    address = f"host=127.0.0.1 port={primary.port} user=postgres application_name={STANDBY}"
    arguments = ["-d", address, "-D", str(standby.directory), "-R", "-X", "stream", "-c", "fast", "--no-sync"]
    pgserver.pg_basebackup(arguments, user=USER)
    standby.start()
