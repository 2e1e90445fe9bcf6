"""manage.py generate_history"""

import time
from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from monitoring.database.diagnosis import remedy
from monitoring.kernel.clock import iso_utc
from monitoring.management.arguments import end
from monitoring.sources.simulator import history
from monitoring.sources.simulator.demo_vessel.making import is_wanted, make_once
from monitoring.sources.simulator.demo_vessel.records import record_past
from monitoring.sources.simulator.simulated_tag import DemoTag, SimulatedTag
from monitoring.sources.simulator.source import SEED, known_tags
from monitoring.sources.simulator.vessel.channels import NAMES, VESSEL
from monitoring.sources.simulator.vessel.cycle import CYCLE_S


class Command(BaseCommand):
    """Store a simulated past, to try Fermon out with much data."""

    help = (
        "Stores a simulated past of the default tags, one reading a second each; with --tags also of the demo"
        " vessel, whose batches are recorded then."
        " What is stored already stays as it is, so the same again stores nothing twice, and what was"
        " broken off goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add length, tags, end and seed of the past."""
        parser.add_argument("--days", type=days, default=365, metavar="N", help="how long it is (365)")
        parser.add_argument(
            "--tags", nargs="+", metavar="NAME", help=f"of these tags only; {VESSEL}: all of the demo vessel"
        )
        parser.add_argument(
            "--until", type=end, metavar="TIME", help="its end, ISO 8601 (now); a date means its whole day"
        )
        parser.add_argument(
            "--seed", type=int, default=SEED, metavar="N", help="another one than the live simulator's"
        )
        parser.add_argument(
            "--pace",
            type=pace,
            metavar="N",
            help="pause, so that N seconds of the past are stored a second: to watch a batch in fast motion",
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
            self.generate(chosen(options["tags"]), past, options["seed"], options["pace"])
        except DatabaseError as error:
            advice = f"{remedy(error)} Run the same again.".lstrip()
            raise CommandError(f"The database did not take it: {error}. {advice}") from error
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped; what is stored stays. Add --until {iso_utc(until)} to go on.", returncode=130
            ) from None

    def generate(
        self, tags: Sequence[SimulatedTag], past: history.SecondRange, seed: int, pace: int | None
    ) -> None:
        """Store the past; show a progress bar on a terminal."""
        total, stored = len(past) * len(tags), 0
        of_vessel = any(isinstance(tag, DemoTag) for tag in tags)
        with tqdm(total=total, unit=" readings", unit_scale=True, disable=None) as bar:
            for step in history.generate_history(tags, past, seed=seed):
                stored += step.stored
                bar.update(step.readings)
                if pace:
                    if of_vessel:
                        record_past(max(past.start, step.until - 2 * CYCLE_S), step.until, seed=seed)
                    time.sleep(step.readings / len(tags) / pace)
        if of_vessel:
            record_past(past.start, past.stop, seed=seed)
        self.stdout.write(
            f"{stored} of {total} readings stored; the others were there before, or lie in the deleted past."
        )


def days(text: str) -> int:
    """Parse the argument of --days."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number of days, 1 or more, got {text!r}")
    return int(text)


def pace(text: str) -> int:
    """Parse the argument of --pace."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number of seconds, 1 or more, got {text!r}")
    return int(text)


def chosen(names: Sequence[str] | None) -> list[SimulatedTag]:
    """Return the simulated tags of these names; the default tags without names.

    Raises:
        CommandError: a tag is not simulated or not active, or there is none.
    """
    with_vessel = is_wanted() and any(name == VESSEL or name in NAMES for name in names or ())
    if with_vessel:
        make_once()
    tags = {tag.definition.name: tag for tag in known_tags(with_vessel=with_vessel)}
    names = [tag for name in names or () for tag in vessel_names(name, tags)]
    if unknown := [name for name in names if name not in tags]:
        raise CommandError(
            f"{', '.join(unknown)}: not simulated, or not active. Choose from: {', '.join(tags) or 'none'}."
        )
    if not tags:
        raise CommandError("No tag is simulated and active: there is nothing to generate.")
    return [tags[name] for name in dict.fromkeys(names or tags)]


def vessel_names(name: str, tags: Mapping[str, SimulatedTag]) -> list[str]:
    """Return the active tags of the demo vessel in place of the vessel's name."""
    return [each for each in NAMES if each in tags] if name == VESSEL and tags else [name]
