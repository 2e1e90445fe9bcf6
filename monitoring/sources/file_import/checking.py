"""The dry run: the outcomes that an import would have. Nothing is written, and no lock is taken."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from django.db import connection

from monitoring.ingest.columns import Batch
from monitoring.ingest.outcomes import conflict
from monitoring.ingest.parse import validate
from monitoring.ingest.tags import among, given, tag_cache
from monitoring.ingest.validate import RejectionReason
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import to_micros
from monitoring.kernel.tag_definition import OnConflict, TagDefinition
from monitoring.models import Series, Tag
from monitoring.sources.file_import.counts import Counts
from monitoring.sources.file_import.file_format import FileFormat
from monitoring.sources.file_import.reading_through import parsed_batches, reader_for
from monitoring.sources.file_import.readings import ParsedRows, RowRejection
from monitoring.sources.file_import.targets import IGNORE, NEW, Target, Targets

TIMES_A_QUERY = 500
STORED = ("measurements", "excluded_measurements")


class SeenTimes:
    """Times and values of one tag that occurred earlier in the file, in blocks as they came."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, int, IntArray, FloatArray]] = []

    def values_at(self, times_us: IntArray) -> dict[int, float]:
        """Return earlier values at these times, by time; the first one of each."""
        found: dict[int, float] = {}
        lowest, highest = int(times_us.min()), int(times_us.max())
        for first, last, known_us, values in self._blocks:
            if first <= highest and last >= lowest:
                common, place, _ = np.intersect1d(known_us, times_us, return_indices=True)
                for time_us, value in zip(common.tolist(), values[place].tolist(), strict=True):
                    found.setdefault(time_us, value)
        return found

    def add(self, times_us: IntArray, values: FloatArray) -> None:
        """Take distinct times."""
        if len(times_us):
            self._blocks.append((int(times_us.min()), int(times_us.max()), times_us, values))


class DryRun:
    """Counts the outcomes that an import would have, batch by batch."""

    def __init__(self, targets: Targets) -> None:
        self.counts = Counts()
        self._now = datetime.now(UTC)
        self._tags = definitions_for(targets)
        self._keys = dict(Tag.objects.filter(name__in=self._tags).values_list("name", "pk"))
        bounds = Series.objects.filter(tag__name__in=self._tags).values_list(
            "tag__name", "last", "excluded_until"
        )
        self._newest = {
            name: max(filter(None, (last, excluded)), default=None) for name, last, excluded in bounds
        }
        self._seen: dict[str, SeenTimes] = {name: SeenTimes() for name in self._tags}

    def take(self, parsed: ParsedRows) -> None:
        """Count the readings and rejections of some rows."""
        self.counts.skipped += parsed.skipped
        self.counts.reject(parsed.rejections)
        items = parsed.items()
        batch, rejections = validate(items, self._tags, now=self._now)
        self.counts.reject(
            RowRejection(int(parsed.row[place]), why.tag, str(why.reason), why.message)
            for place, why in sorted(rejections.items())
        )
        self.counts.span(batch.time_us)
        names = list(self._tags)
        for index in np.unique(batch.tag).tolist():
            mine = np.flatnonzero(batch.tag == index)
            self._compare(names[index], batch.take(mine), parsed.row[batch.position[mine]])

    def _compare(self, name: str, batch: Batch, rows: IntArray) -> None:
        """Compare the readings of one tag with stored ones, and with earlier ones of the file."""
        times_us, first = np.unique(batch.time_us, return_index=True)
        known = self._stored(name, times_us) | self._seen[name].values_at(times_us)
        is_first = np.zeros(len(batch), dtype=bool)
        is_first[first] = True
        doubtful = np.flatnonzero(~is_first | np.isin(batch.time_us, list(known)))
        here = dict(zip(times_us.tolist(), batch.value[first].tolist(), strict=True)) | known
        for place in doubtful.tolist():
            time_us, value = int(batch.time_us[place]), float(batch.value[place])
            self._count_repeated(name, int(rows[place]), time_us, value, here[time_us])
        self.counts.new += len(batch) - len(doubtful)
        is_new = np.isin(times_us, list(known), invert=True)
        self._seen[name].add(times_us[is_new], batch.value[first][is_new])

    def _count_repeated(self, name: str, row: int, time_us: int, value: float, stored: float) -> None:
        """Count a reading at a time that has a value already."""
        rule = self._tags[name].on_conflict
        if value == stored:
            self.counts.duplicate += 1
        elif rule == OnConflict.KEEP_FIRST:
            self.counts.kept_first += 1
        elif rule == OnConflict.KEEP_LAST:
            self.counts.replaced += 1
        else:
            outcome = conflict(name, time_us, sent=value, stored=stored)
            self.counts.reject([RowRejection(row, name, RejectionReason.CONFLICT, outcome.error)])

    def _stored(self, name: str, times_us: IntArray) -> dict[int, float]:
        """Return the stored values of a tag at these times, also excluded ones."""
        newest = self._newest.get(name)
        if newest is None or name not in self._keys:
            return {}
        possible = times_us[times_us <= to_micros(newest)].tolist()
        return dict(stored_values(self._keys[name], possible))


def stored_values(pk: int, times_us: Sequence[int]) -> Iterable[tuple[int, float]]:
    """Yield the stored time and value of a tag at each of these times that has one."""
    with connection.cursor() as cursor:
        for some in chunks(times_us, TIMES_A_QUERY):
            for table in STORED:
                cursor.execute(
                    f"SELECT timestamp, value FROM {table} WHERE tag = %s AND timestamp {among(some)}",  # noqa: S608
                    [pk, *given(some)],
                )
                yield from cursor.fetchall()


def definitions_for(targets: Targets) -> dict[str, TagDefinition]:
    """Return the definitions of the tags of targets; new tags as they would be made."""
    known = tag_cache().read()
    chosen = {target.tag: target for target in targets.values() if target.tag}
    oldest = dict(Series.objects.filter(tag__name__in=chosen).values_list("tag__name", "raw_from"))
    return {
        name: replace(known[name], raw_from=oldest.get(name)) if name in known else definition_of_new(target)
        for name, target in chosen.items()
        if name in known or target.action == NEW
    }


def definition_of_new(target: Target) -> TagDefinition:
    """Return the definition of a tag that is still to be made."""
    return TagDefinition(
        target.tag, target.unit, target.valid_min or 0.0, target.valid_max or 0.0, group=target.group
    )


def dry_run(
    text: Path,
    form: FileFormat,
    targets: Targets,
    *,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> Counts:
    """Return the outcomes that an import would have; call ``on_rows`` with the number of rows that are done.

    Raises:
        ImportInputError: the file cannot be read.
    """
    reader = reader_for(text, form, targets, lambda rows: on_rows(0))
    run = DryRun(known_only(targets))
    with parsed_batches(text, reader) as batches:
        for done, parsed in batches:
            run.take(parsed)
            on_rows(done)
    return run.counts


def known_only(targets: Mapping[str, Target]) -> Targets:
    """Return the targets that become tags."""
    return {key: target for key, target in targets.items() if target.action != IGNORE}
