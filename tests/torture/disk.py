"""A disk of its own for the data directory, that can be full and have room again."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.commands.conftest import wait_until
from tests.torture.plant import Plant

MIB = 2**20


class Disk(Protocol):
    """What the torture needs of a disk."""

    @contextmanager
    def full(self, plant: Plant, *, left: int) -> Iterator[None]:
        """Within it, hardly any room is left (``left`` bytes, as far as that can be set)."""
        ...


class Tmpfs:
    """A file system in memory, whose size is changed while it is in use. Needs the right to mount."""

    def __init__(self, place: Path, size: int) -> None:
        self.place = place
        self.size = size

    def resize(self, size: int) -> bool:
        """Gives the file system this many bytes; False if more than that are in use."""
        command = ["mount", "-o", f"remount,size={size}", str(self.place)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def shrink(self, left: int) -> bool:
        """Leaves so many bytes free; False if meanwhile they are taken."""
        state = os.statvfs(self.place)
        return self.resize((state.f_blocks - state.f_bfree) * state.f_frsize + left)

    @contextmanager
    def full(self, plant: Plant, *, left: int) -> Iterator[None]:
        """See ``Disk``. Writes fail with ENOSPC, as those of any full disk."""
        wait_until(lambda: self.shrink(left))
        try:
            yield
        finally:
            assert self.resize(self.size)


class Quota:
    """The directory as it is, with processes that may let no file grow: where nothing can be mounted.

    The kernel refuses each write beyond, SQLite's too, with EFBIG where a full disk has ENOSPC.
    """

    SIZE = 1024  # less than a page of SQLite's; enough for Python to start

    @contextmanager
    def full(self, plant: Plant, *, left: int) -> Iterator[None]:
        """See ``Disk``."""
        plant.limit_file_size(self.SIZE)
        try:
            yield
        finally:
            plant.limit_file_size(resource.RLIM_INFINITY)


@contextmanager
def mounted(place: Path, size: int) -> Iterator[Disk]:
    """A disk at this place: a tmpfs where we may mount one, else a quota on the processes."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "fermon-torture", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield Quota()
        return
    try:
        yield Tmpfs(place, size)
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", "--lazy", str(place)], check=True, capture_output=True)
