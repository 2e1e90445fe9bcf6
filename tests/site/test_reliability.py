"""docs/reliability.md promises nothing without a test that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/reliability.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def rows() -> list[str]:
    """The rows of the page's tables of faults, without their heads."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 6]
    return [line for line in lines if not line.startswith(("| ---", "| fault "))]


def test_there_are_rows_and_tests() -> None:
    assert len(rows()) >= 15
    assert len(NAMED) >= len(rows())


@pytest.mark.parametrize("row", rows())
def test_each_row_names_its_test(row: str) -> None:
    assert "::test_" in row.split("|")[5]


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_each_named_test_exists(path: str, name: str) -> None:
    assert re.search(rf"^ *def {name}\(", (ROOT / path).read_text(), re.MULTILINE)
