"""manage.py backtest"""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from monitoring.detection.backtest.data import BacktestError, Stretch, find_stretch, find_subject
from monitoring.detection.detectors.overrides import parse_overrides
from monitoring.detection.monitor import DETECTORS, DetectionSettings, SettingError
from monitoring.kernel.clock import expected_bound, parse_bound
from monitoring.kernel.incident_event import Event
from monitoring.lab.evaluation.evaluating import EvaluationError, write_csv
from monitoring.lab.evaluation.tables import EVENT_HEADER, event_cells, event_table


class Command(BaseCommand):
    """Tells what other settings of the detectors would have found in stored history."""

    help = (
        "Tells what other settings of the detectors would have found in a tag's stored measurements, and how"
        " many events its present settings find there. What is not given stays as the tag has it."
        " Nothing is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which tag, which time, and what is set."""
        parser.add_argument("--tag", required=True, metavar="NAME", help="whose measurements")
        parser.add_argument(
            "--from", dest="start", type=start, required=True, metavar="TIME", help="ISO 8601 (UTC)"
        )
        parser.add_argument(
            "--to", dest="end", type=end, metavar="TIME", help="its end (now); a date means its whole day"
        )
        parser.add_argument(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="DETECTOR.PARAMETER=VALUE",
            help="a number, or 'default'",
        )
        parser.add_argument(
            "--off",
            nargs="*",
            metavar="DETECTOR",
            help=f"these find nothing, all others do: of {', '.join(DETECTORS)}",
        )
        parser.add_argument(
            "--sensitivity", type=float, metavar="X", help="2 finds what is half as far from normal"
        )
        parser.add_argument("--csv", type=Path, metavar="OUT", help="where the events go, instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tries the settings and says what they find."""
        try:
            subject = find_subject(options["tag"])
            settings = settings_of(options, subject.present)
            end = min(options["end"] or datetime.now(UTC), datetime.now(UTC))
            found, present = self.work(find_stretch(subject, options["start"], end), settings)
            self.tell(found, options["csv"])
        except (BacktestError, EvaluationError) as error:
            raise CommandError(str(error)) from error
        except SettingError as error:
            raise CommandError(f"{error}.") from error
        except DatabaseError as error:
            raise CommandError(f"The database can't be read: {error}. Run the same again.") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=130) from None
        self.stdout.write(f"With these settings: {counted(found)}; with the present ones: {len(present)}.")

    def work(self, stretch: Stretch, settings: DetectionSettings) -> list[list[Event]]:
        """The events by these settings and by the present ones, with a progress bar on a terminal."""
        test = stretch.begin(settings)
        with tqdm(total=stretch.readings, unit=" readings", unit_scale=True, disable=None) as bar:
            for times_us, values in stretch.pages():
                test.take(times_us, values)
                bar.update(test.readings - bar.n)
        return test.finish()

    def tell(self, events: Sequence[Event], out: Path | None) -> None:
        """The events, as a table or into a file."""
        if out:
            write_csv(out, EVENT_HEADER, map(event_cells, events))
        elif events:
            self.stdout.write("\n".join(event_table(events)))


def settings_of(options: dict[str, Any], present: DetectionSettings) -> DetectionSettings:
    """The present settings but for what is given.

    Raises:
        SettingError: something can't be set so.
    """
    off, sensitivity = options["off"], options["sensitivity"]
    return DetectionSettings(
        off=present.off if off is None else frozenset(off),
        sensitivity=present.sensitivity if sensitivity is None else sensitivity,
        parameters=parse_overrides(options["set"], present.parameters),
    )


def counted(events: Sequence[Event]) -> str:
    """How many there are."""
    return f"{len(events)} event{'' if len(events) == 1 else 's'}"


def start(text: str) -> datetime:
    """The argument of --from."""
    return bound(text, is_end=False)


def end(text: str) -> datetime:
    """The argument of --to."""
    return bound(text, is_end=True)


def bound(text: str, *, is_end: bool) -> datetime:
    """A bound of the range."""
    try:
        return parse_bound(text, end=is_end)
    except ValueError:
        raise ArgumentTypeError(f"{expected_bound(text)}, got {text!r}") from None
