"""manage.py rebuild_rollups"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from monitoring.database.diagnosis import explain
from monitoring.ingest.rebuild import DaySpan, UnknownTagError, rebuild, spans_of
from monitoring.kernel.clock import iso_utc, to_micros
from monitoring.management.arguments import add_days, refuse_reversed


class Command(BaseCommand):
    """Recompute rollups from the measurements, while Fermon runs."""

    help = (
        "Recomputes rollups and totals from the measurements, and tells each number that was wrong."
        " Fermon may run meanwhile. Rollups whose measurements were deleted stay as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the tags and days, and the option to check only."""
        add_days(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Recompute, and print each wrong number."""
        refuse_reversed(options)
        now = datetime.now(UTC)
        try:
            spans = spans_of(options["tag"], options["start"], options["end"], now=now)
            wrong = self.rebuild(spans, write=not options["check"])
        except UnknownTagError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"{explain(error)} What is corrected stays so; run the same again.") from error
        if wrong and options["check"]:
            raise CommandError(f"{wrong} numbers are wrong. Without --check, they are corrected.")
        self.stdout.write(
            f"{wrong} numbers corrected." if wrong else "Everything is as the measurements say."
        )

    def rebuild(self, spans: Sequence[DaySpan], *, write: bool) -> int:
        """Rebuild the spans with a progress bar on a terminal; return the number of wrong numbers."""
        wrong = 0
        with tqdm(total=sum(map(len, spans)), unit=" days", disable=None) as bar:
            for span in spans:
                self.report_deleted_range(span)
                for days, differences in rebuild(span, write=write):
                    wrong += len(differences)
                    with bar.external_write_mode():
                        for difference in differences:
                            self.stdout.write(str(difference))
                    bar.update(days)
        return wrong

    def report_deleted_range(self, span: DaySpan) -> None:
        """Print the time before which rollups can't be recomputed, since the measurements were deleted."""
        if span.raw_from and to_micros(span.raw_from) > span.start_us:
            self.stdout.write(
                f"{span.tag}: what begins before {iso_utc(span.raw_from)} stays as it is:"
                " its measurements were deleted."
            )
