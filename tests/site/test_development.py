"""docs/development.md tells every command for changing Fermon."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TARGETS = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_of_make_has_a_row(target: str) -> None:
    rows = [line for line in (ROOT / "docs/development.md").read_text().splitlines() if line.startswith("|")]
    assert any(f"`make {target}`" in row.split("|")[1] for row in rows)
