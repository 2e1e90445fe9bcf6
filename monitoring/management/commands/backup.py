"""manage.py backup"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.queries.backups import BackupError, back_up


class Command(BaseCommand):
    """Makes a consistent copy of the database while Fermon runs."""

    help = "Makes a consistent copy of the database while Fermon runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to put it."""
        parser.add_argument(
            "--to",
            type=Path,
            metavar="FILE_OR_DIRECTORY",
            help="where to put it, instead of backups/ in the data directory; such a copy is never deleted",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Makes it and says where."""
        try:
            backup = back_up(options["to"])
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{backup.path}: {backup.size / 1e6:.1f} MB in {backup.seconds:.1f} s")
