"""The command ``fermon`` of an installation by pip or pipx, without a checkout."""

import os
import sys

from fermon_site import __version__

USAGE = """\
fermon                      start: migrate the database, then run server and worker together
fermon manage COMMAND ...   run a management command, as createsuperuser, backup or make_token
fermon --version            print the version

The data is in the user's data directory; FERMON_DATA_DIR names another one. All settings are variables of the
environment: see docs/configuration.md.
"""


def main() -> int:
    """Start Fermon, or run a management command; return the exit code."""
    match sys.argv[1:]:
        case []:
            from fermon_site import start

            return start.main()
        case ["manage", *arguments]:
            return manage(arguments)
        case ["--version"]:
            return say(f"fermon {__version__}\n")
        case ["-h" | "--help" | "help"]:
            return say(USAGE)
    sys.stderr.write(USAGE)
    return 2


def manage(arguments: list[str], *, program: str = "fermon manage") -> int:
    """Run a command of Django; print an invalid setting or an unusable database in a line.

    Other errors of the database have a traceback, and so has a missing table while ``migrate`` makes tables.
    Return the exit code.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fermon_site.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import Error as DatabaseError

    try:
        execute_from_command_line([program, *arguments])
    except (ImproperlyConfigured, DatabaseError) as error:
        is_wanted = "--traceback" in arguments
        if is_wanted or not (reason := in_a_line(error, is_migrating="migrate" in arguments[:1])):
            raise
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def in_a_line(error: Exception, *, is_migrating: bool) -> str:
    """Return the error of a setting or of the database with its remedy; empty if none is known."""
    from django.db import Error as DatabaseError

    from monitoring.database.diagnosis import MIGRATE, explain, remedy

    if not isinstance(error, DatabaseError):
        return str(error)
    unknown = {"", MIGRATE} if is_migrating else {""}
    return "" if remedy(error) in unknown else explain(error)


def say(text: str) -> int:
    """Print the text; return the exit code 0."""
    sys.stdout.write(text)
    return 0
