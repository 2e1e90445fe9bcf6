"""Other programs read the files of the archive: DuckDB by SQL, pyarrow as a dataset."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyarrow import dataset

from monitoring.archive.place import archive_url
from monitoring.models import Measurement
from tests.archive.moving_days import archive_day
from tests.archive.plant import TAG, hourly, reading, send

OTHER = "fermenter_ph"
COLUMNS = ("id", "timestamp", "tag", "value", "is_anomaly")

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored() -> list[tuple[Any, ...]]:
    """Rows of two tags and some days as they were in the database; now all of them are archived."""
    send([*hourly(3), *(reading(moment, 7.0, OTHER) for moment in times_of(hourly(2)))])
    rows = list(
        Measurement.objects.order_by("id").values_list("id", "timestamp", "tag__name", "value", "is_anomaly")
    )
    for moment in sorted({row[1].replace(hour=0, minute=0) for row in rows}):
        archive_day(TAG, moment)
        archive_day(OTHER, moment)
    assert not Measurement.objects.exists()
    return rows


def times_of(readings: list[dict[str, object]]) -> list[datetime]:
    return [datetime.fromisoformat(str(each["timestamp"])) for each in readings]


def everywhere() -> str:
    """The files of the archive, as docs/archive.md names them to DuckDB."""
    return str(Path(archive_url()) / "**" / "*.parquet")


def test_duckdb_reads_the_same_rows(stored: list[tuple[Any, ...]]) -> None:
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        sql = f"SELECT {', '.join(COLUMNS)} FROM read_parquet(?) ORDER BY id"  # noqa: S608 - our own words
        assert database.execute(sql, [everywhere()]).fetchall() == stored


def test_duckdb_reads_the_reasons_of_anomalies(stored: list[tuple[Any, ...]]) -> None:
    sql = """
        SELECT id, finding.reason, finding.upper
        FROM (SELECT id, unnest(findings) AS finding FROM read_parquet(?) WHERE is_anomaly) ORDER BY id
    """
    anomalous = [row[0] for row in stored if row[4]]
    with duckdb.connect() as database:
        found = database.execute(sql, [everywhere()]).fetchall()
    assert [row[0] for row in found if row[1] == "above_limit"] == anomalous
    assert all(row[2] == 45.0 for row in found if row[1] == "above_limit")


def test_pyarrow_reads_them_as_one_dataset(stored: list[tuple[Any, ...]]) -> None:
    table = dataset.dataset(archive_url(), format="parquet").to_table(columns=list(COLUMNS))
    assert sorted(zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)) == stored
