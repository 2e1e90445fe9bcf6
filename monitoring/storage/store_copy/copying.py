"""Run the whole copy step by step; or the comparison alone, which writes nothing.

Measurements come first, while Fermon keeps storing. The remaining measurements, all other tables and the
comparison use one snapshot of the source: so the target equals the source at one moment, and later changes
are reported. After an interruption the same call continues.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from django.db import DataError, connections
from django.db import Error as DatabaseError

from monitoring.storage.store_copy import ownership, pages, sequences, small_tables
from monitoring.storage.store_copy.columns import MEASUREMENTS, ROLLUPS
from monitoring.storage.store_copy.databases import (
    SOURCE,
    TARGET,
    execute,
    open_databases,
    select_number,
    select_rows,
    snapshot,
    source_version,
)
from monitoring.storage.store_copy.days import (
    Compared,
    compare,
    measurement_windows,
    reread_target,
    rollup_windows,
)
from monitoring.storage.store_copy.errors import StoreCopyError
from monitoring.storage.store_copy.mending import copy_again, day_windows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COUNT = "SELECT count(*) FROM {table}"
GO_ON = "Run the same again: it goes on where it was."
AS_IT_IS = "Run again, it would end there again: change what the source has there first."
TOTAL = "SELECT sum(measurements) FROM series"


class Progress(Protocol):
    """Receiver of progress reports."""

    def begin(self, what: str, total: int) -> None:
        """Start a part of about ``total`` steps."""

    def advance(self, steps: int) -> None:
        """Count ``steps`` steps as done."""


@dataclass(frozen=True, slots=True)
class TagResult:
    """Result for one tag; ``differing`` are the days (UTC) that differ between source and target."""

    name: str
    days: int
    measurements: int
    anomalies: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CopyResult:
    """Result of the comparison.

    ``tables`` are the differing tables other than measurements, ``mended`` counts days copied again,
    ``copied`` counts measurements copied for the first time; ``is_behind`` says that the source has changed
    since the snapshot.
    """

    tags: tuple[TagResult, ...]
    tables: tuple[str, ...]
    copied: int
    mended: int
    is_behind: bool

    @property
    def is_equal(self) -> bool:
        """Return whether the target equals the source at the time of the snapshot."""
        return not self.tables and not any(tag.differing for tag in self.tags)


def copy_store(url: str, progress: Progress) -> CopyResult:
    """Make the database at the URL equal to that of the running system, which keeps storing meanwhile.

    Raises:
        StoreCopyError: the copy failed; the message gives the reason and the remedy.
    """
    with open_databases(url, read_only=False), translate_errors():
        ownership.claim_target()
        small_tables.replace_tags()
        copied = copy_measurements(progress)
        with snapshot():
            version = source_version()
            copied += copy_measurements(progress)
            small_tables.replace_tables(small_tables.differing_tables())
            compared = compare_all(progress)
            mended = sum(mend_days(each) for each in compared.values())
            execute(TARGET, "SET synchronous_commit = on")
            sequences.advance_sequences()
            ownership.write_mark()  # a synchronous commit, which also flushes all earlier ones
            result = build_result(compared, copied=copied, mended=mended)
        return with_source_changes(result, version)


def verify_store(url: str, progress: Progress) -> CopyResult:
    """Compare source and target, and write to neither.

    Raises:
        StoreCopyError: the comparison failed; the message gives the reason and the remedy.
    """
    with open_databases(url, read_only=True), translate_errors():
        ownership.require_copy()
        with snapshot():
            version = source_version()
            result = build_result(compare_all(progress), copied=0, mended=0)
        return with_source_changes(result, version)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn database errors into StoreCopyError."""
    try:
        with connections[TARGET].wrap_database_errors:  # COPY raises psycopg's errors otherwise
            yield
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        what_to_do = AS_IT_IS if isinstance(error, DataError) else GO_ON
        raise StoreCopyError(f"Broken off: {reason}. {what_to_do}") from error


def copy_measurements(progress: Progress) -> int:
    """Copy the measurements after the target's newest; return by how much the highest id grew."""
    first = last = pages.newest_at(TARGET)
    progress.begin("copied", max(0, pages.newest_at(SOURCE) - first))
    for newest in pages.copy_pages():
        progress.advance(newest - last)
        last = newest
    return last - first


def compare_all(progress: Progress) -> dict[str, Compared]:
    """Compare all days of measurements and rollups."""
    progress.begin("compared", select_number(SOURCE, TOTAL))
    measurements = compare(MEASUREMENTS, measurement_windows(), progress.advance)
    progress.begin("rollups compared", select_number(SOURCE, COUNT.format(table=ROLLUPS.name)))
    rollups = compare(ROLLUPS, rollup_windows(), progress.advance)
    return {MEASUREMENTS.name: measurements, ROLLUPS.name: rollups}


def mend_days(compared: Compared) -> int:
    """Copy the differing days again and compare them again; return how many days differed."""
    keys = compared.differing()
    windows = list(day_windows(compared.table, keys))
    copy_again(windows)
    reread_target(windows, compared)
    return len(keys)


def build_result(compared: dict[str, Compared], *, copied: int, mended: int) -> CopyResult:
    """Build the result from the comparison."""
    differing: defaultdict[int, list[int]] = defaultdict(list)
    for table in compared.values():
        for key in table.differing():
            differing[key[0]].append(key[1])
    names = dict(select_rows(SOURCE, "SELECT id, name FROM tags ORDER BY name"))
    gone = differing.keys() - names.keys()
    names |= {tag: f"tag {tag}, which the source does not have" for tag in gone}
    days = compared[MEASUREMENTS.name].source.of_tags()
    tags = tuple(
        TagResult(
            name=name,
            days=len(days[tag]),
            measurements=sum(day.count for day in days[tag]),
            anomalies=sum(day.anomalies for day in days[tag]),
            differing=tuple(sorted({date_of(day) for day in differing[tag]})),
        )
        for tag, name in names.items()
    )
    return CopyResult(tags, other_differences(), copied=copied, mended=mended, is_behind=False)


def other_differences() -> tuple[str, ...]:
    """Return the tables that differ outside days: small tables, and long tables with other row counts."""
    small = [model._meta.db_table for model in small_tables.differing_tables()]
    counts = [model._meta.db_table for model in small_tables.LONG if not same_count(model._meta.db_table)]
    return tuple(sorted(small + counts))


def same_count(table: str) -> bool:
    """Return whether both sides have the same number of rows."""
    count = COUNT.format(table=table)
    return select_number(SOURCE, count) == select_number(TARGET, count)


def date_of(day: int) -> str:
    """Return the ISO date of a day since 1970."""
    return (EPOCH + timedelta(days=day)).date().isoformat()


def with_source_changes(result: CopyResult, version: int) -> CopyResult:
    """Add whether the source has changed since the snapshot; call this after the snapshot has ended."""
    return replace(result, is_behind=source_version() != version)
