"""Close files to other users of this machine. Each long-running command calls this first."""

import logging
from pathlib import Path

from django.conf import settings
from django.db import connection, connections

from monitoring.kernel import private_files

logger = logging.getLogger(__name__)


def mend_private_files() -> None:
    """Remove other users' permissions on the data directory and the database, which older versions left.

    This thread's connections are closed before: SQLite's locks end when any descriptor of the file is closed.
    """
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:
            each.close()
    database = Path(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None
    if changed := private_files.mend(Path(settings.FERMON_DATA_DIR), database):
        logger.info("files closed to other users", extra={"files": changed})
