"""What may break, each as a function that breaks it, waits until that shows, and mends it."""

import ctypes
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.commands.conftest import wait_until
from tests.torture.disk import MIB, Disk
from tests.torture.plant import Plant, tear_last_line
from tests.torture.writers import Writer

RENAME_EXCHANGE = 2
AT_FDCWD = -100
SHOWS_WITHIN_S = 90.0


@dataclass
class Torture:
    """A plant with its disk and writers, to be treated badly in a way that the seed decides."""

    plant: Plant
    disk: Disk
    writers: Sequence[Writer]
    rng: random.Random
    lock_s: float
    struck: list[str] = field(default_factory=list)

    def answers(self, code: int) -> int:
        """How many answers with this code the writers have had."""
        return sum(writer.answers[code] for writer in self.writers)

    def wait_for(self, *codes: int) -> None:
        """Returns once one of the writers got one more answer with one of these codes."""
        before = {code: self.answers(code) for code in codes}
        wait_until(lambda: any(self.answers(code) > before[code] for code in codes), SHOWS_WITHIN_S)

    def pause(self, longest_s: float) -> None:
        """Waits for some time."""
        time.sleep(self.rng.uniform(0, longest_s))

    def maybe_kill(self) -> None:
        """Now and then kills server, worker or both, in the middle of another fault."""
        for name in self.rng.choice([(), (), ("web",), ("worker",), ("web", "worker")]):
            self.plant.kill(name)


def kill_web(torture: Torture) -> None:
    """``kill -9`` of the server."""
    torture.plant.kill("web")


def kill_worker(torture: Torture) -> None:
    """``kill -9`` of the worker with all that belongs to it."""
    torture.plant.kill("worker")


def kill_one_process_of_the_worker(torture: Torture) -> None:
    """``kill -9`` of any of the worker's processes; the worker mends itself, or is started again."""
    found = wait_until(lambda: torture.plant.processes("worker"))  # it may just have been killed
    with suppress(psutil.NoSuchProcess):  # it has ended since it was listed
        torture.rng.choice(found).kill()


def kill_everything(torture: Torture) -> None:
    """``kill -9`` of all processes at once, and a while of silence."""
    with torture.plant.down():
        torture.pause(1.5)


def torn_last_line(torture: Torture) -> None:
    """The power goes while a dead letter is written."""
    with torture.plant.down():
        tear_last_line(torture.plant.dead_letters)


def database_locked(torture: Torture) -> None:
    """Another program holds the write lock for longer than anybody waits for it."""
    with closing(sqlite3.connect(torture.plant.database, timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        end = time.monotonic() + torture.lock_s
        torture.wait_for(202)
        torture.maybe_kill()
        time.sleep(max(0.0, end - time.monotonic()))
        other.execute("ROLLBACK")


def disk_full(torture: Torture) -> None:
    """No room on the disk: neither for the database nor for dead letters."""
    left = torture.rng.randrange(MIB // 4)
    with torture.disk.full(torture.plant, left=left):
        torture.wait_for(503)
        torture.maybe_kill()
        torture.pause(2)


def database_a_directory(torture: Torture) -> None:
    """Where the database's file was, there is a directory."""
    with file_away(torture.plant.database):
        torture.wait_for(202)
        torture.maybe_kill()
        torture.pause(2)


Fault = Callable[[Any], None]
FAULTS: tuple[Fault, ...] = (
    kill_web,
    kill_worker,
    kill_one_process_of_the_worker,
    kill_everything,
    torn_last_line,
    database_locked,
    disk_full,
    database_a_directory,
)


def torment(torture: Torture, seconds: float, faults: Sequence[Fault] = FAULTS) -> None:
    """Every fault in random order, and again until the time is up; after each, work must go on."""
    end = time.monotonic() + seconds
    while len(torture.struck) < len(faults) or time.monotonic() < end:
        for fault in torture.rng.sample(faults, len(faults)):
            if len(torture.struck) >= len(faults) and time.monotonic() > end:
                return
            torture.struck.append(fault.__name__)
            fault(torture)
            torture.wait_for(200, 201)
            torture.pause(1.5)


@contextmanager
def file_away(database: Path) -> Iterator[None]:
    """Within it there is a directory in the file's place.

    The two change places in one step of the kernel. To move the file away first would leave a
    moment in which a process may make an empty one, and SQLite would throw away the write-ahead
    log that lies beside it. That log stays where it is: who has both open goes on with both.
    """
    other = database.with_name("in-its-place")
    other.mkdir()
    exchange(database, other)
    try:
        yield
    finally:
        exchange(database, other)
        other.rmdir()


def exchange(first: Path, second: Path) -> None:
    """Lets two paths change places, atomically."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE):
        raise OSError(ctypes.get_errno(), f"{first} and {second} can't change places")
