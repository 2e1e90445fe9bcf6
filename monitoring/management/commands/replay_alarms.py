"""``manage.py replay_alarms``: recompute alarms from stored measurements, and compare."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from monitoring.alarms.replaying import replay
from monitoring.management.database_command import DatabaseCommand


class Command(DatabaseCommand):
    """Compare the stored alarms with those that follow from the stored measurements. Changes nothing."""

    help = (
        "Recomputes the alarms of values and gaps from the stored measurements, and lists every difference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --tag and --check."""
        parser.add_argument("--tag", nargs="+", metavar="NAME", default=[], help="of these tags only")
        parser.add_argument("--check", action="store_true", help="the exit code is 1 if anything differs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the differences."""
        differences = replay(options["tag"])
        for difference in differences:
            self.stdout.write(difference)
        self.stdout.write(
            f"{len(differences)} differences" if differences else "All alarms follow from the data."
        )
        if differences and options["check"]:
            sys.exit(1)
