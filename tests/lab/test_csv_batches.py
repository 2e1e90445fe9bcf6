"""Batches of a user from CSV files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from monitoring.lab.batch_evaluation.csv_batches import CsvBatch, read_batches
from monitoring.lab.batch_evaluation.leave_one_out import deviation_table, left_out_table, watch_each
from monitoring.lab.evaluation.evaluating import EvaluationError


def read(folder: Path, *lines: str, roles: dict[str, str] | None = None) -> list[CsvBatch]:
    path = folder / "b1.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_batches([path], roles or {})


def test_a_file_is_a_batch_of_one_phase_named_after_the_file(tmp_path: Path) -> None:
    header = "timestamp,temperature (°C),colour"
    rows = ["2026-01-31T12:00:10Z,37,1", "2026-01-31T12:00:50Z,39,", "2026-01-31T12:02:00Z,36,5"]
    (batch,) = read(tmp_path, header, *rows)
    made = batch.minutes
    assert (batch.name, made.phases, made.phase.tolist()) == ("b1", ("batch",), [0, 0, 0])
    np.testing.assert_array_equal(made.inputs.measured["temperature"], [38, np.nan, 36])
    np.testing.assert_array_equal(made.others["colour"], [1, np.nan, 5])
    np.testing.assert_allclose(made.inputs.hour, [0, 1 / 60, 2 / 60])


def test_a_column_of_names_separates_batches(tmp_path: Path) -> None:
    found = read(tmp_path, "h,batch,x", "0,a,1", "0.5,b,3", "0.0167,a,2", "0.5167,b,4")
    assert [(each.name, each.minutes.others["x"].tolist()) for each in found] == [
        ("a", [1, 2]),
        ("b", [3, 4]),
    ]


def test_phases_last_until_the_next_and_an_empty_cell_is_outside_of_all(tmp_path: Path) -> None:
    (batch,) = read(tmp_path, "h,phase,x", "0,,1", "0.0334,growth,1", "0.0667,feed,1")
    assert batch.minutes.phases == ("growth", "feed")
    assert batch.minutes.phase.tolist() == [-1, -1, 0, 0, 1]


def test_roles_by_choice_and_totals_by_their_maximum(tmp_path: Path) -> None:
    (batch,) = read(tmp_path, "h,base,x", "0,1,1", "0.001,3,1", roles={"base": "base_total"})
    assert batch.minutes.inputs.measured["base_total"].tolist() == [3]


def test_the_export_of_a_batch_is_read(tmp_path: Path) -> None:
    header = "timestamp,elapsed_h,phase,fermenter_temp mean (°C),od600,remark"
    rows = [f"2026-01-31T12:{minute:02}:00Z,{minute / 60},growth,37,,fine" for minute in range(20)]
    rows[3] = rows[3].replace(",,", ",4.5,")
    (batch,) = read(tmp_path, header, *rows)
    assert list(batch.minutes.others) == ["fermenter_temp"]  # samples are too few, remarks are no numbers


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["h,x"], "needs a header"),
        (["h,x,x", "0,1,1"], "two columns"),
        (["timestamp,x", "yesterday,1"], "'yesterday'"),
        (["h,x", "nan,1"], "'nan'"),
        (["h,x", "0,1", "2000,1"], "83 days"),
    ],
)
def test_errors_name_the_file_and_what_is_expected(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(EvaluationError, match=rf"b1\.csv: .*{message}"):
        read(tmp_path, *lines)


def test_a_role_of_no_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no column temp"):
        read(tmp_path, "h,x", "0,1", roles={"temp": "temperature"})


def test_two_batches_of_one_name_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "b1.csv"
    path.write_text("h,x\n0,1\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="batch b1"):
        read_batches([path, path], {})


def made(odd: Sequence[int] = ()) -> list[str]:
    """Four batches of 5 h with two channels; some have a step after 4 h."""
    rng = np.random.default_rng(7)
    lines = ["hour,batch,x,y"]
    for batch in range(4):
        noise = rng.normal(size=(300, 2))
        noise[240:, 0] += 30 * (batch in odd)
        lines += [
            f"{minute / 60:.4f},b{batch},{x:.3f},{y + minute / 10:.3f}" for minute, (x, y) in enumerate(noise)
        ]
    return lines


def test_each_batch_is_watched_by_the_others(tmp_path: Path) -> None:
    found = watch_each(read(tmp_path, *made(odd=[2])))
    table = [line.split() for line in left_out_table(found)]
    assert table[0] == ["batch", "golden", "hours", "score", "deviations"]
    assert [row[:3] for row in table[1:]] == [[f"b{batch}", "3", "5.0"] for batch in range(4)]
    (deviation,) = [line.split() for line in deviation_table(found)[1:] if line.startswith("b2")]
    assert 4.0 <= float(deviation[1]) < 4.1
    assert deviation[-1].startswith("x")


def test_one_batch_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="two batches"):
        watch_each(read(tmp_path, "h,x", "0,1"))


def test_batches_that_are_too_short_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="phase of 10 minutes"):
        watch_each(read(tmp_path, "h,batch,x", "0,a,1", "0,b,1"))
