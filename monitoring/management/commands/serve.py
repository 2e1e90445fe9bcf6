"""manage.py serve"""

import os
from typing import Any

from django.conf import settings
from django.core.checks import WARNING
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError

from monitoring.operations.privacy import mend_private_files
from monitoring.operations.serving.command import refuse_old_database, server_command, tell_outage


class Command(BaseCommand):
    """Serves the API and the dashboard with a production server until SIGTERM or SIGINT."""

    help = (
        "Serves the API and the dashboard with a production server. SIGTERM stops it; SIGHUP replaces its"
        " processes one after the other, without losing a request."
    )
    requires_system_checks = []  # it has them told itself, those for production included

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses what is insecure or does not fit; then this process becomes the server."""
        mend_private_files()
        self.check(include_deployment_checks=settings.PRODUCTION, fail_level=WARNING)
        try:
            refuse_old_database()
        except DatabaseError as error:
            self.stderr.write(tell_outage(error))
        if settings.PRODUCTION:  # otherwise they are served from where they are
            call_command("collectstatic", interactive=False, verbosity=0)
        command = server_command()
        self.stdout.flush()
        os.execv(command[0], command)  # noqa: S606 - made of settings only
