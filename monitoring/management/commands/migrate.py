"""``manage.py migrate``: Django's, one at a time on a PostgreSQL that several hosts share."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import connections

from monitoring.operations.privacy import mend_private_files

ADVISORY_LOCK = 7_237_541_003  # any number of its own, the same everywhere
ASKED_EVERY_S = 0.2


class Command(DjangoCommand):
    """Brings the database up to date; where another process is at it already, once that has ended."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Django's, in its turn."""

        def tell() -> None:
            if options["verbosity"] > 0:
                self.stdout.write("Another process migrates this database: waiting for its end.")

        mend_private_files()
        with alone(options["database"], tell):
            super().handle(*args, **options)


@contextmanager
def alone(database: str, tell: Callable[[], None]) -> Iterator[None]:
    """Within it no other process migrates this PostgreSQL; who has to wait for that is told once.

    The lock is a connection's own, outside any pool, and goes with it. It is asked for again and again,
    as a statement that waits would itself be waited for by an index that is built concurrently.

    Raises:
        django.db.Error: the database is away.
    """
    if connections[database].vendor != "postgresql":
        yield
        return
    with closing(connections[database].copy()) as holder:
        holder.settings_dict["OPTIONS"].pop("pool", None)
        with holder.cursor() as cursor:
            is_told = False
            while not is_first(cursor):
                if not is_told:
                    tell()
                is_told = True
                time.sleep(ASKED_EVERY_S)
            yield


def is_first(cursor: Any) -> bool:
    """Takes the lock, if nobody has it."""
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
    return bool(cursor.fetchone()[0])
