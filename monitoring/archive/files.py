"""Files of the archive: measurements of one tag and day as Parquet, written and read by row groups.

Columns: ``id``, ``timestamp`` (microseconds, UTC), ``tag`` (name), ``value``, ``is_anomaly``, and
``findings``, a list of (reason, lower, upper), null for most rows. Rows are in order of time. Times and ids
are stored as differences (DELTA_BINARY_PACKED), values as a dictionary if few of them differ, else byte by
byte (BYTE_STREAM_SPLIT), all with zstd: docs/archive.md has the measured sizes. One row group is in memory
at a time.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import IO, Any, NamedTuple, Self, TypeVar

import numpy as np

from monitoring.archive.outage import read_outage
from monitoring.archive.place import Place, arrow, told
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

GROUP_ROWS = 16_384
DISTINCT_SHARE = 0.25  # with more distinct values a dictionary only costs
COMPRESSION_LEVEL = 9
PIECE_BYTES = 1 << 20
FINDING_PATHS = ("reason", "lower", "upper")
VIOLATED = tuple[str, float | None, float | None]  # reason, lower and upper bound of the band that was left
Findings = dict[int, list[VIOLATED]]  # by id of the measurement


@dataclass(frozen=True, slots=True)
class ArchivedRows:
    """Measurements of one tag in order of time; all arrays have shape (n,)."""

    ids: IntArray
    times_us: IntArray
    values: FloatArray
    is_anomaly: BoolArray

    def __len__(self) -> int:
        return len(self.ids)

    def columns(self) -> list[Any]:
        """Return the arrays, in the order of the fields."""
        return [getattr(self, column.name) for column in fields(self)]

    def take(self, rows: Any) -> Self:
        """Return the rows that an index array, a mask or a slice selects."""
        return type(self)(*(column[rows] for column in self.columns()))

    def between(self, start_us: int, end_us: int) -> Self:
        """Return the rows from ``start_us`` to ``end_us`` (exclusive)."""
        first, last = np.searchsorted(self.times_us, [start_us, end_us])
        return self.take(slice(int(first), int(last)))

    def equals(self, other: "ArchivedRows") -> bool:
        """Return whether both are the same rows, values bit by bit."""
        return (
            np.array_equal(self.ids, other.ids)
            and np.array_equal(self.times_us, other.times_us)
            and self.values.tobytes() == other.values.tobytes()
            and np.array_equal(self.is_anomaly, other.is_anomaly)
        )

    @property
    def nbytes(self) -> int:
        """Return the size of the arrays in memory."""
        return sum(column.nbytes for column in self.columns())


RowsT = TypeVar("RowsT", bound=ArchivedRows)
NO_ROWS = ArchivedRows(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))


def concatenate(parts: Iterable[RowsT], none: RowsT) -> RowsT:
    """Return the rows of all parts, one after the other; ``none`` if there are none."""
    found = [part for part in parts if len(part)] or [none]
    if len(found) == 1:
        return found[0]
    return type(none)(*map(np.concatenate, zip(*(part.columns() for part in found), strict=True)))


class GroupBounds(NamedTuple):
    """Lowest and highest time (µs) and id of a row group."""

    first_us: int
    last_us: int
    first_id: int
    last_id: int


@dataclass(slots=True)
class Summary:
    """Contents of a file that was written or read as a whole."""

    rows: int = 0
    anomalies: int = 0
    first_us: int | None = None
    last_us: int | None = None
    first_id: int = 0
    last_id: int = 0
    bytes: int = 0
    sha256: str = ""
    is_sorted: bool = True

    def add(self, rows: ArchivedRows) -> None:
        """Add the rows that follow; note whether times grow strictly."""
        if not len(rows):
            return
        times_us = rows.times_us
        self.is_sorted &= bool((np.diff(times_us) > 0).all())
        self.is_sorted &= self.last_us is None or self.last_us < int(times_us[0])
        self.first_us = int(times_us[0]) if self.first_us is None else self.first_us
        low, high = int(rows.ids.min()), int(rows.ids.max())
        self.first_id = min(self.first_id, low) if self.rows else low
        self.last_us, self.last_id = int(times_us[-1]), max(self.last_id, high)
        self.rows += len(rows)
        self.anomalies += int(rows.is_anomaly.sum())


@dataclass(slots=True)
class HashedFile:
    """A binary file that counts and hashes the bytes written, for pyarrow."""

    file: IO[bytes]
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    closed: bool = False

    def write(self, data: Any) -> int:
        """Write bytes."""
        self.digest.update(data)
        self.size += len(data)
        self.file.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the place stores the file when it is complete."""

    def close(self) -> None:
        """Mark the file as complete; the place closes it."""
        self.closed = True

    def tell(self) -> int:
        """Return the number of bytes written."""
        return self.size

    def writable(self) -> bool:
        """Return that bytes can be written."""
        return True

    def readable(self) -> bool:
        """Return that nothing can be read."""
        return False

    def seekable(self) -> bool:
        """Return that the position cannot change."""
        return False


def schema() -> Any:
    """Return the columns of a file."""
    pa = arrow()
    violated = pa.struct([("reason", pa.string()), ("lower", pa.float64()), ("upper", pa.float64())])
    return pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("timestamp", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("tag", pa.dictionary(pa.int32(), pa.string()), nullable=False),
            pa.field("value", pa.float64(), nullable=False),
            pa.field("is_anomaly", pa.bool_(), nullable=False),
            pa.field("findings", pa.list_(violated)),
        ]
    )


