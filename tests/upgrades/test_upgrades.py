"""Databases of older versions answer as they did, once they are migrated to today's tables; see README.md."""

import json
import lzma
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fermon_site import __version__
from tests.torture.audit import is_sound, wrong_rollups

pytestmark = [pytest.mark.sqlite, pytest.mark.no_cover]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMES = sorted(file.name.removesuffix(".sqlite3.xz") for file in HERE.glob("*.sqlite3.xz"))


def answers(name: str, data: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answers to the same paths before and after the migration."""
    before = json.loads(lzma.decompress((HERE / f"{name}.sqlite.answers.json.xz").read_bytes()))
    (data / "fermon.sqlite3").write_bytes(lzma.decompress((HERE / f"{name}.sqlite3.xz").read_bytes()))
    own = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    own |= {"FERMON_DATA_DIR": str(data), "FERMON_SIMULATOR": "off"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.upgrades.read"],
        cwd=ROOT,
        env=own,
        input=json.dumps(list(before)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return before, json.loads(done.stdout)


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


@pytest.mark.parametrize("name", NAMES)
def test_a_database_of_it_answers_as_it_did(name: str, tmp_path: Path) -> None:
    before, after = answers(name, tmp_path)
    assert list(differences(before, after, "")) == []
    with closing(sqlite3.connect(tmp_path / "fermon.sqlite3")) as database:
        assert is_sound(database)
        assert wrong_rollups(database) == []


def test_each_release_before_this_version_is_here() -> None:
    tags = subprocess.check_output(["git", "tag", "--list", "v*"], cwd=ROOT, text=True).split()
    assert set(tags) - {f"v{__version__}"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_they_hold_what_an_upgrade_could_lose(name: str) -> None:
    before = json.loads(lzma.decompress((HERE / f"{name}.sqlite.answers.json.xz").read_bytes()))
    for path, found in before.items():
        assert found or path == "/batches/1/samples", f"{path} of {name} is empty"
    assert len(before["/anomalies?limit=10000"]) > 10
