"""The floors: who may import whom, as pyproject.toml says, holds in the code."""

import tomllib
from pathlib import Path

from importlinter.cli import lint_imports

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def test_the_six_contracts_are_there() -> None:
    rules = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]
    assert rules["root_packages"] == ["monitoring", "fermon_site"]
    assert {contract["name"]: contract["type"] for contract in rules["contracts"]} == {
        "Layers": "layers",
        "Domain is plain Python": "forbidden",
        "Only entry points know HTTP and the queue": "forbidden",
        "No cycles": "acyclic_siblings",
        "Only the write path, the read path and the admin touch the tables": "protected",
        "The app does not know its site": "forbidden",
    }


def test_they_hold() -> None:
    assert lint_imports(config_filename=str(PYPROJECT), cache_dir=None) == 0
