"""manage.py migrate_store"""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from monitoring.storage.store_copy.copying import CopyResult, TagResult, copy_store, verify_store
from monitoring.storage.store_copy.errors import StoreCopyError

SHOWN = 10


class Command(BaseCommand):
    """Copy the SQLite database to PostgreSQL while Fermon runs."""

    help = (
        "Copies this Fermon's SQLite database into one of PostgreSQL and compares the two, tag by tag and day"
        " by day, while Fermon runs. Nothing is written to the source. Broken off, the same again goes on."
        " When it is done, stop Fermon, run the same again, which copies only what has come since, and start"
        " Fermon with DATABASE_URL."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the target, and the option to compare only."""
        parser.add_argument(
            "--to", required=True, metavar="URL", help="the target: postgres://user:password@host/name"
        )
        parser.add_argument("--verify-only", action="store_true", help="compare, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy and compare, or only compare, and print the result."""
        began, bars = time.monotonic(), ProgressBars()
        do = verify_store if options["verify_only"] else copy_store
        try:
            result = do(options["to"], bars)
        except StoreCopyError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. The same again goes on where it was.", returncode=130) from None
        finally:
            bars.close()
        self.report(result, time.monotonic() - began)
        if not result.is_equal:
            raise CommandError(difference(result, verify_only=options["verify_only"]))
        self.stdout.write(advice(result))

    def report(self, result: CopyResult, seconds: float) -> None:
        """Print a table of the tags, and the amount of copied data."""
        width = max([len("tag"), *(len(tag.name) for tag in result.tags)])
        line = f"{{:{width}}} {{:>6}} {{:>13}} {{:>10}}  {{}}"
        self.stdout.write(line.format("tag", "days", "measurements", "anomalies", "equal"))
        for tag in result.tags:
            self.stdout.write(line.format(tag.name, tag.days, tag.measurements, tag.anomalies, verdict(tag)))
        self.stdout.write(
            f"{result.copied} measurements copied, {result.mended} days copied again; {seconds:.1f} s."
        )


class ProgressBars:
    """Progress bars, one for each part; on a terminal only."""

    def __init__(self) -> None:
        self._bar: Any = None

    def begin(self, what: str, total: int) -> None:
        """Start the next bar."""
        self.close()
        self._bar = tqdm(desc=what, total=total, unit=" rows", unit_scale=True, disable=None)

    def advance(self, steps: int) -> None:
        """Advance the bar by ``steps`` rows."""
        self._bar.update(steps)

    def close(self) -> None:
        """End the last bar."""
        if self._bar is not None:
            self._bar.close()


def verdict(tag: TagResult) -> str:
    """Return whether a tag is equal on both sides, in a few words."""
    if not tag.differing:
        return "yes"
    more = f" and {len(tag.differing) - SHOWN} more" if len(tag.differing) > SHOWN else ""
    return f"no: {', '.join(tag.differing[:SHOWN])}{more}"


def difference(result: CopyResult, *, verify_only: bool) -> str:
    """Return a message with the differences and the remedy."""
    tags = [f"{tag.name} on {tag.differing[0]}" for tag in result.tags if tag.differing]
    found = ", ".join([*tags[:SHOWN], *(f"table {name}" for name in result.tables)])
    if verify_only:
        return f"They differ: {found}. Run it without --verify-only: it copies what differs."
    return f"They still differ after another copy: {found}. Is somebody writing to the target? Run it again."


def advice(result: CopyResult) -> str:
    """Return the next step for the user."""
    if result.is_behind:
        return (
            "The target is what the source was a moment ago; Fermon has written since."
            " Stop Fermon and run the same again: it copies the rest."
        )
    return "Both are equal, and nothing has come since. Start Fermon with DATABASE_URL set to the target."
