"""manage.py backtest"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from monitoring.detection.backtest.data import BacktestError, Stretch, find_stretch, find_subject
from monitoring.detection.detectors import trees
from monitoring.detection.detectors.overrides import parse_overrides
from monitoring.detection.detectors.settings import OPTIONAL
from monitoring.detection.monitor import DETECTORS, DetectionSettings, SettingError
from monitoring.kernel.incident_event import Event
from monitoring.kernel.optional_packages import MissingPackageError
from monitoring.lab.evaluation.evaluating import EvaluationError, write_csv
from monitoring.lab.evaluation.tables import EVENT_HEADER, event_cells, event_table
from monitoring.management.arguments import end, start


class Command(BaseCommand):
    """Compare other settings of the detectors with the present ones on stored history."""

    help = (
        "Tells what other settings of the detectors would have found in a tag's stored measurements, and how"
        " many events its present settings find there. What is not given stays as the tag has it."
        " Nothing is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add tag, range, settings and output."""
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
            "--on",
            nargs="*",
            choices=sorted(OPTIONAL),
            metavar="DETECTOR",
            help=f"these optional ones find, too: of {', '.join(sorted(OPTIONAL))}",
        )
        parser.add_argument(
            "--sensitivity", type=float, metavar="X", help="2 finds what is half as far from normal"
        )
        parser.add_argument("--csv", type=Path, metavar="OUT", help="where the events go, instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Try the settings and print the events."""
        try:
            subject = find_subject(options["tag"])
            settings = settings_of(options, subject.present)
            until = min(options["end"] or datetime.now(UTC), datetime.now(UTC))
            found, present = self.work(find_stretch(subject, options["start"], until), settings)
            self.write_events(found, options["csv"])
        except (BacktestError, EvaluationError) as error:
            raise CommandError(str(error)) from error
        except (SettingError, MissingPackageError) as error:
            raise CommandError(f"{error}.") from error
        except DatabaseError as error:
            raise CommandError(f"The database can't be read: {error}. Run the same again.") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=130) from None
        self.stdout.write(f"With these settings: {counted(found)}; with the present ones: {len(present)}.")

    def work(self, stretch: Stretch, settings: DetectionSettings) -> list[list[Event]]:
        """Return the events by these settings and by the present ones; show a progress bar on a terminal."""
        test = stretch.begin(settings)
        with tqdm(total=stretch.readings, unit=" readings", unit_scale=True, disable=None) as bar:
            for times_us, values in stretch.pages():
                test.update(times_us, values)
                bar.update(test.readings - bar.n)
        return test.finish()

    def write_events(self, events: Sequence[Event], out: Path | None) -> None:
        """Write the events, as a table or into a file."""
        if out:
            write_csv(out, EVENT_HEADER, map(event_cells, events))
        elif events:
            self.stdout.write("\n".join(event_table(events)))


def settings_of(options: dict[str, Any], present: DetectionSettings) -> DetectionSettings:
    """Return the present settings with the options' changes.

    Raises:
        SettingError: a detector or parameter does not exist, or a value is not allowed.
        MissingPackageError: the package of an optional detector is not installed.
    """
    off, on, sensitivity = options["off"], options["on"], options["sensitivity"]
    used = present.on if on is None else frozenset(on)
    trees.check_packages(used)
    return DetectionSettings(
        on=used,
        off=present.off if off is None else frozenset(off),
        sensitivity=present.sensitivity if sensitivity is None else sensitivity,
        parameters=parse_overrides(options["set"], present.parameters),
    )


def counted(events: Sequence[Event]) -> str:
    return f"{len(events)} event{'' if len(events) == 1 else 's'}"
