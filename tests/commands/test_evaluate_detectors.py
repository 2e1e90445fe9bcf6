"""manage.py evaluate_detectors"""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from monitoring.lab.evaluation import evaluating
from tests.detection.detectors.own_forest import own_forest, without_scikit_learn

__all__ = ["own_forest", "without_scikit_learn"]

FAULTS = ("--trials", "3", "--only", "stuck")
MINUTES = [f"2026-01-31 {minute // 60:02}:{minute % 60:02}:00" for minute in range(200)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Runs the command; the lines that it writes."""

    def lines(*arguments: object) -> list[str]:
        call_command("evaluate_detectors", *map(str, arguments))
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Data of an hour whose sensor is stuck for its 50th minute; one reading is there twice."""
    values = [37 + 0.1 * (second % 7) for second in range(3600)]
    values[3000:3060] = [37.05] * 60
    moments = [f"2026-01-31 12:{second // 60:02}:{second % 60:02}" for second in range(len(values))]
    rows = [f"{moment},{value}" for moment, value in zip(moments, values, strict=True)]
    path = tmp_path / "broth.csv"
    path.write_text("\n".join(["timestamp,value", *rows[:5], *rows[4:]]))
    return path


def write_nab(folder: Path, values: Sequence[float], windows: dict[str, list[list[str]]]) -> Path:
    """A folder as the benchmark's, with these values in each of its files."""
    for name in windows:
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{moment},{value}" for moment, value in zip(MINUTES, values, strict=True)]
        path.write_text("\n".join(["timestamp,value", *rows, ""]))
    (folder / "windows.json").write_text(json.dumps(windows))
    return folder


@pytest.fixture
def nab(tmp_path: Path) -> Path:
    """Two files of 200 readings, the one at place 101 is 9; in the first it lies in a window of four."""
    values = [9 if place == 101 else 1 for place in range(200)]
    window = [f"{MINUTES[100]}.000000", f"{MINUTES[103]}.000000"]
    return write_nab(tmp_path / "nab", values, {"mine/with.csv": [window], "yours/without.csv": []})


@pytest.fixture
def nines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A monitor to which nothing is novel but the value 9."""

    class Monitor:
        def __init__(self, name: str) -> None:
            self.novelty = 0.0

        def update(self, times_us: Sequence[int], values: Sequence[float]) -> list[object]:
            self.novelty = 0.75 if values[-1] == 9 else 0.0
            return []

    monkeypatch.setattr(evaluating, "TagMonitor", Monitor)


def test_faults_and_clean_signals_are_told_in_two_tables(run) -> None:
    lines = run("--trials", 1, "--days", 0.01, "--signals", 1, "--only", "stuck", "spike", "sawtooth")
    assert [line.split("  ")[0] for line in lines] == [
        "fault", "spike 5σ", "spike 8σ", "stuck", "clean signal", "sawtooth",
    ]  # fmt: skip


def test_a_stuck_sensor_is_found_by_the_set(run) -> None:
    header, stuck = run(*FAULTS)
    of_rule, of_set = header.split("set")
    assert of_rule.split() == ["fault", "rule", "chance", "median", "p90"]
    assert of_set.split() == ["chance", "at", "once", "median", "p90", "by"]
    assert re.search(r" 100\.0 %  +0\.0 %  +\d+\.\d %  +\d+  +\d+  \S.*%$", stuck)


def test_false_findings_are_told_a_day(run) -> None:
    header, noise = run("--only", "white_noise", "--days", "0.25", "--signals", "2")
    assert header.split() == ["clean", "signal", "days", "rule", "set", "by"]
    family, days, flags, *_ = noise.split()
    assert (family, days) == ("white_noise", "0.5")
    assert 300 < float(flags) < 550


def test_the_seed_decides_and_several_processes_say_the_same(run) -> None:
    alone = run(*FAULTS, "--seed", 4, "--only", "spike", "stuck")
    assert run(*FAULTS, "--seed", 4, "--only", "spike", "stuck", "--jobs", 2) == alone


@pytest.mark.usefixtures("own_forest")
def test_detectors_are_switched_on_and_off(run, recording: Path) -> None:
    off = ("--off", "stuck", "saturation", "step", "spike", "noise")
    lines = run("--csv", recording, "--on", "forest", *off)
    assert not any(" stuck " in line for line in lines)


@pytest.mark.usefixtures("without_scikit_learn")
def test_an_optional_detector_without_its_package_is_refused(run) -> None:
    with pytest.raises(CommandError, match=r"requirements-ml\.txt"):
        run(*FAULTS, "--on", "forest")


def test_the_events_of_ones_own_data_are_a_table(run, recording: Path) -> None:
    *table, summary = run("--csv", recording)
    assert table[0].split() == ["start", "end", "detector", "kind", "score", "explanation"]
    assert any("stuck" in line and "broth" in line for line in table)
    assert re.fullmatch(r"Readings: 3600\. Events: \d+\. Left out: 1 doubled \(.*\)\.", summary)


def test_or_a_file(run, recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "events.csv"
    assert len(run("--csv", recording, "--events", out)) == 1
    with out.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["detector"] == "stuck"]
    assert [list(row) for row in rows] == [["start", "end", "detector", "kind", "score", "explanation"]]
    assert "2026-01-31T12:50:00Z" <= rows[0]["start"] < rows[0]["end"] <= "2026-01-31T12:51:05Z"
    assert float(rows[0]["score"]) >= 1


def test_the_benchmark_is_scored_and_the_standard_score_stands_last(run, nab: Path, nines: None) -> None:
    # Found at the second of four readings, which is worth 0.96695; a false one costs 0.11, or twice that.
    assert run("--nab", nab) == [
        "NAB low FP 87.35 (threshold 0.75)",
        "NAB low FN 95.23 (threshold 0.75)",
        "NAB standard 92.85",
    ]


def test_each_readings_score_is_written_in_the_same_layout(
    run, nab: Path, nines: None, tmp_path: Path
) -> None:
    run("--nab", nab, "--scores", tmp_path / "out")
    for name in ("mine/with.csv", "yours/without.csv"):
        lines = (tmp_path / "out" / name).read_text().splitlines()
        assert len(lines) == 201
        assert lines[0] == "timestamp,value,anomaly_score"
        assert lines[101:103] == ["2026-01-31 01:40:00,1,0.0", "2026-01-31 01:41:00,9,0.75"]


def test_the_monitors_own_scores_lie_between_0_and_1(run, tmp_path: Path) -> None:
    values = [(place * 7919) % 101 / 10 for place in range(199)]
    folder = write_nab(tmp_path, [*values, 1e6], {"a/b.csv": [[MINUTES[150], MINUTES[160]]]})
    assert re.fullmatch(r"NAB standard -?\d+\.\d\d", run("--nab", folder, "--scores", tmp_path / "out")[-1])
    with (tmp_path / "out/a/b.csv").open(newline="") as file:
        assert all(0 <= float(row["anomaly_score"]) <= 1 for row in csv.DictReader(file))


def test_an_hour_that_comes_twice_is_judged_twice(run, tmp_path: Path, nines: None) -> None:
    folder = write_nab(tmp_path, [1] * 200, {"a/b.csv": [[MINUTES[100], MINUTES[103]]]})
    path = folder / "data/a/b.csv"
    path.write_text(path.read_text() + f"{MINUTES[100]},9\n{MINUTES[199]},9\n")
    run("--nab", folder, "--scores", tmp_path / "out")
    scored = (tmp_path / "out/a/b.csv").read_text().splitlines()
    assert [line.rpartition(",")[2] for line in scored[-3:]] == ["0.0", "0.75", "0.75"]


@pytest.mark.parametrize("arguments", [["--events", "x.csv"], ["--scores", "x", "--speed"]])
def test_a_place_for_what_is_not_asked_for_is_refused(arguments: list[str], run) -> None:
    with pytest.raises(CommandError, match=r"--(events is for --csv|scores is for --nab)\. Give"):
        run(*arguments)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--trials", "0"], "--trials: expected a whole number, 1 or more, got '0'"),
        (["--days", "-1"], "--days: expected a number above 0, got '-1'"),
        (["--days", "long"], "--days: expected a number above 0, got 'long'"),
        (["--only", "gremlin"], "--only: invalid choice: 'gremlin'"),
    ],
)
def test_an_argument_that_is_none_is_refused(arguments: list[str], match: str, run) -> None:
    with pytest.raises(CommandError, match=match):
        run(*arguments)


def test_a_file_that_is_not_as_expected_is_named_with_the_line(run, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    with pytest.raises(CommandError, match=r"mine\.csv can't be read: No such file"):
        run("--csv", path)
    path.write_text("timestamp,value\n2026-01-31,warm\n")
    with pytest.raises(CommandError, match=r"mine\.csv: line 2: value: expected a finite number, got 'warm'"):
        run("--csv", path)
    path.write_bytes(b"timestamp,value\n\xff\xfe")
    with pytest.raises(CommandError, match="expected a CSV file in UTF-8"):
        run("--csv", path)


def test_a_place_that_can_not_be_written_is_named(run, recording: Path) -> None:
    with pytest.raises(CommandError, match=r"events\.csv can't be written: "):
        run("--csv", recording, "--events", recording / "events.csv")


@pytest.mark.parametrize(
    ("windows", "match"),
    [
        (None, r"windows\.json can't be read: No such file.* Expected a folder as NAB's"),
        ("{", r"windows\.json: expected JSON as "),
        ("[]", r"windows\.json: expected JSON as "),
        ('{"a/b.csv": [["2026-01-31 00:00:00"]]}', r"windows\.json: expected JSON as "),
        ('{"a/b.csv": [], "a/c.csv": []}', r"data lacks a/c\.csv, which windows\.json names"),
        (
            '{"a/b.csv": [["2025-01-31", "2025-02-01"]]}',
            r"a/b\.csv: expected .* got 2025-01-31 to 2025-02-01",
        ),
        (
            '{"a/b.csv": [["then", "now"]]}',
            r"a/b\.csv: expected the start and the end of a window that holds",
        ),
    ],
)
def test_a_folder_that_is_not_as_expected_is_told(
    run, tmp_path: Path, windows: str | None, match: str
) -> None:
    folder = write_nab(tmp_path / "nab", [1] * 200, {"a/b.csv": []})
    (folder / "windows.json").unlink()
    if windows is not None:
        (folder / "windows.json").write_text(windows)
    with pytest.raises(CommandError, match=match):
        run("--nab", folder)


def test_a_file_without_readings_is_told(run, tmp_path: Path) -> None:
    folder = write_nab(tmp_path / "nab", [1] * 200, {"a/b.csv": []})
    (folder / "data/a/b.csv").write_text("timestamp,value\n")
    with pytest.raises(CommandError, match=r"b\.csv: expected readings, each with a value"):
        run("--nab", folder)


def test_speed_is_readings_a_second_of_three_kinds(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.lab.evaluation.speed.TAGS", 5)
    header, *lines = run("--speed")
    assert header.split() == ["readings/s"]
    assert [line.split(None, 1)[1] for line in lines] == [
        "whole set, one tag in batches of 1000",
        "whole set, 5 tags with one reading each",
        "required rule, one tag in batches of 1000",
    ]
    assert all(float(line.split()[0].replace(",", "")) > 100 for line in lines)


def test_it_can_be_stopped(run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("monitoring.lab.evaluation.speed.measure", stop)
    with pytest.raises(CommandError, match="Stopped") as stopped:
        run("--speed")
    assert stopped.value.returncode == 130
