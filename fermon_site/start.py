"""Run Fermon: check the environment, prepare the database, then run server and worker together.

``start.sh`` and ``start.bat`` call ``python -m fermon_site.start``, the command ``fermon`` calls ``main``.
The worker starts detection.
"""

import contextlib
import errno
import http.client
import json
import multiprocessing
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

import psutil
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from filelock import FileLock, Timeout
from honcho.manager import Manager
from honcho.printer import Message

from fermon_site.environment import unwritable
from monitoring.access.addresses import address_to_reach
from monitoring.kernel import private_files

ON_WINDOWS = os.name == "nt"
NAMES = {"web": "the web server", "worker": "the worker"}
HIGHEST_PORT = 65535
# A server keeps the port for about a second after a kill of the launcher.
LAST_ONE_ENDS_S = 2.0
REQUESTED = {130, 143}  # honcho's codes for SIGINT and SIGTERM


class StartError(Exception):
    """Fermon can't start; the message gives the reason and the remedy."""


def main() -> int:
    """Run until Ctrl-C (return 0), or until server or worker ends unasked (return 1)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fermon_site.settings")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        host, port, data_dir = read_settings()
        private_files.mend(data_dir, database_file())
        with only_one(data_dir, page(host, port)):
            refuse_taken_port(host, port)
            migrate(data_dir)
            return run(host, port)
    except StartError as error:
        say(f"Fermon can't start: {error}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def read_settings() -> tuple[str, int, Path]:
    """Return host, port and data directory. Reading the settings also creates the directory.

    Raises:
        StartError: a setting is invalid, or the data directory can't be made.
    """
    try:
        return settings.FERMON_HOST, settings.FERMON_PORT, settings.FERMON_DATA_DIR
    except ImproperlyConfigured as error:
        raise StartError(str(error)) from error


def database_file() -> Path | None:
    """Return the SQLite file; None if the database has a server."""
    database = settings.DATABASES["default"]
    return Path(database["NAME"]) if database["ENGINE"].endswith("sqlite3") else None


@contextlib.contextmanager
def only_one(data_dir: Path, address: str) -> Iterator[None]:
    """Lock the data directory against a second start, and store process and address of this one.

    Raises:
        StartError: Fermon already runs on the directory, or the directory can't be written.
    """
    note = data_dir / "running.json"
    lock = FileLock(data_dir / "start.lock", timeout=0)
    try:
        lock.acquire()
        note.write_text(json.dumps({"pid": os.getpid(), "address": address}), encoding="utf-8")
    except Timeout as error:
        raise StartError(f"it already runs on {data_dir}{holder(note)}. Stop it first.") from error
    except OSError as error:
        raise StartError(unwritable(error)) from error
    try:
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def holder(note: Path) -> str:
    """Return process and address from the note in words; empty if unreadable."""
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        return f" (process {told['pid']}, {told['address']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def page(host: str, port: int) -> str:
    """Return the dashboard's address for a browser on this machine."""
    host = address_to_reach(host)
    return f"http://{bracketed(host)}:{port}/dashboard"


def bracketed(host: str) -> str:
    """Return the host as written before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def refuse_taken_port(host: str, port: int) -> None:
    """Try to listen on the address, before anything is changed.

    Raises:
        StartError: another program listens there, or this machine has no such address.
    """
    end = time.monotonic() + LAST_ONE_ENDS_S
    while (error := listening_error(host, port)) and error.errno == errno.EADDRINUSE:
        if time.monotonic() > end:
            other = port + 1 if port < HIGHEST_PORT else 8000
            raise StartError(
                f"port {port} of {host} is taken. Stop the program that uses it, or choose another port:"
                f" FERMON_PORT={other}."
            ) from error
        time.sleep(0.1)
    if error:
        raise StartError(f"{host} can't be listened on ({error}). Check FERMON_HOST.") from error


def listening_error(host: str, port: int) -> OSError | None:
    """Return why listening there fails; None on success."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return error
    return None


def migrate(data_dir: Path) -> None:
    """Migrate the database.

    Raises:
        StartError: the migration failed; the reason is on the console.
    """
    say(f"Preparing the database; data is kept in {data_dir}")
    command = [*manage(), "migrate", "--noinput", "-v", "0"]
    # A session of its own: Ctrl-C gives no traceback there.
    done = subprocess.run(command, check=False, start_new_session=True)  # noqa: S603
    if done.returncode:
        raise StartError("the database could not be prepared; the lines above say why.")


def run(host: str, port: int) -> int:
    """Run server and worker until one ends or a stop is requested. Return the exit code."""
    pair = Pair()
    address = f"{bracketed(host)}:{port}"
    if settings.PRODUCTION:
        pair.add("web", "serve")
    else:
        pair.add("web", "runserver", "--noreload", "--skip-checks", address)
    pair.add("worker", "qcluster", "--skip-checks")
    threading.Thread(target=announce, args=(pair, host, port), daemon=True).start()
    try:
        pair.loop()
    finally:
        for process in family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    if pair.returncode in REQUESTED:
        say("Fermon has stopped.")
        return 0
    ended = " and ".join(NAMES[name] for name in pair.ended)
    say(f"Fermon has stopped, as {ended} ended by itself: see the lines above.", sys.stderr)
    return 1


class Pair(Manager):  # type: ignore[misc]  # honcho has no types
    """honcho's manager: start both, prefix their output, stop both when one ends."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[str] = []
        self.pid = os.getpid()

    def add(self, name: str, *arguments: str) -> None:
        """Add a manage.py command, which replaces the shell that honcho starts."""
        command = [*manage(), *arguments]
        line = subprocess.list2cmdline(command) if ON_WINDOWS else f"exec {shlex.join(command)}"
        own = {
            "FERMON_LAUNCHER_PID": str(self.pid),
            "DJANGO_RUNSERVER_HIDE_WARNING": "true",
            "PYTHONUNBUFFERED": "1",
        }
        self.add_process(name, line, env=os.environ | own)

    def terminate(self) -> None:
        """Stop both; if Ctrl-C came before both had started, try again after 0.1 s."""
        if os.getpid() != self.pid:
            return  # Ctrl-C also reached the processes that relay the output
        if not self._all_started():
            threading.Timer(0.1, self.terminate).start()
            return
        self.ended = [name for name, process in self._processes.items() if "returncode" in process]
        processes = family()
        super().terminate()
        if ON_WINDOWS:  # where honcho reaches no more than the shell
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


def manage() -> list[str]:
    """Return the command line of ``manage.py``."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py")]


def manage_in_words() -> str:
    """Return the same as a user types it, in the checkout or with the wheel installed."""
    if settings.BASE_DIR == settings.INSTALLED:
        return "fermon manage"
    return shlex.join([sys.executable, "manage.py"])


def family() -> list[psutil.Process]:
    """Return all processes of server and worker, without honcho's output relays."""
    found = []
    for relay in multiprocessing.active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += psutil.Process(relay.pid).children(recursive=True)
    return found


def announce(pair: Pair, host: str, port: int) -> None:
    """Print the dashboard's address once the server answers."""
    while not answers(address_to_reach(host), port):
        time.sleep(0.3)
    for line in (
        f"The dashboard is at {page(host, port)}",
        f"Ctrl-C stops Fermon and keeps all data. A login for /admin/: {manage_in_words()} createsuperuser",
    ):
        pair.events.put(Message("line", line, datetime.now().astimezone(), "system", None))


def answers(host: str, port: int) -> bool:
    """Return whether a web server answers there, with any status."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/health")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a line and flush."""
    print(text, file=stream or sys.stdout, flush=True)


if __name__ == "__main__":
    sys.exit(main())
