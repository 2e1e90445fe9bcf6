"""No command goes without tests."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMMANDS = sorted((HERE.parent.parent / "monitoring/management/commands").glob("[!_]*.py"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda path: path.stem)
def test_a_command_has_a_file_of_tests(command: Path) -> None:
    assert (HERE / f"test_{command.stem}.py").exists()
