"""Whether this process finds the archive unusable; logged once when that begins and ends."""

from monitoring.kernel.outages import Outage
from monitoring.kernel.runtime import part


def archive_outage() -> Outage:
    """Return the outage of the archive in this process."""
    return part(new_outage)


def new_outage() -> Outage:
    """Make the outage of the archive."""
    return Outage(began="archive can't be used; nothing moves", ended="archive can be used again")
