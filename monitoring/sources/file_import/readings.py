"""From rows of a file to readings, and to rejections of rows that cannot become readings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import iso_texts
from monitoring.kernel.quoting import shown
from monitoring.sources.file_import.file_format import FIRST, LONG, SECOND, FileFormat
from monitoring.sources.file_import.numbers import read_numbers
from monitoring.sources.file_import.repeated_hours import RepeatedHours
from monitoring.sources.file_import.rows import Row, column
from monitoring.sources.file_import.targets import IGNORE, Target, Targets
from monitoring.sources.file_import.times import BAD, EXAMPLES, WALL, joined, read_times
from monitoring.sources.file_import.zones import REPEATED, SKIPPED, ZoneTable


class RowReason(StrEnum):
    """Why a row or a cell is rejected before the write path sees a reading."""

    BAD_TIMESTAMP = "bad_timestamp"
    SKIPPED_HOUR = "skipped_hour"
    REPEATED_HOUR = "repeated_hour"
    NOT_A_NUMBER = "not_a_number"


@dataclass(frozen=True, slots=True)
class RowRejection:
    """Why a row, or the cell of a tag in a row, is rejected; rows are numbered from 1."""

    row: int
    tag: str
    reason: str
    message: str


@dataclass(slots=True)
class RowTimes:
    """The times of rows in UTC, which are known, and rejections of the others; shape (n,)."""

    time_us: IntArray
    is_known: NDArray[np.bool_]
    rejections: list[RowRejection] = field(default_factory=list)


@dataclass(slots=True)
class ParsedRows:
    """The readings of some rows as columns, rejections, and how many cells were empty or not mapped."""

    tags: list[str]
    tag: IntArray  # index in ``tags``
    time_us: IntArray
    value: FloatArray
    row: IntArray
    rejections: list[RowRejection]
    skipped: int

    def __len__(self) -> int:
        return len(self.row)

    def items(self) -> list[dict[str, object]]:
        """Return the readings as the write path takes them."""
        names = [self.tags[index] for index in self.tag.tolist()]
        return [
            {"timestamp": stamp, "tag": name, "value": value}
            for stamp, name, value in zip(iso_texts(self.time_us), names, self.value.tolist(), strict=True)
        ]


class RowReader:
    """Turns rows of one file into readings, by a format and the tags of its series."""

    def __init__(self, form: FileFormat, targets: Targets, repeated: RepeatedHours | None = None) -> None:
        self.form = form
        self.targets = {key: target for key, target in targets.items() if target.action != IGNORE}
        self.tags = sorted({target.tag for target in self.targets.values()})
        self.repeated = RepeatedHours() if repeated is None else repeated
        self._place = {tag: place for place, tag in enumerate(self.tags)}
        self._zone = ZoneTable(form.zone)

    def read(self, rows: Sequence[Row], first: int) -> ParsedRows:
        """Return the readings of rows; ``first`` is the number of the first row, counted from 1."""
        is_filled = [any(row) for row in rows]
        numbers = np.arange(first, first + len(rows))
        if not all(is_filled):
            rows = [row for row in rows if any(row)]
            numbers = numbers[np.array(is_filled)]
        if not rows:
            return self._parsed([], [], 0)
        return self._read_long(rows, numbers) if self.form.layout == LONG else self._read_wide(rows, numbers)

    def learn_repeated(self, rows: Sequence[Row], first: int) -> None:
        """Take the times of the next rows that clocks show twice, before any row is read."""
        stamps = self._stamps(rows)
        wall_us, kinds = read_times(stamps, self.form.time_form, self.form.decimal, plain_first=self.plain)
        is_wall = kinds == WALL
        if not is_wall.any():
            return
        is_repeated = is_wall & (self._zone.to_utc(wall_us).kind == REPEATED)
        series = self._series(rows)
        for name in dict.fromkeys(series) if self.form.layout == LONG else [""]:
            mine = is_wall & (np.array(series) == name) if self.form.layout == LONG else is_wall
            if mine.any():
                own = wall_us[mine]
                self.repeated.see(name, int(own[0]), int(own[-1]))
                chosen = np.flatnonzero(mine & is_repeated)
                pairs = zip((chosen + first).tolist(), wall_us[chosen].tolist(), strict=True)
                if len(chosen):
                    self.repeated.add(name, pairs)

    def preview_times(self, rows: Sequence[Row], first: int) -> list[tuple[str, str]]:
        """Return the time of each row as ISO 8601 in UTC, and the reason if there is none.

        A repeated hour stays open here: the rows before and after are not known.
        """
        numbers = np.arange(first, first + len(rows))
        times = self._times(rows, numbers, self._series(rows))
        faults = {rejection.row: rejection.message for rejection in times.rejections}
        stamps = iso_texts(times.time_us)
        known = zip(stamps, times.is_known.tolist(), numbers.tolist(), strict=True)
        return [(stamp if is_known else "", faults.get(number, "")) for stamp, is_known, number in known]

    @property
    def plain(self) -> bool:
        """Return whether numbers have a decimal point, also where texts have a comma."""
        return self.form.is_workbook

    def _series(self, rows: Sequence[Row]) -> list[str]:
        """Return the name in the tag column of each row."""
        if self.form.layout != LONG:
            return []
        return [name.strip() for name in column(rows, self.form.tag_column)]

    def _stamps(self, rows: Sequence[Row]) -> list[str]:
        """Return the text of each row's time."""
        days = column(rows, self.form.time_column)
        if self.form.clock_column is None:
            return days
        return joined(days, column(rows, self.form.clock_column))

    def _times(self, rows: Sequence[Row], numbers: IntArray, series: Sequence[str]) -> RowTimes:
        """Return the times of rows, with a rejection for each that is none, or is not unique."""
        stamps = self._stamps(rows)
        form = self.form.time_form
        read_us, kinds = read_times(stamps, form, self.form.decimal, plain_first=self.plain)
        times = RowTimes(read_us.copy(), kinds != BAD)
        for index in np.flatnonzero(kinds == BAD).tolist():
            expected = f"expected a time as {EXAMPLES[form]}, got {shown(stamps[index])}"
            times.rejections.append(RowRejection(int(numbers[index]), "", RowReason.BAD_TIMESTAMP, expected))
        walls = np.flatnonzero(kinds == WALL)
        if len(walls):
            found = self._zone.to_utc(read_us[walls])
            times.time_us[walls] = found.first_us
            for place in np.flatnonzero(found.kind != 0).tolist():
                index = int(walls[place])
                self._settle(
                    times,
                    index,
                    int(numbers[index]),
                    stamps[index],
                    series,
                    (int(found.kind[place]), int(found.second_us[place])),
                )
        return times

    def _settle(
        self,
        times: RowTimes,
        index: int,
        number: int,
        stamp: str,
        series: Sequence[str],
        found: tuple[int, int],
    ) -> None:
        """Settle a time that clocks skipped, which is rejected, or showed twice."""
        kind, second_us = found
        if kind == SKIPPED:
            times.is_known[index] = False
            text = f"{shown(stamp)} does not exist in {self.form.zone}: clocks were set forward then"
            times.rejections.append(RowRejection(number, "", RowReason.SKIPPED_HOUR, text))
            return
        is_second = self._is_second(series[index] if series else "", number)
        if is_second is None:
            times.is_known[index] = False
            text = (
                f"{shown(stamp)} exists twice in {self.form.zone}, and the order of the rows does not say"
                " which is meant; choose the first or the second under 'repeated hour'"
            )
            times.rejections.append(RowRejection(number, "", RowReason.REPEATED_HOUR, text))
        elif is_second:
            times.time_us[index] = second_us

    def _is_second(self, series: str, number: int) -> bool | None:
        """Return which of both times is meant: the setting's, or that of the row's place."""
        chosen = {FIRST: False, SECOND: True}.get(self.form.repeated_hour)
        return self.repeated.is_second(series, number) if chosen is None else chosen

    def _read_wide(self, rows: Sequence[Row], numbers: IntArray) -> ParsedRows:
        """Return the readings of rows with a column for each tag."""
        times = self._times(rows, numbers, [])
        parts, rejections, skipped = [], times.rejections, 0
        for key, target in self.targets.items():
            texts = column(rows, int(key))
            value, is_good, empty = self._values(texts, target, times.is_known, numbers, rejections)
            skipped += empty
            place = np.full(int(is_good.sum()), self._place[target.tag])
            parts.append((place, times.time_us[is_good], value[is_good], numbers[is_good]))
        return self._parsed(parts, rejections, skipped)

    def _values(
        self,
        texts: Sequence[str],
        target: Target,
        is_known: NDArray[np.bool_],
        numbers: IntArray,
        rejections: list[RowRejection],
    ) -> tuple[FloatArray, NDArray[np.bool_], int]:
        """Return a tag's values in its unit, which are good, and how many cells are empty; reject others."""
        read, empty = read_numbers(texts, self.form.decimal, plain_first=self.plain)
        is_bad = is_known & ~empty & np.isnan(read)
        rejections += [
            RowRejection(
                int(numbers[index]),
                target.tag,
                RowReason.NOT_A_NUMBER,
                f"expected a number with decimal {'comma' if self.form.decimal == ',' else 'point'},"
                f" got {shown(texts[index])}",
            )
            for index in np.flatnonzero(is_bad).tolist()
        ]
        if target.factor != 1 or target.offset:
            read = read * target.factor + target.offset
        return read, is_known & np.isfinite(read), int((empty & is_known).sum())

    def _read_long(self, rows: Sequence[Row], numbers: IntArray) -> ParsedRows:
        """Return the readings of rows with a tag and a value each."""
        series = self._series(rows)
        is_mapped = np.array([name in self.targets for name in series], dtype=bool)
        skipped = int((~is_mapped).sum())
        if skipped:
            rows = [row for row, is_in in zip(rows, is_mapped.tolist(), strict=True) if is_in]
            series = [name for name in series if name in self.targets]
            numbers = numbers[is_mapped]
        if not rows:
            return self._parsed([], [], skipped)
        times = self._times(rows, numbers, series)
        texts, names = column(rows, self.form.value_column), np.array(series)
        parts, rejections = [], times.rejections
        for key in dict.fromkeys(series):
            target, mine = self.targets[key], np.flatnonzero(names == key)
            own = [texts[index] for index in mine.tolist()]
            value, is_good, empty = self._values(own, target, times.is_known[mine], numbers[mine], rejections)
            skipped += empty
            good = mine[is_good]
            place = np.full(len(good), self._place[target.tag])
            parts.append((place, times.time_us[good], value[is_good], numbers[good]))
        return self._parsed(parts, rejections, skipped)

    def _parsed(
        self,
        parts: Sequence[tuple[IntArray, IntArray, FloatArray, IntArray]],
        rejections: Iterable[RowRejection],
        skipped: int,
    ) -> ParsedRows:
        """Return the readings of all tags together."""
        columns = [np.concatenate([part[each] for part in parts]) for each in range(4)] if parts else []
        tag, time_us, value, row = columns or [np.zeros(0, dtype=np.int64)] * 4
        ordered = sorted(rejections, key=lambda rejection: rejection.row)
        return ParsedRows(self.tags, tag, time_us, value.astype(np.float64), row, ordered, skipped)
