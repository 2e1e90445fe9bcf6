"""``manage.py collect``: the process that reads field sources."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring.database.connections import leave_pool
from monitoring.kernel.stop_flag import stop_requested
from monitoring.operations.child_process import run_until_signal
from monitoring.operations.parent_watchdog import end_with_launcher
from monitoring.operations.privacy import mend_private_files
from monitoring.sources import collector


class Command(BaseCommand):
    """Collect from field sources until SIGTERM or SIGINT."""

    help = (
        "Reads field sources (MQTT, OPC UA, Modbus) and stores their readings. Several share the sources."
        " 'manage.py qcluster' runs it by itself once there is such a source. Ctrl-C stops it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError if the collector failed; the log says why."""
        mend_private_files()
        leave_pool()
        end_with_launcher()
        if not run_until_signal("collector", lambda: collector.run(should_stop=stop_requested)):
            raise CommandError("The collector failed: see the log.")
