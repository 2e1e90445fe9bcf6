"""manage.py reset_one_time_codes"""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from monitoring.access.one_time_codes.devices import remove
from monitoring.management.database_command import DatabaseCommand


class Command(DatabaseCommand):
    """Remove the authenticator app and the recovery codes of a user, for lost ones."""

    help = "Removes the authenticator app and the recovery codes of a user, for lost ones."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the user's name."""
        parser.add_argument("name", help="the user's name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove them; say whether there were any.

        Raises:
            CommandError: no user has this name.
        """
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(f"No user is named {options['name']!r}.")
        removed = remove(user)
        text = "The password is enough until an app is set up again." if removed else "There was none."
        self.stdout.write(f"One-time codes of {user}: {'removed' if removed else 'nothing to do'}. {text}")
