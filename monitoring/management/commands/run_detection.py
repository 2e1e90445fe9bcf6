"""``manage.py run_detection``: the process that detects events."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring.database.connections import leave_pool
from monitoring.detection import shard_process
from monitoring.kernel.stop_flag import stop_requested
from monitoring.operations.child_process import run_until_signal
from monitoring.operations.parent_watchdog import end_with_launcher
from monitoring.operations.privacy import mend_private_files


class Command(BaseCommand):
    """Run detection until SIGTERM or SIGINT."""

    help = (
        "Finds events in what is stored, or stands by while another process does. 'manage.py qcluster' runs"
        " it by itself. Ctrl-C stops it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError if detection failed; the log says why."""
        mend_private_files()
        leave_pool()
        end_with_launcher()
        if not run_until_signal("detection", lambda: shard_process.run(should_stop=stop_requested)):
            raise CommandError("Detection failed: see the log.")
