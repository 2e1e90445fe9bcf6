"""manage.py backup"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.storage.backups import BackupError, back_up


class Command(BaseCommand):
    """Make a consistent copy of the database while Fermon runs."""

    help = "Makes a consistent copy of the database while Fermon runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the target and the number of backups to keep."""
        parser.add_argument(
            "--to",
            type=Path,
            metavar="FILE_OR_DIRECTORY",
            help="where to put it, instead of backups/ in the data directory; such a copy is never deleted,"
            " unless you say --keep",
        )
        parser.add_argument(
            "--keep",
            type=int,
            metavar="N",
            help="with --to DIRECTORY: delete the oldest backups there beyond N, by number and not by age",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the backup and print its path, size and duration."""
        to, keep = options["to"], options["keep"]
        if keep is not None and (keep < 1 or to is None or not to.is_dir()):
            raise CommandError("--keep needs a number from 1 on, and a directory: --to DIRECTORY --keep 30")
        try:
            backup = back_up(to, keep=keep)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{backup.path}: {backup.size / 1e6:.1f} MB in {backup.seconds:.1f} s")
