"""manage.py confirm_clock"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from monitoring.kernel.clock import iso_utc
from monitoring.storage.host_clock import confirm_clock


class Command(BaseCommand):
    """Takes this host's clock for right after a jump, so that retention goes on."""

    help = "Takes this host's clock for right after a jump, so that retention goes on."

    def handle(self, *args: Any, **options: Any) -> None:
        """Confirms it and says which time that is.

        Raises:
            CommandError: the database can't be used.
        """
        try:
            now = confirm_clock("clock confirmed by 'manage.py confirm_clock'")
        except DatabaseError as error:
            raise CommandError(f"The database can't be used ({error}).") from error
        self.stdout.write(f"Confirmed: it is {iso_utc(now.replace(microsecond=0))}. Retention goes on.")
