"""manage.py evaluate_batches"""

import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from monitoring.management.commands import evaluate_batches
from tests.batches.watch.made_batches import minutes
from tests.batches.watch.stand_in_forest import ENSEMBLE
from tests.lab.test_comparison import trial


def test_a_stopped_agitator_is_found_with_one_golden_batch(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--golden", "1", "--batches", "1", "--seed", "7", "--only", "agitator_trip")
    call_command("evaluate_batches", *arguments)
    found, _, verdicts = capsys.readouterr().out.partition("\n\n")
    header, fault, *rest = found.splitlines()
    assert header.split() == ["fault", "golden", "1", "median", "min"]
    assert fault.split()[:4] == ["agitator", "trip", "100.0", "%"]
    assert [line.split()[0] for line in rest] == ["all", "false"]
    title, _, told, _ = verdicts.splitlines()
    assert title == "Probe or process, golden 1"
    assert told.split() == ["agitator", "trip", "process", *["100.0", "%"] * 4]


@pytest.mark.parametrize("arguments", [("--golden", "0"), ("--golden", "101"), ("--only", "flood")])
def test_wrong_arguments_tell_what_is_expected(arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=r"expected|invalid choice"):
        call_command("evaluate_batches", *arguments)


def test_own_batches_are_watched_each_by_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    files = [tmp_path / f"b{number}.csv" for number in range(3)]
    for file in files:
        rows = [f"{minute / 60:.4f},{value:.3f}" for minute, value in enumerate(rng.normal(37, 0.1, 200))]
        file.write_text("\n".join(["hour,temp", *rows]), encoding="utf-8")
    call_command("evaluate_batches", "--csv", *map(str, files), "--roles", "temp=temperature")
    header, *rest = capsys.readouterr().out.splitlines()
    assert header.split() == ["batch", "golden", "hours", "score", "deviations"]
    assert [line.split()[:2] for line in rest[:3]] == [["b0", "2"], ["b1", "2"], ["b2", "2"]]
    assert rest[4].split() == ["batch", "from", "h", "to", "h", "score", "channels"]


@pytest.fixture
def short_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches by formula in place of simulated ones."""
    monkeypatch.setattr(evaluate_batches, "simulate_golden", lambda job: job.number)
    monkeypatch.setattr(evaluate_batches, "as_batch", minutes)
    monkeypatch.setattr(evaluate_batches, "simulate_faults", lambda job: trial())


@pytest.mark.usefixtures("short_simulation")
def test_methods_are_compared_on_the_same_batches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", cast(Any, ENSEMBLE))
    call_command("evaluate_batches", "--with", "forest", "--golden", "3", "--batches", "1")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["method", "watch", "forest"]
    assert [line[1] for line in lines[1:]] == ["100.0"] * 2


@pytest.mark.usefixtures("short_simulation")
def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", cast(Any, None))
    with pytest.raises(CommandError, match=r"pip install -r requirements-ml\.txt"):
        call_command("evaluate_batches", "--with", "forest", "--golden", "3", "--batches", "1")


@pytest.mark.parametrize(("option", "name"), [("--csv", "b1.csv"), ("--tennessee", "tep")])
def test_a_missing_file_is_named(option: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=name):
        call_command("evaluate_batches", option, str(tmp_path / name))


@pytest.mark.parametrize("role", ["temp", "temp=hot", "=temperature", "temp=other"])
def test_a_wrong_role_tells_what_is_expected(role: str) -> None:
    with pytest.raises(CommandError, match="expected COLUMN=ROLE"):
        call_command("evaluate_batches", "--csv", "b1.csv", "--roles", role)
