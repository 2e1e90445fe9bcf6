"""``manage.py migrate``: Django's, serialised on a PostgreSQL that several hosts share."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import connections

from monitoring.operations.privacy import mend_private_files

ADVISORY_LOCK = 7_237_541_003  # an arbitrary number, the same on all hosts
RETRY_S = 0.2


class Command(DjangoCommand):
    """Migrate the database, after a migration of another process has ended."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run Django's command under the migration lock."""

        def report_wait() -> None:
            if options["verbosity"] > 0:
                self.stdout.write("Another process migrates this database: waiting for its end.")

        mend_private_files()
        with migration_lock(options["database"], report_wait):
            super().handle(*args, **options)


@contextmanager
def migration_lock(database: str, report_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock that keeps other processes from migrating this PostgreSQL; no lock on SQLite.

    ``report_wait`` is called once if the lock is taken. The advisory lock belongs to a connection of its own,
    outside any pool, and ends with the connection. Poll for the lock: ``CREATE INDEX CONCURRENTLY`` would
    wait for a statement that blocks on the lock.

    Raises:
        django.db.Error: the database is away.
    """
    if connections[database].vendor != "postgresql":
        yield
        return
    with closing(connections[database].copy()) as holder:
        holder.settings_dict["OPTIONS"].pop("pool", None)
        with holder.cursor() as cursor:
            is_reported = False
            while not try_lock(cursor):
                if not is_reported:
                    report_wait()
                is_reported = True
                time.sleep(RETRY_S)
            yield


def try_lock(cursor: Any) -> bool:
    """Take the lock if free; return whether this connection has the lock."""
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
    return bool(cursor.fetchone()[0])
