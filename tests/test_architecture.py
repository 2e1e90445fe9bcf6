"""The floors: who may import whom, as pyproject.toml says, holds in the code."""

import subprocess
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def test_the_six_contracts_are_there() -> None:
    rules = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]
    assert rules["root_packages"] == ["monitoring", "fermon_site"]
    assert {contract["name"]: contract["type"] for contract in rules["contracts"]} == {
        "Layers": "layers",
        "These modules know no Django": "forbidden",
        "Only entry points know HTTP and the queue": "forbidden",
        "No cycles": "acyclic_siblings",
        "The app does not know its site": "forbidden",
        "The site knows neither the app's API nor its pages": "forbidden",
    }


def test_they_hold() -> None:
    # In a process of its own: it sets up logging, and switches off every logger that there is.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", str(PYPROJECT), "--no-cache"]
    done = subprocess.run(command, cwd=PYPROJECT.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 kept, 0 broken" in done.stdout
