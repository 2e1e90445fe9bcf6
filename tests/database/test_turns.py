"""Processes that write to SQLite take turns: no process is passed over again and again."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitoring.database import turns
from monitoring.database.turns import WriterTurns
from tests.commands.conftest import ROOT
from tests.patience import stretched

pytestmark = pytest.mark.once

GREEDY = """
import sys, time
from pathlib import Path
from monitoring.database.turns import WriterTurns
turns = WriterTurns(Path(sys.argv[1]))
while True:
    with turns.taken():
        with open(sys.argv[2], "a") as file:
            file.write("c")
        print("taken", flush=True)
        time.sleep(float(sys.argv[3]))
"""
FORKING = """
import os, sys, time
from pathlib import Path
from monitoring.database.turns import WriterTurns
with WriterTurns(Path(sys.argv[1])).taken():
    if os.fork() == 0:
        print(os.getpid(), flush=True)
    time.sleep(60)
"""


@contextmanager
def greedy(database: Path, log: Path, holds_s: float) -> Iterator[subprocess.Popen[str]]:
    """A process that has the turn for so long, again and again, and has it now."""
    command = [sys.executable, "-c", GREEDY, str(database), str(log), str(holds_s)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "fermon.sqlite3"


def test_a_process_that_writes_again_and_again_lets_another_one_in_between(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns of the other process count while this one is next, however late it asks."""
    log = tmp_path / "log"
    mine = WriterTurns(database)
    wait_for = turns.lock

    def note_next(descriptor: int, end: float) -> bool:
        is_locked = wait_for(descriptor, end)
        if descriptor == mine._next:
            note(log, "n" * is_locked)
        return is_locked

    monkeypatch.setattr(turns, "lock", note_next)
    monkeypatch.setattr(turns, "LONGEST_S", stretched(10))
    with greedy(database, log, 0.02):
        for _ in range(8):
            with mine.taken() as has_turn:
                assert has_turn
                note(log, "p")
    waits = re.findall(r"n(c*)p", log.read_text())
    assert len(waits) == 8
    assert max(map(len, waits)) <= 1  # the turn that the other process had just taken


def note(log: Path, event: str) -> None:
    with log.open("a") as file:
        file.write(event)


def test_the_turn_of_a_killed_process_is_free(database: Path, tmp_path: Path) -> None:
    with greedy(database, tmp_path / "log", 60):
        pass
    with WriterTurns(database).taken() as has_turn:
        assert has_turn


def test_a_stopped_process_holds_up_the_others_for_a_limited_time(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LONGEST_S", 0.05)
    with greedy(database, tmp_path / "log", 60) as process:
        process.send_signal(signal.SIGSTOP)
        with WriterTurns(database).taken() as has_turn:
            assert not has_turn


def test_a_forked_process_does_not_keep_the_turn_of_its_killed_parent(database: Path) -> None:
    command = [sys.executable, "-c", FORKING, str(database)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        try:
            with WriterTurns(database).taken() as has_turn:
                assert has_turn
        finally:
            os.kill(child, signal.SIGKILL)


def test_without_a_place_for_the_files_there_is_no_turn_and_no_error(tmp_path: Path) -> None:
    with WriterTurns(tmp_path / "missing" / "fermon.sqlite3").taken() as has_turn:
        assert not has_turn
