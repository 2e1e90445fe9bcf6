"""``manage.py simulate_fault``: a fault of a simulated tag, for training."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from monitoring.management.database_command import DatabaseCommand
from monitoring.sources.simulator.requested_faults import RequestedFault, RequestedKind, request
from monitoring.sources.simulator.source import simulated_tags


class Command(DatabaseCommand):
    """Request a fault of the simulator."""

    help = "Makes the simulator send a fault of a tag for some minutes, to train on the alarms that follow."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add tag, kind and length."""
        parser.add_argument("tag")
        parser.add_argument("kind", choices=[kind.value for kind in RequestedKind])
        parser.add_argument("--minutes", type=float, default=2.0, help="how long (2)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError if the tag is not simulated, or the time is not positive."""
        names = sorted(tag.definition.name for tag in simulated_tags())
        if options["tag"] not in names:
            raise CommandError(f"{options['tag']} is not simulated. Simulated tags: {', '.join(names)}.")
        if not 0 < options["minutes"] <= 24 * 60:
            raise CommandError("--minutes must be more than 0, and at most 1440.")
        start = int(time.time()) + 1
        stop = start + round(60 * options["minutes"])
        request(RequestedFault(options["tag"], options["kind"], start, stop))
        self.stdout.write(f"{options['tag']}: {options['kind']} for {options['minutes']:g} min from now on.")
