"""manage.py install_scripts"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.management.scripts import ScriptRefusedError, install_chart_script


class Command(BaseCommand):
    """Puts a copy of Chart.js on this server, for use with FERMON_LOCAL_SCRIPTS=on."""

    help = "Puts a copy of Chart.js on this server, for use with FERMON_LOCAL_SCRIPTS=on."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to take it from."""
        parser.add_argument(
            "--from",
            dest="source",
            type=Path,
            metavar="FILE",
            help="the script, or npm's tarball with it, instead of a download from the CDN",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Installs it and says where."""
        try:
            path = install_chart_script(options["source"])
        except ScriptRefusedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{path} is in place. Start Fermon again, with FERMON_LOCAL_SCRIPTS=on.")
