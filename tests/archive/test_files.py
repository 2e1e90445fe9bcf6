"""Files of the archive: what is written is read, bit by bit; small, sorted, and known by a checksum."""

from datetime import UTC, datetime

import numpy as np
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from monitoring.archive import files, reading
from monitoring.archive.files import ArchivedRows, read_groups, sha256_of, write_file
from monitoring.archive.place import ArchiveError, Bucket, Directory, archive_place
from monitoring.history.archived import rows_by_id
from monitoring.kernel.clock import DAY_US, from_micros
from monitoring.kernel.runtime import part
from monitoring.models import ArchiveFile, Tag

DAY = 20_000 * DAY_US
TAG = "fermenter_temp"


def rows_of(values, first_id=7, step_us=1_000_000):
    count = len(values)
    return ArchivedRows(
        np.arange(first_id, first_id + count),
        DAY + np.arange(count) * step_us,
        np.array(values, np.float64),
        np.array(values) > 45,
    )


def in_groups(rows, findings, size=100):
    for start in range(0, len(rows), size):
        yield rows.take(slice(start, start + size)), findings


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_every_float_comes_back_bit_by_bit(tmp_path_factory, values):
    place = Directory(tmp_path_factory.mktemp("archive"))
    rows = rows_of(values)
    summary = write_file(place, "day.parquet", TAG, in_groups(rows, {}, 7))
    found = [part for part, _ in read_groups(place, "day.parquet")]
    assert files.concatenate(found, files.NO_ROWS).equals(rows)
    assert (summary.rows, summary.first_id, summary.last_id) == (len(values), 7, 6 + len(values))


def test_findings_keep_order_and_open_bounds(tmp_path):
    findings = {8: [("above_limit", None, 45.0), ("rolling_3sigma", 36.0, 38.0)]}
    place = Directory(tmp_path)
    write_file(place, "a/day.parquet", TAG, in_groups(rows_of([37.0, 50.0, 37.0]), findings))
    ((_, found),) = read_groups(place, "a/day.parquet")
    assert found == findings


def test_the_summary_describes_the_file(tmp_path):
    place = Directory(tmp_path)
    summary = write_file(place, "day.parquet", TAG, in_groups(rows_of([37.0, 46.0, 47.0]), {}, 2))
    assert (summary.rows, summary.anomalies, summary.is_sorted) == (3, 2, True)
    assert summary.last_us - summary.first_us == 2_000_000
    assert summary.sha256 == sha256_of(place, "day.parquet")
    assert summary.bytes == place.size("day.parquet")


def test_rows_out_of_order_are_noticed():
    summary = files.Summary()
    summary.add(rows_of([1.0, 2.0]))
    summary.add(rows_of([1.0, 2.0]))
    assert not summary.is_sorted


def test_any_reader_sees_plain_columns(tmp_path):
    write_file(Directory(tmp_path), "day.parquet", TAG, in_groups(rows_of([37.0, 37.1]), {}))
    table = parquet.read_table(tmp_path / "day.parquet").to_pylist()
    assert [(row["tag"], row["value"], row["is_anomaly"], row["findings"]) for row in table] == [
        (TAG, 37.0, False, None),
        (TAG, 37.1, False, None),
    ]
    assert table[0]["timestamp"] == datetime(2024, 10, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "most"),
    [
        (np.round(37 + np.sin(np.arange(86_400) / 3000), 2), 2),
        (37 + np.random.default_rng(1).standard_normal(86_400), 8.5),
    ],
    ids=["two decimals", "noise in all bits"],
)
def test_a_day_takes_few_bytes_a_reading(tmp_path, values, most):
    summary = write_file(Directory(tmp_path), "day.parquet", TAG, in_groups(rows_of(values), {}, 16_384))
    assert summary.bytes / len(values) < most


def test_a_file_is_never_overwritten(tmp_path):
    place = Directory(tmp_path)
    write_file(place, "day.parquet", TAG, in_groups(rows_of([37.0]), {}))
    with pytest.raises(ArchiveError, match=r"cannot be written: day\.parquet"):
        write_file(place, "day.parquet", TAG, in_groups(rows_of([38.0]), {}))


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "day.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ArchiveError, match=r"cannot be read: day\.parquet"):
        list(read_groups(Directory(tmp_path), "day.parquet"))


def test_a_deleted_file_leaves_no_empty_directories(tmp_path):
    place = Directory(tmp_path)
    for name in ("a/b/one.parquet", "a/two.parquet"):
        write_file(place, name, TAG, in_groups(rows_of([37.0]), {}))
    place.delete("a/b/one.parquet")
    place.delete("a/b/one.parquet")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["two.parquet"]


