"""manage.py generate_history"""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from monitoring.kernel.clock import iso_utc
from monitoring.kernel.tag_definition import DefaultTag
from monitoring.management.arguments import end
from monitoring.sources.simulator import history
from monitoring.sources.simulator.source import SEED, simulated_tags


class Command(BaseCommand):
    """Store a simulated past, to try Fermon out with much data."""

    help = (
        "Stores a simulated past of the tags that the simulator knows, one reading a second each."
        " What is stored already stays as it is, so the same again stores nothing twice, and what was"
        " broken off goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add length, tags, end and seed of the past."""
        parser.add_argument("--days", type=days, default=365, metavar="N", help="how long it is (365)")
        parser.add_argument("--tags", nargs="+", metavar="NAME", help="of these tags only")
        parser.add_argument(
            "--until", type=end, metavar="TIME", help="its end, ISO 8601 (now); a date means its whole day"
        )
        parser.add_argument(
            "--seed", type=int, default=SEED, metavar="N", help="another one than the live simulator's"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the past and print how much was stored."""
        now = datetime.now(UTC)
        until = options["until"] or now.replace(microsecond=0)
        if until > now:
            raise CommandError(f"--until {iso_utc(until)} lies in the future. Give a time that has been.")
        try:
            past = history.last_days(until, days=options["days"])
        except OverflowError:
            raise CommandError(f"--days {options['days']} begin before the year 1. Take fewer.") from None
        try:
            self.generate(chosen(options["tags"]), past, options["seed"])
        except DatabaseError as error:
            raise CommandError(f"The database did not take it: {error}. Run the same again.") from error
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped; what is stored stays. Add --until {iso_utc(until)} to go on.", returncode=130
            ) from None

    def generate(self, tags: Sequence[DefaultTag], past: history.SecondRange, seed: int) -> None:
        """Store the past; show a progress bar on a terminal."""
        total, stored = len(past) * len(tags), 0
        with tqdm(total=total, unit=" readings", unit_scale=True, disable=None) as bar:
            for step in history.generate_history(tags, past, seed=seed):
                stored += step.stored
                bar.update(step.readings)
        self.stdout.write(
            f"{stored} of {total} readings stored; the others were there before, or lie in the deleted past."
        )


def days(text: str) -> int:
    """Parse the argument of --days."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number of days, 1 or more, got {text!r}")
    return int(text)


def chosen(names: Sequence[str] | None) -> list[DefaultTag]:
    """Return the simulated tags of these names; all of them without names.

    Raises:
        CommandError: a tag is not simulated or not active, or there is none.
    """
    tags = {tag.definition.name: tag for tag in simulated_tags()}
    if unknown := [name for name in names or () if name not in tags]:
        raise CommandError(
            f"{', '.join(unknown)}: not simulated, or not active. Choose from: {', '.join(tags) or 'none'}."
        )
    if not tags:
        raise CommandError("No tag is simulated and active: there is nothing to generate.")
    return [tags[name] for name in dict.fromkeys(names or tags)]
