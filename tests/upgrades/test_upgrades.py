"""Databases of older versions answer as they did, once they are migrated to today's tables; see README.md."""

import json
import lzma
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from fermon_site import __version__
from tests import on_postgresql
from tests.torture.audit import is_sound, opened, wrong_rollups

pytestmark = pytest.mark.no_cover

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KIND = connection.vendor
SUFFIX = f".{KIND}.answers.json.xz"
NAMES = sorted(file.name.removesuffix(SUFFIX) for file in HERE.glob(f"*{SUFFIX}"))
PSQL = on_postgresql.PROGRAMS / "psql"


@pytest.fixture
def database(name: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database as the older version left it."""
    if KIND == "sqlite":
        (tmp_path / "fermon.sqlite3").write_bytes(unpacked(f"{name}.sqlite3"))
        yield f"sqlite:///{tmp_path / 'fermon.sqlite3'}"
        return
    url = on_postgresql.new_database()
    command = [str(PSQL), "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", url]
    subprocess.run(command, input=unpacked(f"{name}.postgresql.sql"), check=True)
    yield url
    on_postgresql.drop_database(url)


def unpacked(name: str) -> bytes:
    return lzma.decompress((HERE / f"{name}.xz").read_bytes())


def answers_before(name: str) -> dict[str, Any]:
    """The answers of the older version, by path."""
    found: dict[str, Any] = json.loads(unpacked(f"{name}.{KIND}.answers.json"))
    return found


def answers_after(url: str, paths: list[str], data: Path) -> dict[str, Any]:
    """Today's answers to these paths, after the migration of the database."""
    own = {key: value for key, value in os.environ.items() if key != "REDIS_URL"}
    own |= {"FERMON_DATA_DIR": str(data), "FERMON_SIMULATOR": "off", "DATABASE_URL": url}
    command = [sys.executable, "-m", "tests.upgrades.read"]
    printed = subprocess.check_output(command, cwd=ROOT, env=own, input=json.dumps(paths), text=True)
    found: dict[str, Any] = json.loads(printed)
    return found


def differences(before: Any, after: Any, place: str) -> Iterator[str]:
    """What is missing or other after; further keys are no difference, as answers only ever gain some."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                yield f"{place}.{key} is gone"
            else:
                yield from differences(value, after[key], f"{place}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"{place}: {len(before)} before, {len(after)} after"
        for number, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from differences(old, new, f"{place}[{number}]")
    elif before != after and not (isinstance(before, float) and after == pytest.approx(before, rel=1e-12)):
        yield f"{place}: {before!r} before, {after!r} after"


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_database_of_it_answers_as_it_did(name: str, database: str, tmp_path: Path) -> None:
    before = answers_before(name)
    after = answers_after(database, list(before), tmp_path)
    assert list(differences(before, after, "")) == []
    file_or_address = database if KIND == "postgresql" else tmp_path / "fermon.sqlite3"
    with closing(opened(file_or_address)) as found:
        assert is_sound(found)
        assert wrong_rollups(found) == []


def test_each_release_before_this_version_is_here() -> None:
    tags = subprocess.check_output(["git", "tag", "--list", "v*"], cwd=ROOT, text=True).split()
    assert set(tags) - {f"v{__version__}"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_they_hold_what_an_upgrade_could_lose(name: str) -> None:
    before = answers_before(name)
    assert all(before.values())
    assert len(before["/anomalies?limit=10000"]) > 10


def test_the_comparison_allows_further_keys_alone() -> None:
    old = {"a": [1.0, {"b": 1}], "d": None}
    assert list(differences(old, {"a": [1.0 + 1e-15, {"b": 1, "c": 2}], "d": None}, "")) == []
    assert list(differences(old, {"a": [1.0, {"b": 2}, 3]}, "")) == [
        ".a: 2 before, 3 after",
        ".a[1].b: 1 before, 2 after",
        ".d is gone",
    ]