@pytest.mark.parametrize("url", ["s3://", "s3://key:secret@bucket/prefix", "s3://bucket?secret_key=1"])
def test_an_address_that_is_wrong_is_told_with_what_was_expected(url):
    with pytest.raises(ArchiveError, match="expected s3://bucket/prefix"):
        Bucket(url)


def test_without_pyarrow_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ArchiveError, match=r"pip install -r requirements-archive\.txt"):
        write_file(Directory(tmp_path), "day.parquet", TAG, [])


@pytest.fixture
def day(db):
    """A day of 5,000 s in groups of 100 rows, of which the first half has moved."""
    values = np.where(np.arange(5_000) % 1000 == 0, 50.0, 37.0)
    rows = rows_of(values)
    findings = {row: [("above_limit", None, 45.0)] for row in rows.ids[rows.is_anomaly].tolist()}
    summary = write_file(archive_place(), "day.parquet", TAG, in_groups(rows, findings))
    file = ArchiveFile.objects.create(
        tag=Tag.objects.get(name=TAG),
        start=from_micros(DAY),
        end=from_micros(DAY + DAY_US),
        moved_until=from_micros(DAY + 2_500 * 1_000_000),
        path="day.parquet",
        rows=summary.rows,
        anomalies=summary.anomalies,
        created_at=from_micros(DAY),
    )
    return file, rows


def test_only_rows_that_have_moved_count(day):
    file, rows = day
    assert reading.read_rows(file.tag_id, DAY, DAY + DAY_US).equals(rows.take(slice(0, 2500)))
    assert reading.read_rows(file.tag_id, DAY + 10_000_000, DAY + 20_000_000).equals(rows.take(slice(10, 20)))
    assert reading.read_rows(file.tag_id, DAY, DAY + DAY_US, anomalies_only=True).ids.tolist() == [
        7,
        1007,
        2007,
    ]


@pytest.fixture
def groups_read(monkeypatch):
    """The numbers of the row groups that are decoded."""
    numbers: list[int] = []
    real = files.read_group

    def noted(*place):
        numbers.append(place[-1])
        return real(*place)

    monkeypatch.setattr(files, "read_group", noted)
    return numbers


def test_a_short_range_reads_few_row_groups(day, groups_read):
    for _ in range(2):
        reading.read_rows(day[0].tag_id, DAY + 950_000_000, DAY + 1_050_000_000)
    assert groups_read == [9, 10]


def test_a_page_by_id_reads_few_row_groups(day, groups_read):
    file, rows = day
    ArchiveFile.objects.filter(pk=file.pk).update(first_id=rows.ids[0], last_id=rows.ids[-1])
    found = rows_by_id(int(rows.ids[1_149]), int(rows.ids[1_299]), 1_000)
    assert (found.ids.tolist(), groups_read) == (rows.ids[1_150:1_300].tolist(), [11, 12])
    assert rows_by_id(int(rows.ids[1_149]), int(rows.ids[1_299]), 3).ids.tolist() == found.ids[:3].tolist()


def test_findings_of_archived_rows(day):
    file, rows = day
    found = reading.read_findings(file.tag_id, rows.ids, rows.times_us)
    assert found == {row: [("above_limit", None, 45.0)] for row in (7, 1007, 2007)}
    assert reading.read_findings(file.tag_id, rows.ids[1:5], rows.times_us[1:5]) == {}


def test_the_newest_rows_before_a_time_and_rows_at_times(day):
    file, rows = day
    assert reading.last_rows_before(file.tag_id, DAY + DAY_US, 50).equals(rows.take(slice(2450, 2500)))
    assert reading.last_rows_before(file.tag_id, DAY + 20_000_000, 50).equals(rows.take(slice(0, 20)))
    times = rows.times_us[[2600, 30, 500]]
    assert reading.rows_at(file.tag_id, times).equals(rows.take([30, 500]))


def test_one_query_finds_the_files_of_a_range_by_an_index(day, django_assert_num_queries):
    tag = day[0].tag_id
    with django_assert_num_queries(1):
        assert reading.archived_spans([tag], DAY, DAY + 1) == [day[0]]
    assert reading.archived_spans([tag], DAY - 10, DAY) == []
    assert reading.archived_spans(None, DAY + 2_500_000_000, DAY + DAY_US) == []
    if connection.vendor == "sqlite":
        assert "archive_tag_day" in reading.archived_files([tag], DAY, DAY + DAY_US).explain()


def test_decoded_groups_stay_within_their_limit(day, monkeypatch):
    monkeypatch.setattr(reading, "CACHED_BYTES", 10_000)
    reading.read_rows(day[0].tag_id, DAY, DAY + DAY_US)
    assert part(reading.Decoded).bytes <= 10_000
