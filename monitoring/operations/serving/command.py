"""Build the command line of the production server: granian, with the options that Fermon needs.

The server's main process is a fresh one that never loads Fermon, so the processes started at a SIGHUP run the
code that is on the disk by then.
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
# Open connections of a process, unused ones included; further ones wait until others end.
CONNECTIONS = 4096
# Open files other than connections: the database, the log, files being read.
OTHER_FILES = 256
# Time for open answers at a stop signal; an export of years is cut off then.
STOP_S = 8
# Time for a new process to load before the old one is stopped: many times more than a load takes, since the
# server does not check, and with neither process ready no one would accept connections.
OVERLAP_S = 15
METRICS_PORT = 9464  # granian's own default, 9090, is that of Prometheus


def server_command(*, has_metrics: bool = False) -> list[str]:
    """Return the server's command line for the current settings.

    ``has_metrics``: the server has metrics of its own, of connections and threads, at 127.0.0.1:9464.
    """
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
    if has_metrics:
        options |= {"--metrics-address": "127.0.0.1", "--metrics-port": METRICS_PORT}
    words = [str(word) for option in options.items() for word in option]
    return [
        sys.executable,
        "-m",
        "granian",
        *words,
        "--metrics" if has_metrics else "--no-metrics",
        "--no-ws",
        "--no-access-log",
        "--respawn-failed-workers",
        f"{module}:{name}",
    ]


def connections_allowed() -> int:
    """Raise the limit of open files, also for the server that replaces this process.

    Return the number of connections that the limit allows.
    """
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
    """Check that the database is migrated to this version.

    Raises:
        CommandError: migrations are missing.
        django.db.Error: the database is away.
    """
    try:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database is not that of this version: run 'manage.py migrate' first.")
    finally:
        connections.close_all()


def outage_message(error: DatabaseError) -> str:
    """Return the message for a database that is away, which is no reason not to serve."""
    return f"The database is away ({error}). Readings that come in are kept safe on disk."
