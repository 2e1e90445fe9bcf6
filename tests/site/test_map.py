"""The map in monitoring/README.md leads to files and functions that exist; each row has one room."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAP = (ROOT / "monitoring/README.md").read_text()
PATH = re.compile(r"`((?:\.\./)?[a-z_0-9]+(?:/[a-z_0-9.-]+)*(?:\.py|\.js|/))`")
ENTRY = re.compile(r"`([a-z_0-9/]+\.py)` \(`(\w+)`")
THIN = {"api", "dashboard", "admin", "management", "..", "tasks.py", "apps.py"}


def rows() -> list[str]:
    """Return the rows of the tables."""
    return [line for line in MAP.splitlines() if line.startswith("| ")]


def paths() -> set[str]:
    """Return the paths in the tables: of tests from the top, of all else from ``monitoring/``."""
    return {path for row in rows() for path in PATH.findall(row)}


def test_each_path_of_the_map_exists() -> None:
    found = paths()
    assert len(found) > 150
    bases = {path: ROOT if path.startswith("tests/") else ROOT / "monitoring" for path in found}
    assert sorted(path for path, base in bases.items() if not (base / path).exists()) == []


def test_each_room_is_in_the_map() -> None:
    rooms = {file.parent.name for file in (ROOT / "monitoring").glob("*/__init__.py")}
    assert {f"{room}/" for room in rooms} <= paths()


def test_each_entry_function_of_the_map_exists() -> None:
    entries = ENTRY.findall(MAP)
    assert len(entries) > 30
    sources = {path: (ROOT / "monitoring" / path).read_text() for path, _ in entries}
    missing = [
        (path, name) for path, name in entries if not re.search(rf"(def|class) {name}\b", sources[path])
    ]
    assert missing == []


def test_each_row_of_the_map_has_one_room_beside_the_thin_layers() -> None:
    """Folders of rows that name a room as a whole (``models/``, ``migrations/``) count as one."""
    subjects = [row for row in rows() if not row.startswith("| `") and "**" not in row]
    rooms = [{path.split("/")[0] for path in PATH.findall(row) if "/" in path} for row in subjects]
    spread = [row for row, found in zip(subjects, rooms, strict=True) if len(found - THIN - {"tests"}) > 1]
    assert len(subjects) > 60
    assert spread == []
