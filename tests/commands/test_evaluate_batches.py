"""manage.py evaluate_batches"""

import pytest
from django.core.management import CommandError, call_command


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
