"""What it takes for a file to be there after the power went."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Makes a file's name as durable as its content; Windows does so by itself."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
