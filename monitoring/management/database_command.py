"""A management command that reports an unusable database in one line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from monitoring.archive.place import ArchiveError
from monitoring.database.diagnosis import explain


class DatabaseCommand(BaseCommand):
    """A command that reads or writes the database, and has nothing to add to such an error."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command.

        Raises:
            CommandError: the database or the archive is away, or tables are missing.
        """
        try:
            return super().execute(*args, **options)
        except ArchiveError as error:  # tells the way out itself
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(explain(error)) from error
