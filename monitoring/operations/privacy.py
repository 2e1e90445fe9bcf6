"""What others on this machine may not read: asked for by each command that runs for long."""

import logging
from pathlib import Path

from django.conf import settings
from django.db import connection

from monitoring.kernel import private_files

logger = logging.getLogger(__name__)


def mend_private_files() -> None:
    """Take away what others may do with the data directory and the database, as an older Fermon left them."""
    database = Path(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None
    if changed := private_files.mend(Path(settings.FERMON_DATA_DIR), database):
        logger.info("files closed to other users", extra={"files": changed})
