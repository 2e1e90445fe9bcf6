"""manage.py recompute_flags"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from monitoring.database.diagnosis import explain
from monitoring.ingest.rebuild import DaySpan, UnknownTagError, spans_of
from monitoring.ingest.recompute import Recount, recompute
from monitoring.kernel.clock import iso_utc, to_micros
from monitoring.management.arguments import add_days, refuse_reversed


class Command(BaseCommand):
    """Recompute the anomaly flags of the rolling 3σ rule, while Fermon runs."""

    help = (
        "Recomputes which stored measurements are anomalies by the rolling 3 sigma rule, with the counts in"
        " rollups and totals. Findings of limits stay: they were judged by the limits of their time."
        " Fermon may run meanwhile; a run that was stopped may be repeated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the tags and days, and the option to check only."""
        add_days(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Recompute, and print the number of changed findings."""
        refuse_reversed(options)
        try:
            spans = spans_of(options["tag"], options["start"], options["end"], now=datetime.now(UTC))
            wrong = self.recompute(spans, write=not options["check"])
        except UnknownTagError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"{explain(error)} What is corrected stays so; run the same again.") from error
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped. What is corrected stays so; run the same again.", returncode=130
            ) from None
        if wrong and options["check"]:
            raise CommandError(f"{wrong} findings are wrong. Without --check, they are corrected.")
        self.stdout.write(f"{wrong} findings corrected." if wrong else "Every flag is as the rule says.")

    def recompute(self, spans: Sequence[DaySpan], *, write: bool) -> int:
        """Recompute the spans with a progress bar on a terminal; return the number of wrong findings."""
        wrong = 0
        with tqdm(unit=" measurements", unit_scale=True, disable=None) as bar:
            for span in spans:
                total = Recount()
                for measurements, recount in recompute(span, write=write):
                    total += recount
                    bar.update(measurements)
                wrong += total.findings
                with bar.external_write_mode():
                    self.report(span, total, write=write)
        return wrong

    def report(self, span: DaySpan, total: Recount, *, write: bool) -> None:
        """Print a tag's differences, and the range that can't be recomputed any more."""
        if span.raw_from and to_micros(span.raw_from) > span.start_us:
            self.stdout.write(
                f"{span.tag}: the first 50 measurements from {iso_utc(span.raw_from)} on, and all before,"
                " stay as they are: retention has deleted those just before them."
            )
        if total.findings:
            self.stdout.write(
                f"{span.tag}: findings added {total.added}, removed {total.removed},"
                f" with another band {total.altered}" + (f"; flags turned {total.turned}" if write else "")
            )
