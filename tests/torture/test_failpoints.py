"""A process that is killed at any step of write, commit or replay loses nothing and doubles nothing.

The steps are those that the source names, ``failpoint("...")``, but for those of ``migrate_store``,
of exclusions, of notifications, of file imports, of watched batches and of the archive, which have tests of
their own.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.commands.conftest import ROOT, wait_until
from tests.torture.conftest import finish
from tests.torture.faults import file_away
from tests.torture.plant import Plant

pytestmark = pytest.mark.sqlite

# At which visit to its point the process dies: a later one where visits are many.
NTH = {"alarms": 5, "ingest": 20, "simulator": 3}
# The steps of the worker, and the lease that tells that it goes on.
LEASES = {"alarms": "SELECT position FROM leases WHERE source = 'alarms'"}
LEASES["simulator"] = "SELECT written_until FROM leases WHERE source = 'simulator'"
LETTERS = 2500  # more than two chunks of a replay


def names() -> list[str]:
    """Every crash point in the source that a reading may come to."""
    paths = sorted((ROOT / "monitoring").rglob("*.py"))
    elsewhere = {"store_copy", "exclusions", "notifications", "file_import", "watched"}
    elsewhere |= {"archiving", "thaw"}
    sources = [path for path in paths if not elsewhere & {path.parent.name, path.stem}]
    return [name for path in sources for name in re.findall(r'failpoint\("([\w.]+)"\)', path.read_text())]


def test_every_step_has_its_point_and_every_point_its_name() -> None:
    assert {name.split(".")[0] for name in names()} == {
        *("alarms", "dead_letters", "ingest", "replay", "simulator")
    }
    assert len(names()) == len(set(names()))


@contextmanager
def outage(database: Path, dead_letters: Path, *, letters: int = 0) -> Iterator[None]:
    """Within it the database is away; it ends when so many readings wait on disk."""
    with file_away(database):
        yield
        wait_until(lambda: line_count(dead_letters / "pending.jsonl") >= letters)


def line_count(path: Path) -> int:
    """How many lines the file has, if it is there."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for_progress(plant: Plant, step: str) -> None:
    """Returns when the worker's step has gone on for some seconds."""
    for _ in range(3):
        before = plant.system.select(LEASES[step])

        def has_moved(before: object = before) -> bool:
            return bool(plant.system.select(LEASES[step]) != before)

        wait_until(has_moved)


@pytest.mark.parametrize("name", names())
def test_killed_there_it_loses_nothing_and_doubles_nothing(name, new_plant, new_writers, seed) -> None:
    step = name.split(".")[0]
    plant = new_plant(FERMON_CRASH_AT=f"{name}:{NTH.get(step, 1)}")
    plant.start(*(("web", "worker") if step in LEASES else ("web",)))
    writers = new_writers(plant.url, seed)
    for writer in writers:
        writer.start()
    if step == "replay":
        with outage(plant.database, plant.dead_letters, letters=LETTERS):
            pass
    with outage(plant.database, plant.dead_letters) if step == "dead_letters" else nullcontext():
        plant.wait_for_crash()
    plant.wait_for_answer()
    if step in LEASES:
        wait_for_progress(plant, step)
    problems = finish(plant, writers)
    assert not problems, f"FERMON_TORTURE_SEED={seed} {name}\n" + "\n".join(problems[:50])
