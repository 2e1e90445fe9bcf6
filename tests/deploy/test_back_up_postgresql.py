"""deploy/back-up-postgresql keeps the newest dumps, whatever the clock was."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/back-up-postgresql"
PG_DUMP = '#!/bin/sh\nfor word; do case $word in --file=*) echo dump > "${word#--file=}";; esac; done\n'


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    """Where dumps go; PostgreSQL's tools are stood in for by two that do nothing."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in {"pg_dump": PG_DUMP, "pg_restore": "#!/bin/sh\n"}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (tmp_path / "dumps").mkdir()
    return tmp_path / "dumps"


def back_up(dumps: Path, kept: int) -> list[str]:
    """The names of the dumps that there are afterwards, without the one that was made."""
    before = {path.name for path in dumps.iterdir()}
    path = f"{dumps.parent / 'bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "BACKUP_DIR": str(dumps), "BACKUPS_KEPT": str(kept)}
    subprocess.run([SCRIPT], env=environment, check=True, capture_output=True)
    left = sorted(path.name for path in dumps.iterdir())
    assert len(set(left) - before) == 1
    return [name for name in left if name in before]


def test_the_newest_stay(dumps: Path) -> None:
    for day in range(10, 15):
        (dumps / f"fermon-202401{day}T120000Z.dump").touch()
    assert back_up(dumps, 3) == ["fermon-20240113T120000Z.dump", "fermon-20240114T120000Z.dump"]


def test_those_that_a_clock_ahead_has_named_go_first(dumps: Path) -> None:
    for name in ("20240114T120000Z", "29990101T000000Z", "29990102T000000Z"):
        (dumps / f"fermon-{name}.dump").touch()
    assert back_up(dumps, 2) == ["fermon-20240114T120000Z.dump"]
