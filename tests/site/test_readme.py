"""The README tells every setting."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


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
    return sorted(names | {"DATABASE_URL"})  # which dj_database_url reads


def test_the_settings_are_found() -> None:
    assert {"FERMON_HOST", "FERMON_PORT", "FERMON_DATA_DIR", "SECRET_KEY"} <= set(variables())


@pytest.mark.parametrize("name", variables())
def test_each_variable_is_in_the_configuration_table(name: str) -> None:
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("|")]
    assert any(f"`{name}`" in row.split("|")[1] for row in rows)
