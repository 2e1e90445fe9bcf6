"""The log: JSON lines in a file that is rotated, and lines for a person on the console."""

import json
import logging
import logging.config
import sys
import traceback
from pathlib import Path

import pytest
from django.db import OperationalError

from fermon_site.logs import ConsoleFormatter, logging_config


@pytest.fixture
def log_file(tmp_path: Path):
    """Fermon's logging into a directory of its own; afterwards as it was."""
    config = logging_config(tmp_path)
    handlers, level = logging.root.handlers[:], logging.root.level
    logging.config.dictConfig(config)
    yield tmp_path / "fermon.jsonl"
    for handler in logging.root.handlers:
        handler.close()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_an_event_is_one_json_object_with_what_it_carries(log_file: Path) -> None:
    logging.getLogger("monitoring.test").warning("set aside", extra={"readings": 3})
    event = json.loads(log_file.read_text())
    assert (event["level"], event["logger"], event["message"]) == ("WARNING", "monitoring.test", "set aside")
    assert event["readings"] == 3
    assert event["time"]
    assert event["process"]


def test_the_console_shows_it_in_one_line() -> None:
    formatter = ConsoleFormatter("{levelname} {name}: {message}", style="{")
    record = logging.makeLogRecord({"name": "monitoring", "levelname": "INFO", "msg": "kept", "readings": 3})
    assert formatter.format(record) == "INFO monitoring: kept (readings=3)"


@pytest.mark.parametrize("forged", ["\n2026-01-01 INFO root: fine", "\x1b[2K\rfine", "\u202efine", "\ud800"])
def test_no_text_forges_a_line_of_the_console(forged: str) -> None:
    formatter = ConsoleFormatter("{levelname} {name}: {message}", style="{")
    try:
        raise ValueError(forged)
    except ValueError:
        error = sys.exc_info()
    carried = {"name": "monitoring", "levelname": "INFO", "msg": f"no{forged}", "detail": forged}
    first, *further = formatter.format(logging.makeLogRecord({**carried, "exc_info": error})).split("\n")
    assert first.startswith("INFO monitoring: no")
    assert all(line.startswith("    ") for line in further)
    assert all(line.isprintable() for line in [first, *further])


def test_the_file_is_rotated_and_the_oldest_goes(log_file: Path, monkeypatch) -> None:
    handler = next(one for one in logging.root.handlers if hasattr(one, "maxBytes"))
    monkeypatch.setattr(handler, "maxBytes", 2000)
    for number in range(200):
        logging.getLogger("monitoring.test").warning("event %d", number)
    files = [path for path in log_file.parent.iterdir() if path.name.startswith("fermon.jsonl")]
    assert len(files) == 10
    assert '"event 199"' in log_file.read_text()


def test_the_console_tells_once_that_lines_are_missing_in_the_file(log_file: Path, capsys) -> None:
    log_file.mkdir()  # as good as a full disk: nothing can be written
    for outage in ("first", "second"):
        logging.warning("begin of the %s", outage)
        logging.warning("middle of the %s", outage)
        log_file.rmdir()
        logging.warning("end of the %s", outage)
        assert "end of the" in log_file.read_text()
        log_file.unlink()
        log_file.mkdir()
    told = [line for line in capsys.readouterr().err.splitlines() if "Lines are missing" in line]
    assert [line.partition(": ")[2].partition(". ")[0] for line in told] == [
        f"Lines are missing in {log_file}: [Errno 21] Is a directory: '{log_file}'"
    ] * 2
    assert "Make room on the disk, or make the file writable" in told[0]


@pytest.mark.parametrize(("code", "logged"), [(500, True), (503, False)])
def test_an_outage_is_not_logged_request_by_request(log_file: Path, code: int, logged: bool) -> None:
    logging.getLogger("django.request").error("answered %d", code, extra={"status_code": code})
    assert log_file.exists() is logged


def test_what_the_queue_says_of_an_outage_is_one_line(log_file: Path) -> None:
    for _ in range(3):
        try:
            raise OperationalError("database is locked")
        except OperationalError:
            logging.getLogger("django-q").exception("Could not create task from schedule")
    (line,) = log_file.read_text().splitlines()
    assert json.loads(line)["message"] == "database away"


@pytest.mark.parametrize(
    ("error", "is_one_line"),
    [
        (OperationalError("unable to open database file"), True),
        (OperationalError("connection failed:\n  Is the server running?"), True),
        (OperationalError("no such column: x"), False),
        (OperationalError('near "SELEC": syntax error'), False),
        (ValueError("no batch"), False),
    ],
)
def test_a_task_that_failed_without_the_database_is_one_line(
    log_file: Path, error: Exception, is_one_line: bool
) -> None:
    try:
        try:
            raise OperationalError("database is locked")
        finally:
            raise error
    except type(error) as caught:
        result = f"{caught} : {traceback.format_exc()}"
    logging.getLogger("django-q").error(f"Failed 'monitoring.tasks.watch_batches' (zebra-cola) - {result}")
    message = json.loads(log_file.read_text())["message"]
    assert message.startswith(f"Failed 'monitoring.tasks.watch_batches' (zebra-cola) - {str(error)[:10]}")
    assert (len(message.splitlines()) == 1) is is_one_line
    assert ("Traceback" in message) is not is_one_line


@pytest.mark.parametrize(("level", "logged"), [(logging.INFO, False), (logging.ERROR, True)])
def test_of_the_server_only_what_fails_is_in_the_file(log_file: Path, level: int, logged: bool) -> None:
    logging.getLogger("_granian").log(level, "Application callable raised an exception")
    assert log_file.exists() is logged
