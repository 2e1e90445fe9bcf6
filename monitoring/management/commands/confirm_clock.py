"""manage.py confirm_clock"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from monitoring.kernel.clock import iso_utc
from monitoring.storage.host_clock import confirm_clock


class Command(BaseCommand):
    """Confirm this host's clock as correct after a jump, so that retention continues."""

    help = "Takes this host's clock for right after a jump, so that retention goes on."

    def handle(self, *args: Any, **options: Any) -> None:
        """Confirm the clock and print the time.

        Raises:
            CommandError: the database can't be used.
        """
        try:
            now = confirm_clock("clock confirmed by 'manage.py confirm_clock'")
        except DatabaseError as error:
            raise CommandError(f"The database can't be used ({error}).") from error
        self.stdout.write(f"Confirmed: it is {iso_utc(now.replace(microsecond=0))}. Retention goes on.")
