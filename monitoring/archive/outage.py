"""Whether this process finds the archive unusable; logged once when that begins and ends."""

from monitoring.kernel.outages import Outage
from monitoring.kernel.runtime import part

RETRY_S = 30.0  # after a failure, as each try may wait for the archive


def archive_outage() -> Outage:
    """Return the outage of moves to the archive in this process."""
    return part(new_outage)


def read_outage() -> Outage:
    """Return the outage of reads in this process; a file that is read ends it."""
    return part(new_read_outage)


def new_outage() -> Outage:
    """Make the outage of moves."""
    return Outage(began="archive can't be used; nothing moves", ended="archive can be used again")


def new_read_outage() -> Outage:
    """Make the outage of reads."""
    return Outage(began="archive can't be read", ended="archive can be read again")
