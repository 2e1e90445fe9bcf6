"""manage.py install_scripts"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.operations.script_sources import ScriptRefusedError
from monitoring.operations.scripts import install_chart_script


class Command(BaseCommand):
    """Install a copy of Chart.js on this server, for browsers that do not reach the CDN."""

    help = "Puts a copy of Chart.js on this server, for browsers that do not reach the CDN."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the source."""
        parser.add_argument(
            "--from",
            dest="source",
            type=Path,
            metavar="FILE",
            help="the script, or npm's tarball with it; without it the CDN is asked, then npm's registry",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Install the copy and print its path."""
        try:
            path = install_chart_script(options["source"])
        except ScriptRefusedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{path} is in place. Pages find it by themselves; no restart is needed.")
