"""The production server: granian, with the options that Fermon needs.

Its main process is a fresh one that never loads Fermon: so the processes that it starts at a SIGHUP
run the code that is on the disk by then.
"""

import sys
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error as DatabaseError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from monitoring.operations.serving.limits import HEADERS_S

BACKLOG = 1024
# Connections that a process holds open, unused ones included; more wait until others end.
CONNECTIONS = 4096
# Beside connections: the database, the log, files that are read.
OTHER_FILES = 256
# An answer may take so long when the server is told to stop; an export of years is cut off then.
STOP_S = 8
# A new process is given so long to load before the one that it takes the place of is told to stop: many
# times what it needs, since the server does not look, and without either nobody would listen.
OVERLAP_S = 15


def server_command() -> list[str]:
    """The command line of the server, by the settings."""
    module, _, name = settings.ASGI_APPLICATION.rpartition(".")
    options = {
        "--interface": "asgi",
        "--loop": "auto",  # uvloop, where it is installed
        "--http": 1,  # over one connection HTTP/2 would open any number of requests, past all limits
        "--http1-header-read-timeout": 1000 * HEADERS_S,
        "--host": settings.FERMON_HOST,
        "--port": settings.FERMON_PORT,
        "--workers": settings.FERMON_WEB_WORKERS,
        "--backlog": BACKLOG,
        "--backpressure": connections_allowed(),
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


def connections_allowed() -> int:
    """Let this process, and those it becomes, open more files; return how many connections that allows."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return CONNECTIONS
    wanted = max(CONNECTIONS, settings.FERMON_STREAM_CLIENTS * 2) + OTHER_FILES
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if now < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
            now = wanted
    return max(min(now, wanted) - OTHER_FILES, 1)


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
