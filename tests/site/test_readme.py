"""The documents name every setting and command, their links lead somewhere, and the README is one page."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def first_cells(page: str) -> list[str]:
    """The first cell of each row of the page's tables."""
    return [line.split("|")[1] for line in (ROOT / page).read_text().splitlines() if line.startswith("|")]


def anchors(page: Path) -> set[str]:
    """The page's headings as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def variables() -> list[str]:
    """The environment variables that settings.py reads: the first argument of each environment.*() call."""
    calls = (
        n
        for n in ast.walk(ast.parse((ROOT / "fermon_site/settings.py").read_text()))
        if isinstance(n, ast.Call)
    )
    names = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "environment"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    return sorted(map(str, names | {"DATABASE_URL"}))  # which dj_database_url reads


def test_the_settings_are_found() -> None:
    assert {"FERMON_HOST", "FERMON_PORT", "FERMON_DATA_DIR", "SECRET_KEY"} <= set(variables())


@pytest.mark.parametrize("name", variables())
def test_each_variable_is_in_the_configuration_table(name: str) -> None:
    assert any(f"`{name}`" in cell for cell in first_cells("docs/configuration.md"))


COMMANDS = sorted(file.stem for file in (ROOT / "monitoring/management/commands").glob("[!_]*.py"))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_in_the_table_of_commands(name: str) -> None:
    assert any(f"`{name}`" in cell for cell in first_cells("docs/commands.md"))


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 130


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("http"):
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not heading or heading in anchors(file), target
