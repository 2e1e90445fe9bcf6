"""manage.py restore"""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from monitoring.storage import restoring
from monitoring.storage.backups import BackupError


class Command(BaseCommand):
    """Replace the database by a backup. Fermon must not run meanwhile."""

    help = "Puts a backup in the database's place, and keeps the present one aside. Stop Fermon first."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the backup's file, and the option not to ask."""
        parser.add_argument("file", metavar="FILE", help="the backup; 'latest' is the newest in backups/")
        parser.add_argument("--noinput", action="store_false", dest="ask", help="do not ask first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, migrate a backup of an older Fermon, and print the paths of backup and former database."""
        try:
            backup = restoring.check_backup(restoring.find_backup(options["file"]))
            with restoring.require_stopped():
                if options["ask"] and not self.is_confirmed(backup):
                    raise CommandError("Nothing was changed.")
                self.report(backup, restoring.restore(backup))
                if backup.is_older:
                    self.migrate()
        except (restoring.RestoreError, BackupError) as error:
            raise CommandError(str(error)) from error

    def migrate(self) -> None:
        """Migrate the restored tables to this version.

        Raises:
            CommandError: the migration failed.
        """
        self.stdout.write("The backup is of an older Fermon: its tables are brought up to date.")
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except DatabaseError as error:
            raise CommandError(f"That failed ({error}). Run 'manage.py migrate' before you start.") from error

    def is_confirmed(self, backup: restoring.CheckedBackup) -> bool:
        """Ask the user; any answer but yes means no.

        Raises:
            CommandError: standard input is closed.
        """
        self.stdout.write(f"{backup.path} holds {backup.summary}.")
        self.stdout.write("It takes the place of the present database, which is kept aside.")
        try:
            return input("Restore it? [yes/no] ").strip().lower() in {"yes", "y"}
        except EOFError:
            raise CommandError("Nobody answers here: add --noinput. Nothing was changed.") from None

    def report(self, backup: restoring.CheckedBackup, kept: Path | None) -> None:
        """Print the restored backup, and the path of the former database."""
        self.stdout.write(f"Restored from {backup.path}: {backup.summary}.")
        if kept:
            self.stdout.write(f"The database before that, with all that was stored since, is {kept}.")
