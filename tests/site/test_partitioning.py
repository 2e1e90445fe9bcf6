"""A PostgreSQL database of an older Fermon gets its partitions, with all that it holds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from monitoring.kernel.clock import to_micros
from tests import on_postgresql

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = [
    datetime(1969, 12, 31, 23, tzinfo=UTC),
    datetime(2026, 1, 31, tzinfo=UTC),
    datetime(2026, 2, 1, tzinfo=UTC),
]

pytestmark = pytest.mark.postgresql


def migrate(url: str, directory: Path, *to: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0", "monitoring", *to],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "FERMON_DATA_DIR": str(directory)},
        check=True,
    )


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    """The database after the migration; before it there were three measurements, the last an anomaly."""
    url, directory = on_postgresql.new_database(), tmp_path_factory.mktemp("old")
    migrate(url, directory, "0013")
    with psycopg.connect(url) as old:
        for moment in MOMENTS:
            old.execute(
                "INSERT INTO measurements (timestamp, tag, value, is_anomaly) VALUES (%s, 1, 46.5, %s)",
                [to_micros(moment), moment == MOMENTS[-1]],
            )
        old.execute("INSERT INTO findings (measurement_id, reason, upper) VALUES (3, 'above_limit', 45)")
    migrate(url, directory)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    on_postgresql.drop_database(url)


def test_every_measurement_is_in_the_partition_of_its_month(database: psycopg.Connection) -> None:
    rows = database.execute(
        "SELECT id, timestamp, tableoid::regclass::text FROM measurements WHERE id <= 3 ORDER BY id"
    )
    assert rows.fetchall() == [
        (1, to_micros(MOMENTS[0]), "measurements_1969_12"),
        (2, to_micros(MOMENTS[1]), "measurements_2026_01"),
        (3, to_micros(MOMENTS[2]), "measurements_2026_02"),
    ]


def test_ids_go_on_behind_those_that_were_given(database: psycopg.Connection) -> None:
    now = to_micros(datetime.now(UTC))
    row = database.execute(
        "INSERT INTO measurements (timestamp, tag, value, is_anomaly) VALUES (%s, 1, 1, false) RETURNING id",
        [now],
    ).fetchone()
    assert row == (4,)


def test_findings_stay_and_the_view_reads_as_before(database: psycopg.Connection) -> None:
    (finding,) = database.execute("SELECT measurement_id, reason FROM findings").fetchall()
    assert finding == (3, "above_limit")
    row = database.execute("SELECT timestamp, tag FROM readable_measurements WHERE id = 3").fetchone()
    assert row == (MOMENTS[2], "fermenter_temp")


def test_this_month_and_the_next_have_partitions_already(database: psycopg.Connection) -> None:
    (count,) = database.execute(
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'measurements'::regclass"
    ).fetchone() or (0,)
    assert count == 3 + 4 + 1  # of old measurements, from this month on, and the default one
