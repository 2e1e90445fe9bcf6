"""manage.py import_file"""

import io
import signal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from monitoring.models import FileImport, Measurement, Tag
from tests.commands.conftest import LONG_S, System

TEMP = "fermenter_temp"
ROWS = 6_000
CLOCKS = [f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(ROWS)]
FILE = "time;Temp [°C];DO [%]\n" + "".join(
    f"25.10.2025 {clock};36,{second % 10};{second % 100}\n" for second, clock in enumerate(CLOCKS)
)
MAP = ("--map", f"Temp={TEMP}", "--new", "DO=r1_do:0:100")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "run.csv"
    path.write_text(FILE, encoding="utf-16")
    return path


def run(file: Path, *arguments: str) -> tuple[str, str]:
    """What the command prints, and its complaints."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_file", str(file), *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_a_file_is_checked_then_imported_then_there(file: Path) -> None:
    said, _ = run(file, *MAP, "--zone", "Europe/Berlin", "--dry-run")
    assert "6,000 rows, wide; utf-16, ';', decimal ','; time in 'time' as dmy, zone Europe/Berlin." in said
    assert f"2 (Temp) [°C] -> {TEMP}" in said
    assert "3 (DO) [%] -> r1_do (new, 0 to 100)" in said
    assert "12,000 readings would be stored, 0 were there before, 0 rejected" in said
    assert not Measurement.objects.exists()
    assert not Tag.objects.filter(name="r1_do").exists()
    assert not FileImport.objects.exists()

    said, _ = run(file, *MAP, "--zone", "Europe/Berlin")
    assert "12,000 readings stored, 0 were there before, 0 rejected" in said
    assert Tag.objects.get(name="r1_do").unit == "%"
    row = FileImport.objects.get()
    assert (row.state, row.position, row.path) == ("done", ROWS, str(file))

    said, _ = run(file)
    assert "0 readings stored, 12,000 were there before" in said, "mapping and zone are remembered"
    assert file.exists()


@pytest.mark.django_db
def test_rejected_rows_have_an_exit_code_of_their_own(file: Path) -> None:
    file.write_text("time,Temp\n2026-01-01 00:00:00,36\n2026-01-01 00:00:01,99\n2026-01-01 00:00:02,hot\n")
    err = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_file", str(file), "--map", "auto", stdout=io.StringIO(), stderr=err)
    assert ended.value.code == 3
    assert "1 rejected, above the valid range:\n  row 3, fermenter_temp: value: 99 is above" in err.getvalue()
    assert "row 4, fermenter_temp: expected a number with decimal point, got 'hot'" in err.getvalue()
    assert Measurement.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "No column becomes a tag: add --map"),
        (("--map", "Temp"), "expected --map COLUMN=TAG, with one of these columns: 2 (Temp), 3 (DO)"),
        (("--map", "Nope=x"), "with one of these columns"),
        (("--map", "2=nope"), "there is no tag 'nope'"),
        (("--map", f"2={TEMP}*x"), "TAG*FACTOR+OFFSET"),
        (("--map", f"2={TEMP}", f"3={TEMP}"), "both become fermenter_temp"),
        (("--new", "DO=r1_do"), "with the valid range"),
        (("--new", "DO=9:0:1"), "Start with a letter"),
        (("--zone", "Mars", "--map", "auto"), "--zone: expected a name of the time zone database"),
        (("--separator", "|", "--map", "auto"), "--separator: the file has one column only"),
        (("--time-column", "9", "--map", "auto"), "--time-column: expected a column up to 3, got 9"),
        (("--resume",), "No import of"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_wrong_arguments_say_the_way_out(
    file: Path, arguments: tuple[str, ...], dry: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CommandError, match=r"\.$") as refused:
        run(file, *arguments, *dry)
    assert said in str(refused.value)
    assert not FileImport.objects.exists()


@pytest.mark.django_db
def test_a_file_that_is_not_there_and_unsure_dates(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot be read: No such file"):
        run(tmp_path / "none.csv")
    unsure = tmp_path / "unsure.csv"
    unsure.write_text("time,Temp\n1/2/2026 12:00,36\n1/2/2026 12:01,36\n")
    with pytest.raises(CommandError, match="add --time-form"):
        run(unsure, "--map", "auto")
    run(unsure, "--map", "auto", "--time-form", "dmy")
    assert Measurement.objects.earliest("timestamp").timestamp.isoformat() == "2026-02-01T12:00:00+00:00"


@pytest.mark.no_cover
@pytest.mark.parametrize("point", ["import.before_commit:2", "import.after_commit:1"])
def test_killed_in_the_middle_and_resumed_the_rows_are_the_same_as_once(
    system: System, tmp_path: Path, point: str
) -> None:
    system.migrate()
    path = tmp_path / "run.csv"
    path.write_text(FILE.replace("00:50:00;36", "00:50:00;warm"), encoding="cp1252")
    command = ("manage.py", "import_file", str(path))
    died = system.run(*command, *MAP, FERMON_CRASH_AT=point)
    assert died.end(LONG_S) == -signal.SIGKILL, died.text
    before = system.count()
    assert 0 < before < 2 * ROWS - 1
    state = "SELECT state, position FROM file_imports"
    assert system.select(state) == ("importing", before / 2)
    resumed = system.run(*command, "--resume")
    assert resumed.end(LONG_S) == 3, resumed.text
    assert f"{2 * ROWS - 1:,} readings stored, 0 were there before, 1 rejected" in resumed.text
    assert system.count() == 2 * ROWS - 1
    check = system.run("manage.py", "rebuild_rollups", "--check")
    assert check.end(LONG_S) == 0, check.text
