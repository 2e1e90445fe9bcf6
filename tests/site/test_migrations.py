"""A database of an older Fermon becomes one of today's, with all that it holds."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.torture.audit import wrong_rollups

pytestmark = pytest.mark.sqlite
ROOT = Path(__file__).resolve().parents[2]
ROWS: list[tuple[str, str, float, int]] = [
    ("1969-12-31 23:59:59.250000", "fermenter_temp", 36.5, 0),
    ("2026-01-31 12:00:00", "fermenter_temp", 37.0, 0),
    ("2026-01-31 12:00:00.999999", "fermenter_temp", 46.5, 1),
    ("2026-01-31 12:00:01", "fermenter_temp", 46.5, 1),
    ("2026-01-31 23:59:59", "fermenter_temp", 35.5, 0),
    ("2026-01-31 12:00:00", "agitator_rpm", 450.25, 0),
]


def migrate(data: Path, *to: str) -> str:
    """What ``manage.py migrate`` prints."""
    command = [sys.executable, "manage.py", "migrate", "monitoring", *to]
    environment = {**os.environ, "FERMON_DATA_DIR": str(data)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The database's file after the migration, and what that printed."""
    data = tmp_path_factory.mktemp("old")
    migrate(data, "0003")
    with closing(sqlite3.connect(data / "fermon.sqlite3")) as old, old:
        old.executemany(
            "INSERT INTO measurements (timestamp, tag, value, is_anomaly) VALUES (?, ?, ?, ?)", ROWS
        )
        old.execute("INSERT INTO findings (measurement_id, reason, upper) VALUES (3, 'above_limit', 45)")
    return data / "fermon.sqlite3", migrate(data)


@pytest.fixture
def database(printed: tuple[Path, str]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(printed[0])) as connection:
        yield connection


def test_every_measurement_is_as_it_was(database: sqlite3.Connection) -> None:
    rows = database.execute("SELECT timestamp, tag, value, is_anomaly FROM readable_measurements ORDER BY id")
    whole: list[Any] = [(text if "." in text else f"{text}.000000", *rest) for text, *rest in ROWS]
    assert rows.fetchall() == [(f"{text.replace(' ', 'T')}Z", *rest) for text, *rest in whole]


def test_findings_stay_with_their_measurements(database: sqlite3.Connection) -> None:
    assert database.execute("SELECT measurement_id, reason, upper FROM findings").fetchall() == [
        (3, "above_limit", 45.0)
    ]
    assert not database.execute("PRAGMA foreign_key_check").fetchall()


def test_all_is_rolled_up(database: sqlite3.Connection) -> None:
    assert wrong_rollups(database) == []
    extremes = "SELECT minimum_at, maximum_at FROM rollups WHERE resolution_s = 86400 AND count = 4"
    noon, end = 1769860800_000000, 1769903999_000000
    assert database.execute(extremes).fetchall() == [(end, noon + 999_999)]


def test_it_says_how_far_it_is(printed: tuple[Path, str]) -> None:
    assert "rolling up fermenter_temp (1 of 3 tags)" in printed[1]


def test_the_file_can_shrink(database: sqlite3.Connection) -> None:
    assert database.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_totals_are_kept_by_row_number(database: sqlite3.Connection) -> None:
    totals = (
        "SELECT name, measurements, anomalies FROM series JOIN tags ON series.rowid = tags.id ORDER BY name"
    )
    assert database.execute(totals).fetchall() == [("agitator_rpm", 1, 0), ("fermenter_temp", 5, 2)]
    key = database.execute("SELECT name, lower(type) FROM pragma_table_info('series') WHERE pk").fetchall()
    assert key == [("tag", "integer")]
