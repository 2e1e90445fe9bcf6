"""The map in monitoring/README.md leads to files that exist, and knows every room."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAP = (ROOT / "monitoring/README.md").read_text()
PATH = re.compile(r"`((?:\.\./)?[a-z_0-9]+(?:/[a-z_0-9.-]+)*(?:\.py|\.js|/))`")


def paths() -> set[str]:
    """The paths that the map's tables name: of tests from the top, of all else from ``monitoring/``."""
    rows = [line for line in MAP.splitlines() if line.startswith("| ")]
    return {path for row in rows for path in PATH.findall(row)}


def test_each_path_of_the_map_exists() -> None:
    found = paths()
    assert len(found) > 150
    bases = {path: ROOT if path.startswith("tests/") else ROOT / "monitoring" for path in found}
    assert sorted(path for path, base in bases.items() if not (base / path).exists()) == []


def test_each_room_is_in_the_map() -> None:
    rooms = {file.parent.name for file in (ROOT / "monitoring").glob("*/__init__.py")}
    assert {f"{room}/" for room in rooms} <= paths()
