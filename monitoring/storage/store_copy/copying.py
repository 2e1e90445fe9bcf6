"""The whole copy, step by step; and the comparison by itself, which writes nothing.

First the measurements, while Fermon stores on. What is left of them, all else and the comparison
then stand on one snapshot of the source: so the target is the source as it was at one moment, and
what has come since is told. Broken off anywhere, the same again goes on from there.
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
    number,
    opened,
    select,
    snapshot,
    source_version,
)
from monitoring.storage.store_copy.days import (
    Compared,
    compare,
    look_again,
    measurement_windows,
    rollup_windows,
)
from monitoring.storage.store_copy.errors import StoreCopyError
from monitoring.storage.store_copy.mending import mend, spans

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COUNT = "SELECT count(*) FROM {table}"
GO_ON = "Run the same again: it goes on where it was."
AS_IT_IS = "Run again, it would end there again: change what the source has there first."
TOTAL = "SELECT sum(measurements) FROM series"


class Progress(Protocol):
    """Who is told how far it has come."""

    def begin(self, what: str, total: int) -> None:
        """A part begins, which has about so many steps."""

    def advance(self, steps: int) -> None:
        """So many of them are done."""


@dataclass(frozen=True, slots=True)
class TagResult:
    """How one tag came out; ``differing`` are the days (UTC) that are not the same on both sides."""

    name: str
    days: int
    measurements: int
    anomalies: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """How the comparison came out.

    ``tables`` are those beside the measurements that are not the same, ``mended`` how many days were
    copied again, ``copied`` how many measurements came for the first time; ``is_behind`` tells that
    somebody has written to the source since.
    """

    tags: tuple[TagResult, ...]
    tables: tuple[str, ...]
    copied: int
    mended: int
    is_behind: bool

    @property
    def is_equal(self) -> bool:
        """Whether the target is what the source was when the comparison began."""
        return not self.tables and not any(tag.differing for tag in self.tags)


def copy_store(url: str, progress: Progress) -> Result:
    """Makes the database of that address the same as the running system's, which goes on meanwhile.

    Raises:
        StoreCopyError: it can't be done; the message says why, and what to do.
    """
    with opened(url, read_only=False), failures_told():
        ownership.claim_target()
        small_tables.replace_tags()
        copied = copy_measurements(progress)
        with snapshot():
            version = source_version()
            copied += copy_measurements(progress)
            small_tables.replace(small_tables.differing())
            compared = compare_all(progress)
            mended = sum(mend_days(each) for each in compared.values())
            execute(TARGET, "SET synchronous_commit = on")
            sequences.go_on()
            ownership.write_mark()  # a commit that waits until all before it is on the disk
            result = results(compared, copied=copied, mended=mended)
        return with_news(result, version)


def verify_store(url: str, progress: Progress) -> Result:
    """Compares the two, and writes to neither.

    Raises:
        StoreCopyError: it can't be done; the message says why, and what to do.
    """
    with opened(url, read_only=True), failures_told():
        ownership.require_copy()
        with snapshot():
            version = source_version()
            result = results(compare_all(progress), copied=0, mended=0)
        return with_news(result, version)


@contextmanager
def failures_told() -> Iterator[None]:
    """Raises StoreCopyError in the place of what the databases raise."""
    try:
        with connections[TARGET].wrap_database_errors:  # a copy's come as they are otherwise
            yield
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        what_to_do = AS_IT_IS if isinstance(error, DataError) else GO_ON
        raise StoreCopyError(f"Broken off: {reason}. {what_to_do}") from error


def copy_measurements(progress: Progress) -> int:
    """Copies what the target lacks at the end; how many ids that went over."""
    first = last = pages.newest_at(TARGET)
    progress.begin("copied", max(0, pages.newest_at(SOURCE) - first))
    for newest in pages.copy_pages():
        progress.advance(newest - last)
        last = newest
    return last - first


def compare_all(progress: Progress) -> dict[str, Compared]:
    """Compares all days of measurements and rollups."""
    progress.begin("compared", number(SOURCE, TOTAL))
    measurements = compare(MEASUREMENTS, measurement_windows(), progress.advance)
    progress.begin("rollups compared", number(SOURCE, COUNT.format(table=ROLLUPS.name)))
    rollups = compare(ROLLUPS, rollup_windows(), progress.advance)
    return {MEASUREMENTS.name: measurements, ROLLUPS.name: rollups}


def mend_days(compared: Compared) -> int:
    """Copies the days that differ once more, and looks at them again; how many they were."""
    keys = compared.differing()
    windows = list(spans(compared.table, keys))
    mend(windows)
    look_again(windows, compared)
    return len(keys)


def results(compared: dict[str, Compared], *, copied: int, mended: int) -> Result:
    """What the comparison has found."""
    differing: defaultdict[int, list[int]] = defaultdict(list)
    for table in compared.values():
        for key in table.differing():
            differing[key[0]].append(key[1])
    names = dict(select(SOURCE, "SELECT id, name FROM tags ORDER BY name"))
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
    return Result(tags, other_differences(), copied=copied, mended=mended, is_behind=False)


def other_differences() -> tuple[str, ...]:
    """The tables that differ in what has no day: small ones, and long ones with rows of nobody's."""
    small = [model._meta.db_table for model in small_tables.differing()]
    counts = [model._meta.db_table for model in small_tables.LONG if not same_count(model._meta.db_table)]
    return tuple(sorted(small + counts))


def same_count(table: str) -> bool:
    """Whether both sides have as many rows."""
    count = COUNT.format(table=table)
    return number(SOURCE, count) == number(TARGET, count)


def date_of(day: int) -> str:
    """A day since 1970 as a date."""
    return (EPOCH + timedelta(days=day)).date().isoformat()


def with_news(result: Result, version: int) -> Result:
    """The result, with whether the source has moved on since its snapshot; that has to be over."""
    return replace(result, is_behind=source_version() != version)
