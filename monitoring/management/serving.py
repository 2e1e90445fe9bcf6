"""The production server: granian, told what Fermon needs of it.

Its main process is a fresh one that never loads Fermon: so the processes that it starts at a SIGHUP
run the code that is on the disk by then.
"""

import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error as DatabaseError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

# Beside those that only wait for the next event of a stream. They are made when they are needed.
ANSWERING_THREADS = 16
BACKLOG = 1024
# Connections a process holds open, idle ones included; more wait for their turn.
CONNECTIONS = 1024
# An answer may take so long when the server is told to stop; an export of years is cut off then.
STOP_S = 8
# A new process is given so long to load before the one that it takes the place of is told to stop: many
# times what it needs, since the server does not look, and without either nobody would listen.
OVERLAP_S = 15


def server_command() -> list[str]:
    """The command line of the server, by the settings."""
    module, _, name = settings.WSGI_APPLICATION.rpartition(".")
    options = {
        "--interface": "wsgi",
        "--host": settings.FERMON_HOST,
        "--port": settings.FERMON_PORT,
        "--workers": settings.FERMON_WEB_WORKERS,
        "--blocking-threads": settings.FERMON_STREAM_CLIENTS + ANSWERING_THREADS,
        "--backlog": BACKLOG,
        "--backpressure": max(CONNECTIONS, settings.FERMON_STREAM_CLIENTS + ANSWERING_THREADS),
        "--workers-kill-timeout": STOP_S,
        "--respawn-interval": OVERLAP_S,
        "--working-dir": Path(settings.BASE_DIR),
    }
    words = [str(word) for option in options.items() for word in option]
    return [
        sys.executable,
        "-m",
        "granian",
        *words,
        "--no-ws",
        "--no-access-log",
        "--respawn-failed-workers",
        f"{module}:{name}",
    ]


def refuse_old_database() -> None:
    """Sees to it that the database is the one that this code knows.

    Raises:
        CommandError: it is not migrated.
        django.db.Error: it is away.
    """
    try:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database is not that of this version: run 'manage.py migrate' first.")
    finally:
        connections.close_all()


def tell_outage(error: DatabaseError) -> str:
    """What is said when the database is away: no reason not to serve."""
    return f"The database is away ({error}). Readings that come in are kept safe on disk."
