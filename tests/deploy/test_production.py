"""docs/production.md and what it leads to name only what is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/production.md").read_text()
SETTINGS = (ROOT / "deploy/fermon.env.example").read_text()
COMPOSE = (ROOT / "deploy/compose.yaml").read_text()
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
TABLE = [line.split("|")[1] for line in CONFIGURATION.splitlines() if line.startswith("|")]
NAMED = set(re.findall(r"^#?([A-Z_]+)=", SETTINGS, re.MULTILINE)) | set(
    re.findall(r"^    ([A-Z_]+): ", COMPOSE, re.MULTILINE)
)


@pytest.mark.parametrize("name", sorted(NAMED - {"POSTGRES_PASSWORD"}))
def test_each_variable_is_one_that_fermon_reads(name: str) -> None:
    assert any(f"`{name}`" in cell for cell in TABLE)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE))))
def test_what_compose_insists_on_is_asked_for(name: str) -> None:
    assert re.search(rf"^{name}=$", SETTINGS, re.MULTILINE)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"manage\.py ([a-z_]+)", PAGE))))
def test_each_command_exists(command: str) -> None:
    assert command in get_commands()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"(?<![\w/.])deploy/[\w./-]*\w", PAGE))))
def test_each_file_exists(path: str) -> None:
    assert (ROOT / path).exists() or path == "deploy/fermon.env"  # which is made on the way


@pytest.mark.parametrize(
    "unit", sorted(set(re.findall(r"fermon-(?:web|worker|detection|backup)(?:\.timer)?\b", PAGE)))
)
def test_each_unit_exists(unit: str) -> None:
    name = unit if unit.endswith(".timer") else f"{unit}.service"
    assert (ROOT / "deploy/systemd" / name).exists()
