"""Whether any measurement is archived at all, without a query for each read.

A process remembers that the archive is in use. That it is not, a process believes for ``BELIEVED_S``: the
mover makes the first file known for ``ANNOUNCED_S`` before the first measurement leaves the database.
"""

import time

from monitoring.kernel.runtime import part
from monitoring.models import ArchiveFile

BELIEVED_S = 10.0
ANNOUNCED_S = 60.0


class ArchivePresence:
    """What this process knows: whether the archive is in use, and until when it is not asked again."""

    def __init__(self) -> None:
        self.is_used = False
        self.unused_until = 0.0

    def look(self) -> bool:
        """Return whether the archive has files; query the manifest only if that may have changed."""
        if not self.is_used and (now := time.monotonic()) >= self.unused_until:
            self.is_used = ArchiveFile.objects.order_by().exists()
            self.unused_until = now + BELIEVED_S
        return self.is_used


def is_used() -> bool:
    """Return whether measurements may be archived."""
    return part(ArchivePresence).look()


def note_used() -> None:
    """Remember that the archive is in use; called by the process that makes a file."""
    part(ArchivePresence).is_used = True
