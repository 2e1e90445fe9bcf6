"""manage.py serve"""

import os
from typing import Any

from django.conf import settings
from django.core.checks import WARNING
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError

from monitoring.operations.privacy import mend_private_files
from monitoring.operations.serving.command import (
    METRICS_PORT,
    outage_message,
    refuse_old_database,
    server_command,
)


class Command(BaseCommand):
    """Serve the API and the dashboard with a production server until SIGTERM or SIGINT."""

    help = (
        "Serves the API and the dashboard with a production server. SIGTERM stops it; SIGHUP replaces its"
        " processes one after the other, without losing a request."
    )
    requires_system_checks = ()  # handle() runs the checks, those for production included

    def add_arguments(self, parser: CommandParser) -> None:
        """See Django."""
        parser.add_argument(
            "--server-metrics",
            action="store_true",
            help=f"Serve the web server's own metrics for Prometheus at 127.0.0.1:{METRICS_PORT}.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check settings and database, then replace this process by the server."""
        mend_private_files()
        self.check(include_deployment_checks=settings.PRODUCTION, fail_level=WARNING)
        try:
            refuse_old_database()
        except DatabaseError as error:
            self.stderr.write(outage_message(error))
        if settings.PRODUCTION:  # otherwise the server reads static files from their source folders
            call_command("collectstatic", interactive=False, verbosity=0)
        command = server_command(has_metrics=options["server_metrics"])
        self.stdout.flush()
        os.execv(command[0], command)  # noqa: S606 - made of settings only
