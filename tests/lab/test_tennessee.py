"""Reader and statistics for the Tennessee Eastman process, on small data of our own."""

from pathlib import Path

import numpy as np
import pytest

from monitoring.kernel.arrays import FloatArray
from monitoring.lab.batch_evaluation.tennessee import (
    ONSET,
    TennesseeData,
    TennesseeError,
    evaluate_tennessee,
    read_run,
    read_tennessee,
    tennessee_table,
)


def course(length: int, seed: int) -> FloatArray:
    """Four variables of a first order autoregression, two of them correlated."""
    noise = np.random.default_rng(seed).normal(size=(4, length))
    noise[1] = 0.9 * noise[0] + 0.3 * noise[1]
    found = np.zeros((4, length))
    for at in range(1, length):
        found[:, at] = 0.7 * found[:, at - 1] + noise[:, at]
    return found


def with_fault(change: FloatArray) -> FloatArray:
    run = course(500, 3)
    run[:, ONSET:] += change[:, None]
    return run


def test_faults_are_found_at_one_percent_of_false_alarms() -> None:
    loud = course(500, 4)
    loud[2, ONSET:] *= 4
    faults = {
        1: with_fault(np.array([0, 0, 8.0, 0])),  # a step
        2: with_fault(np.array([2.0, -2, 0, 0])),  # small, against the correlation
        3: loud,
        4: course(500, 5),  # no fault
    }
    result = evaluate_tennessee(TennesseeData(course(600, 1), course(960, 2), faults))
    assert result.false_alarms <= 0.012
    assert all(result.detected[fault] > 0.8 for fault in (1, 2, 3))
    assert result.detected[4] < 0.1
    assert result.mean == pytest.approx(np.mean(list(result.detected.values())))
    lines = [line.split() for line in tennessee_table(result)]
    assert lines[0] == ["fault", "detected"]
    assert [line[0] for line in lines[1:]] == ["1", "2", "3", "4", "mean", "without"]


@pytest.mark.parametrize("shape", [(52, 60), (60, 52)])
def test_runs_are_read_in_either_order(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = tmp_path / "d00.dat"
    np.savetxt(path, np.ones(shape))
    assert read_run(path).shape == (52, 60)


def test_a_folder_is_read_with_all_faults(tmp_path: Path) -> None:
    for name in ("d00", "d00_te", *(f"d{fault:02}_te" for fault in range(1, 22))):
        (tmp_path / f"{name}.dat").write_text(("1 " * 52 + "\n") * 2)
    data = read_tennessee(tmp_path)
    assert list(data.faults) == list(range(1, 22))
    assert data.training.shape == (52, 2)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "can't be read"), ("1 2 x", "no table"), ("1 2\n3 4", "2 x 2 numbers")]
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "d00.dat").write_text(content)
    with pytest.raises(TennesseeError, match=rf"d00\.dat .*{message}"):
        read_tennessee(tmp_path)
