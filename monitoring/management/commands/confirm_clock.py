"""manage.py confirm_clock"""

from typing import Any

from monitoring.kernel.clock import iso_utc
from monitoring.management.database_command import DatabaseCommand
from monitoring.storage.host_clock import confirm_clock


class Command(DatabaseCommand):
    """Confirm this host's clock as correct after a jump, so that retention continues."""

    help = "Takes this host's clock for right after a jump, so that retention goes on."

    def handle(self, *args: Any, **options: Any) -> None:
        """Confirm the clock and print the time."""
        now = confirm_clock("clock confirmed by 'manage.py confirm_clock'")
        self.stdout.write(f"Confirmed: it is {iso_utc(now.replace(microsecond=0))}. Retention goes on.")
