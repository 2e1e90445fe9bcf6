"""manage.py rebuild_rollups"""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from monitoring.domain.clock import expected_bound, iso_utc, parse_bound, to_micros
from monitoring.ingest.rebuild import Span, UnknownTagError, rebuild, spans_of


class Command(BaseCommand):
    """Recomputes rollups from the measurements, while Fermon runs."""

    help = (
        "Recomputes rollups and totals from the measurements, and tells each number that was wrong."
        " Fermon may run meanwhile. Rollups whose measurements were deleted stay as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which ones, and whether to correct them."""
        parser.add_argument("--tag", nargs="+", metavar="NAME", default=[], help="of these tags only")
        parser.add_argument("--from", dest="start", type=start, metavar="TIME", help="from this day on (UTC)")
        parser.add_argument("--to", dest="end", type=end, metavar="TIME", help="up to this day (UTC)")
        parser.add_argument(
            "--check", action="store_true", help="change nothing; the exit code is 1 if anything is wrong"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Recomputes and says what was wrong."""
        if options["start"] and options["end"] and options["start"] > options["end"]:
            raise CommandError("--from is after --to. Swap them.")
        now = datetime.now(UTC)
        try:
            spans = spans_of(options["tag"], options["start"], options["end"], now=now)
            wrong = self.rebuild(spans, write=not options["check"])
        except UnknownTagError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(
                f"The database can't be used ({error}). What is corrected stays so; run the same again."
            ) from error
        if wrong and options["check"]:
            raise CommandError(f"{wrong} numbers are wrong. Without --check, they are corrected.")
        self.stdout.write(
            f"{wrong} numbers corrected." if wrong else "Everything is as the measurements say."
        )

    def rebuild(self, spans: Sequence[Span], *, write: bool) -> int:
        """Goes through the spans with a progress bar on a terminal; how many numbers were wrong."""
        wrong = 0
        with tqdm(total=sum(map(len, spans)), unit=" days", disable=None) as bar:
            for span in spans:
                self.tell_what_stays(span)
                for days, differences in rebuild(span, write=write):
                    wrong += len(differences)
                    with bar.external_write_mode():
                        for difference in differences:
                            self.stdout.write(str(difference))
                    bar.update(days)
        return wrong

    def tell_what_stays(self, span: Span) -> None:
        """Says which intervals can't be recomputed any more."""
        if span.raw_from and to_micros(span.raw_from) > span.start_us:
            self.stdout.write(
                f"{span.tag}: what begins before {iso_utc(span.raw_from)} stays as it is:"
                " its measurements were deleted."
            )


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
