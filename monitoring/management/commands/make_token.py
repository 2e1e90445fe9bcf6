"""manage.py make_token"""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from monitoring.access.token_store import issue_token
from monitoring.management.database_command import DatabaseCommand
from monitoring.models.token import Scope


class Command(DatabaseCommand):
    """Make a token for a source and print the secret, once."""

    help = "Makes a token for a source and prints its secret, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the token's name, scope, tag prefix and days of validity."""
        parser.add_argument("name", help="which source has it")
        parser.add_argument("--scope", choices=list(map(str, Scope)), default=str(Scope.INGEST))
        parser.add_argument("--prefix", default="", help="only tags whose names begin so")
        parser.add_argument("--days", type=days, help="how long it is valid; for ever if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the token; print the secret alone, for use in scripts."""
        try:
            lasts = options["days"]
            expires_at = None if lasts is None else datetime.now(UTC) + timedelta(days=lasts)
            secret = issue_token(
                name=options["name"],
                scope=Scope(options["scope"]),
                prefix=options["prefix"],
                expires_at=expires_at,
            )
        except (ValidationError, OverflowError) as error:
            reasons = error.messages if isinstance(error, ValidationError) else ["--days: too many"]
            raise CommandError("; ".join(reasons)) from error
        self.stdout.write(secret)


def days(text: str) -> int:
    """Return the argument as a whole number of days, at least 1: fewer would be expired already."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)
