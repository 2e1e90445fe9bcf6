"""``manage.py sources``: field sources as a file."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from monitoring.management.database_command import DatabaseCommand
from monitoring.models import Source
from monitoring.sources.source_file import SourceFileError, export_text, import_text


class Command(DatabaseCommand):
    """Export sources with their mappings to a file in TOML, or import such a file."""

    help = "Exports field sources and their mappings as TOML, or imports such a file. No secret is exported."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the actions with their options."""
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write sources to a file, or to the console")
        export.add_argument("file", nargs="?", help="the file; the console if left out")
        export.add_argument("--source", action="append", help="only the source with this name; repeatable")
        export.add_argument("--tags", action="store_true", help="with the tags that the sources write")
        importing = actions.add_parser(
            "import", help="make sources as a file says, and print the differences"
        )
        importing.add_argument("file", help="the file; - for the console")
        importing.add_argument(
            "--check", action="store_true", help="change nothing; exit with 1 if there are differences"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the action."""
        if options["action"] == "export":
            self.write(options)
        else:
            self.read(options)

    def write(self, options: dict[str, Any]) -> None:
        """Write the sources.

        Raises:
            CommandError: there is no such source, or the file cannot be written.
        """
        sources = Source.objects.order_by("name").prefetch_related("mappings")
        if names := options["source"]:
            sources = sources.filter(name__in=names)
            if missing := set(names) - set(sources.values_list("name", flat=True)):
                raise CommandError(f"There is no source {', '.join(sorted(missing))}.")
        text = export_text(sources, with_tags=options["tags"])
        if not options["file"]:
            self.stdout.write(text, ending="")
            return
        try:
            Path(options["file"]).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options['file']} can't be written: {error.strerror}.") from error
        self.stderr.write(f"{sources.count()} sources written to {options['file']}.")

    def read(self, options: dict[str, Any]) -> None:
        """Import the file, and print the differences.

        Raises:
            CommandError: the file cannot be read, or is invalid; nothing was changed.
        """
        try:
            text = sys.stdin.read() if options["file"] == "-" else Path(options["file"]).read_text("utf-8")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise CommandError(f"{options['file']} can't be read: {reason}.") from error
        try:
            differences = import_text(text, check=options["check"])
        except SourceFileError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from error
        for line in differences or ["No differences."]:
            self.stdout.write(line)
        if options["check"] and differences:
            sys.exit(1)