def options(values: FloatArray) -> dict[str, Any]:
    """Return the encodings for a file that begins with these values."""
    encodings = {"id": "DELTA_BINARY_PACKED", "timestamp": "DELTA_BINARY_PACKED"}
    dictionaries = ["tag", "findings.list.element.reason"]
    if len(np.unique(values)) <= DISTINCT_SHARE * len(values):
        dictionaries.append("value")
    else:
        encodings["value"] = "BYTE_STREAM_SPLIT"
    return {
        "compression": "zstd",
        "compression_level": COMPRESSION_LEVEL,
        "use_dictionary": dictionaries,
        "column_encoding": encodings,
        "data_page_version": "2.0",
        "write_page_checksum": True,
        "store_schema": False,  # as Arrow's, which would take a kilobyte a file
        "write_statistics": ["id", "timestamp", "value", "is_anomaly"],
    }


def write_file(place: Place, path: str, tag: str, groups: Iterable[tuple[ArchivedRows, Findings]]) -> Summary:
    """Write the rows of a tag in order of time, a row group each; return a summary of the complete file.

    Raises:
        ArchiveError: the place cannot be written; a part of the file may be there.
    """
    summary, writer = Summary(), None
    with told(path, "written"), place.open_write(path) as file:
        sink = HashedFile(file)
        output = arrow().PythonFile(sink, mode="w")
        for rows, findings in groups:
            if writer is None:
                writer = arrow("pyarrow.parquet").ParquetWriter(output, schema(), **options(rows.values))
            writer.write_table(as_table(tag, rows, findings), row_group_size=max(1, len(rows)))
            summary.add(rows)
        if writer is not None:
            writer.close()
        summary.bytes, summary.sha256 = sink.size, sink.digest.hexdigest()
    return summary


def as_table(tag: str, rows: ArchivedRows, findings: Findings) -> Any:
    """Return the rows as a table of ``schema``."""
    pa = arrow()
    kinds = schema()
    names = pa.DictionaryArray.from_arrays(np.zeros(len(rows), np.int32), [tag])
    return pa.Table.from_arrays(
        [
            pa.array(rows.ids),
            pa.array(rows.times_us, pa.int64()).cast(kinds.field("timestamp").type),
            names,
            pa.array(rows.values),
            pa.array(rows.is_anomaly),
            findings_column(rows, findings, kinds.field("findings").type),
        ],
        schema=kinds,
    )


def findings_column(rows: ArchivedRows, findings: Mapping[int, list[VIOLATED]], kind: Any) -> Any:
    """Return the rule violations of each row as a list; null if there are none."""
    if not findings:
        return arrow().nulls(len(rows), kind)
    return arrow().array(
        [
            [dict(zip(FINDING_PATHS, one, strict=True)) for one in found] if found else None
            for found in map(findings.get, rows.ids.tolist())
        ],
        kind,
    )


@contextmanager
def opened(place: Place, path: str) -> Iterator[Any]:
    """Open a file of the archive as pyarrow's ``ParquetFile``.

    Raises:
        ArchiveError: the file cannot be read.
    """
    with told(path, "read"), place.open_read(path) as source:
        yield arrow("pyarrow.parquet").ParquetFile(source, page_checksum_verification=True)
    read_outage().end()


def read_bounds(place: Place, path: str) -> list[GroupBounds]:
    """Return the times and ids of each row group."""
    with opened(place, path) as file:
        columns = [file.schema_arrow.get_field_index(name) for name in ("timestamp", "id")]
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        return [GroupBounds(*extremes(group.column(column) for column in columns)) for group in groups]


def extremes(columns: Iterable[Any]) -> Iterator[int]:
    """Yield lowest and highest value of each column of a row group, from the statistics."""
    for column in columns:
        yield int(column.statistics.min_raw)  # raw: no detour by datetime
        yield int(column.statistics.max_raw)


def read_group(place: Place, path: str, number: int) -> ArchivedRows:
    """Return the rows of a row group."""
    with opened(place, path) as file:
        return rows_of(file.read_row_group(number, columns=["id", "timestamp", "value", "is_anomaly"]))


def read_groups(place: Place, path: str) -> Iterator[tuple[ArchivedRows, Findings]]:
    """Yield rows and rule violations of each row group, in order of time."""
    with opened(place, path) as file:
        for number in range(file.metadata.num_row_groups):
            table = file.read_row_group(number)
            yield rows_of(table), findings_of(table)


def read_group_findings(place: Place, path: str, number: int) -> Findings:
    """Return the rule violations of the rows of a row group."""
    with opened(place, path) as file:
        return findings_of(file.read_row_group(number, columns=["id", "findings"]))


def rows_of(table: Any) -> ArchivedRows:
    """Return the rows of a table of ``schema``."""
    return ArchivedRows(
        table["id"].to_numpy(),
        table["timestamp"].cast(arrow().int64()).to_numpy(),
        table["value"].to_numpy(),
        table["is_anomaly"].to_numpy(),
    )


def findings_of(table: Any) -> Findings:
    """Return the rule violations in a table, by id."""
    flagged = table.filter(table["findings"].is_valid()).select(["id", "findings"])
    return {
        row["id"]: [tuple(one[path] for path in FINDING_PATHS) for one in row["findings"]]
        for row in flagged.to_pylist()
    }


def sha256_of(place: Place, path: str) -> str:
    """Return the checksum of a file as stored."""
    digest = hashlib.sha256()
    with told(path, "read"), place.open_read(path) as source:
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
