"""The plant under torture: the real server and the real worker, started again whenever they end."""

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.commands.conftest import Command, System, wait_until

COMMANDS = {
    "web": ("manage.py", "runserver", "--noreload", "--skip-checks"),
    "worker": ("manage.py", "qcluster", "--skip-checks"),
}
COMMANDS["server"] = ("manage.py", "serve")
COMMANDS |= {"second web": COMMANDS["web"], "second worker": COMMANDS["worker"]}
ONE_OF_EACH = ("web", "worker")
LOOK_S = 0.3
SETTLE_S = 240.0  # a task that died with its worker is delivered again after 120 s
# What a worker says that was started while the database is away; who supervises it starts it again.
NOT_NOW = "The database can't be used"
CRASHED = "killed at crash point"


class Plant:
    """Server and worker with their supervisor: what a service manager does, done by a thread."""

    def __init__(self, system: System, **environment: str) -> None:
        self.system = system
        self.environment = environment
        self.wanted: tuple[str, ...] = ()
        self.second_port = 0  # of the second web server, where there is one
        self.commands: dict[str, Command] = {}
        self.ended_by_themselves: list[str] = []
        self.file_size_limit = resource.RLIM_INFINITY
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor")

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.system.port}"

    @property
    def database(self) -> Path:
        """SQLite's file."""
        return self.system.data / "fermon.sqlite3"

    @property
    def dead_letters(self) -> Path:
        """The directory of readings that wait on disk."""
        return self.system.data / "dead_letters"

    def start(self, *wanted: str) -> None:
        """Starts these commands, and again whenever they end; returns when the server answers."""
        self.wanted = wanted or ONE_OF_EACH
        self._supervisor.start()
        if {"web", "server"} & set(self.wanted):
            self.wait_for_answer()

    def wait_for_answer(self) -> None:
        """Returns once the server answers."""
        wait_until(lambda: self.system.get("/tags"))

    def wait_for_crash(self) -> None:
        """Returns once a process has died at FERMON_CRASH_AT; from now on none does."""
        wait_until(lambda: any(CRASHED in command.text for command in self.system.commands))
        with self._lock:
            self.environment.pop("FERMON_CRASH_AT", None)
            for name, command in tuple(self.commands.items()):
                if CRASHED in command.text:
                    self.kill(name)

    def close(self) -> None:
        """Kills everything, for good."""
        self._closed.set()
        if self._supervisor.ident:
            self._supervisor.join()
        with self.down():
            pass

    def limit_file_size(self, size: int) -> None:
        """The largest file that the processes may write, from now on."""
        with self._lock:
            self.file_size_limit = size
            for command in self.commands.values():
                for process in command.family():
                    limit_file_size(process.pid, size)

    def processes(self, name: str) -> list[psutil.Process]:
        """The command's processes that run now, oldest first; none until it is started again."""
        with self._lock:
            command = self.commands.get(name)
            return sorted(command.family() if command else [], key=lambda process: process.create_time())

    def kill(self, name: str) -> None:
        """Kills a command with all that it has started."""
        with self._lock:
            command = self.commands.pop(name, None)
            if command is None:
                return
            for process in sorted(command.family(), key=lambda process: process.pid != command.process.pid):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            command.end(within_s=60)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Kills everything; meanwhile nothing is started again."""
        with self._lock:
            for name in tuple(self.commands):
                self.kill(name)
            yield

    def _supervise(self) -> None:
        while not self._closed.is_set():
            with self._lock:
                for name in self.wanted:
                    self._look_after(name)
            self._closed.wait(LOOK_S)

    def _look_after(self, name: str) -> None:
        command = self.commands.get(name)
        if command and command.process.poll() is None:
            command.family()
            return
        if command:
            if CRASHED in command.text:
                self.environment.pop("FERMON_CRASH_AT", None)
            elif command.process.returncode != -signal.SIGKILL and NOT_NOW not in command.text:
                self.ended_by_themselves.append(f"{name} ended by itself:\n{command.text[-2000:]}")
            self.kill(name)
        second = {"FERMON_PORT": str(self.second_port)} if name == "second web" else {}
        self.commands[name] = self.system.run(*COMMANDS[name], **self.environment | second)
        limit_file_size(self.commands[name].process.pid, self.file_size_limit)


def limit_file_size(pid: int, size: int) -> None:
    """Sets how large a file the process may write; its children inherit that."""
    with suppress(ProcessLookupError):
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def tear_last_line(dead_letters: Path) -> None:
    """Half a line at the end of the dead letters, as a power cut leaves it."""
    dead_letters.mkdir(exist_ok=True)
    with (dead_letters / "pending.jsonl").open("ab") as file:
        file.write(b'{"timestamp": "2020-01-01T00:00:00Z", "tag": "torture_a", "val')
        os.fsync(file.fileno())
