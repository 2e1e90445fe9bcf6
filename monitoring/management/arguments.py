"""Arguments that commands share: tags, days, times."""

from argparse import ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from monitoring.kernel.clock import expected_bound, parse_bound


def add_days(parser: CommandParser) -> None:
    """Add --tag, --from, --to and --check of a command that corrects stored data."""
    parser.add_argument("--tag", nargs="+", metavar="NAME", default=[], help="of these tags only")
    parser.add_argument("--from", dest="start", type=start, metavar="TIME", help="from this day on (UTC)")
    parser.add_argument("--to", dest="end", type=end, metavar="TIME", help="up to this day (UTC)")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; the exit code is 1 if anything is wrong"
    )


def refuse_reversed(options: dict[str, Any]) -> None:
    """Raise an error for a range whose end lies before its start."""
    if options["start"] and options["end"] and options["start"] > options["end"]:
        raise CommandError("--from is after --to. Swap them.")


def start(text: str) -> datetime:
    """Parse the argument of --from."""
    return bound(text, is_end=False)


def end(text: str) -> datetime:
    """Parse the argument of --to."""
    return bound(text, is_end=True)


def bound(text: str, *, is_end: bool) -> datetime:
    """Parse a bound of a range."""
    try:
        return parse_bound(text, end=is_end)
    except ValueError:
        raise ArgumentTypeError(f"{expected_bound(text)}, got {text!r}") from None
