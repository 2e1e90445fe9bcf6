"""``manage.py run_alarms``: the process that evaluates the alarms."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring.alarms import evaluator
from monitoring.database.connections import leave_pool
from monitoring.kernel.stop_flag import stop_requested
from monitoring.operations.child_process import run_until_signal
from monitoring.operations.parent_watchdog import end_with_launcher
from monitoring.operations.privacy import mend_private_files
from monitoring.operations.troubles import current_troubles


class Command(BaseCommand):
    """Evaluate the alarms until SIGTERM or SIGINT."""

    help = (
        "Evaluates the alarms on what is stored, or stands by while another process does."
        " 'manage.py qcluster' runs it by itself. Ctrl-C stops it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError if the evaluation failed; the log says why."""
        mend_private_files()
        leave_pool()
        end_with_launcher()
        if not run_until_signal("alarms", follow):
            raise CommandError("The evaluation of alarms failed: see the log.")


def follow() -> None:
    """Evaluate the alarms until a stop is requested."""
    evaluator.run(should_stop=stop_requested, troubles=current_troubles)
