"""Make files survive a power failure."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make the name of a file as durable as the content; Windows needs no call for that."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
