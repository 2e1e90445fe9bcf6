"""From a file to measurements: read, checked, imported, once however often."""

import csv
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError
from django_q.models import OrmQ
from pytest_django import Settings

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import FileImport, Measurement, Refusal, Series, Tag
from monitoring.sources.file_import import importing, jobs, reading_through, worker
from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.files import StoredFiles
from monitoring.sources.file_import.importing import Importer
from monitoring.sources.file_import.jobs import WrongStateError

pytestmark = pytest.mark.django_db

TEMP, PH = "fermenter_temp", "fermenter_ph"
BOTH = {"1": {"action": "tag", "tag": TEMP}, "2": {"action": "tag", "tag": PH}}
GERMAN = (
    "Logger 7;;\n"
    "Zeit;Temperatur;pH\n"
    ";[°C];-\n"
    "25.10.2026 02:59:58;36,5;7,125\n"
    "25.10.2026 02:59:59;36,6;7,126\n"
    "25.10.2026 02:00:00;36,7;\n"
    "25.10.2026 03:00:00;36,8;7,1\n"
    "29.03.2026 02:30:00;36,9;7,1\n"
    "25.10.2026 03:00:01;12,5;n/a\n"
    "25.10.2026 03:00:02;warm;7,1\n"
)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Batches of two rows, without pauses."""
    settings.FERMON_DISK_RESERVE_BYTES = 0
    monkeypatch.setattr(reading_through, "READINGS_A_BATCH", 4)
    monkeypatch.setattr(importing, "PAUSE_S", 0)
    monkeypatch.setattr(importing, "RETRY_S", 0)


def never() -> bool:
    return False


def upload(data: bytes, name: str = "run.csv", zone: str = "Europe/Berlin") -> FileImport:
    """A file that has been uploaded and read."""
    row = jobs.create(name, len(data), by="eva", zone=zone)
    half = len(data) // 2
    jobs.receive(row.pk, data[:half], 0)
    jobs.receive(row.pk, data[half:], half)
    return work(row)


def work(row: FileImport) -> FileImport:
    """The import after the worker has done what waits."""
    worker.run_waiting(should_stop=never)
    row.refresh_from_db()
    return row


def imported(data: bytes, targets: dict[str, Any], **chosen: Any) -> FileImport:
    row = upload(data)
    jobs.change(row.pk, chosen, targets)
    row = work(row)
    jobs.request_check(row.pk)
    work(row)
    jobs.start(row.pk, by="eva")
    return work(row)


def set_and_check(row: FileImport, targets: dict[str, Any]) -> None:
    jobs.change(row.pk, None, targets)
    jobs.request_check(row.pk)


def stored() -> list[tuple[str, str, float]]:
    return [
        (row.tag.name, row.timestamp.isoformat(), row.value)
        for row in Measurement.objects.select_related("tag").order_by("tag", "timestamp")
    ]


def test_a_german_file_is_understood_checked_and_imported_once() -> None:
    row = upload(GERMAN.encode("utf-16"))
    assert row.state == "ready"
    assert {name: row.format[name] for name in ("encoding", "separator", "decimal", "time_form")} == {
        "encoding": "utf-16",
        "separator": ";",
        "decimal": ",",
        "time_form": "dmy",
    }
    assert (row.format["skip_rows"], row.format["header_rows"], row.rows) == (1, 2, 7)
    assert [(each["name"], each["unit"]) for each in row.analysis["series"]] == [
        ("Temperatur", "°C"),
        ("pH", ""),
    ]
    assert row.analysis["preview"][3]["time"] == "2026-10-25T02:00:00Z"

    jobs.change(row.pk, None, BOTH)
    jobs.request_check(row.pk)
    row = work(row)
    assert row.state == "checked"
    expected = {
        "new": 8,
        "duplicate": 0,
        "skipped": 2,
        "rejected": {"skipped_hour": 1, "below_valid_range": 1, "not_a_number": 1},
        "first": "2026-10-25T00:59:58Z",
        "last": "2026-10-25T02:00:02Z",
    }
    assert {name: row.check_result[name] for name in expected} == expected
    assert row.check_result["examples"]["not_a_number"][0]["row"] == 10
    assert not Measurement.objects.exists()

    jobs.start(row.pk, by="eva")
    row = work(row)
    assert (row.state, row.position) == ("done", 7)
    assert {name: row.counts[name] for name in expected} == expected
    assert stored()[:3] == [
        (TEMP, "2026-10-25T00:59:58+00:00", 36.5),
        (TEMP, "2026-10-25T00:59:59+00:00", 36.6),
        (TEMP, "2026-10-25T01:00:00+00:00", 36.7),
    ]
    files = StoredFiles(row.pk)
    assert not files.received.exists()
    with files.rejected.open() as file:
        lines = list(csv.DictReader(file))
    assert [(line["row"], line["tag"], line["reason"]) for line in lines] == [
        ("8", "", "skipped_hour"),
        ("9", TEMP, "below_valid_range"),
        ("10", TEMP, "not_a_number"),
    ]

    again = upload(GERMAN.encode("utf-16"))
    assert again.targets["1"]["tag"] == TEMP, "the mapping is remembered"
    jobs.request_check(again.pk)
    checked = work(again).check_result
    assert (checked["new"], checked["duplicate"]) == (0, 8)
    jobs.start(again.pk, by="eva")
    counts = work(again).counts
    assert (counts["new"], counts["duplicate"], counts["rejected_total"]) == (0, 8, 3)


def test_rejected_rows_do_not_fill_the_list_of_rejected_readings_and_old_ones_no_clock() -> None:
    imported(GERMAN.encode(), BOTH)
    assert not Refusal.objects.exists()
    assert {row.clock_error for row in Series.objects.all()} == {0}
    assert {row.arrivals for row in Series.objects.all()} == {None}


def test_the_dry_run_finds_repeats_and_conflicts_in_the_file_and_in_the_store() -> None:
    ingest_readings([{"timestamp": "2026-01-01T00:00:00Z", "tag": TEMP, "value": 36}])
    lines = ["time,temp"]
    lines += ["2026-01-01T00:00:00Z,36", "2026-01-01T00:00:00Z,37", "2026-01-01T00:00:01Z,38"]
    lines += ["2026-01-01T00:00:02Z,38", "2026-01-01T00:00:01Z,38", "2026-01-01T00:00:01Z,39"]
    data = "\n".join(lines).encode()
    row = imported(data, {"1": {"action": "tag", "tag": TEMP}})
    for counts in (row.check_result, row.counts):
        assert (counts["new"], counts["duplicate"], counts["rejected"]) == (2, 2, {"conflict": 2})
        assert [each["row"] for each in counts["examples"]["conflict"]] == [3, 7]


def test_a_long_file_makes_tags_with_unit_and_range_and_converts_values() -> None:
    rows = "".join(
        f"2026-01-01 00:00:0{second},{tag},{value}\n"
        for second in range(3)
        for tag, value in (("Reactor 1 / DO", 40 + second), ("Reactor 1 / T", 98.6), ("x", 1))
    )
    row = upload(b"time,signal,value\n" + rows.encode(), zone="")
    assert row.format["layout"] == "long"
    suggested = row.targets["Reactor 1 / DO"]
    assert (suggested["action"], suggested["tag"]) == ("ignore", "reactor_1_do")
    assert suggested["valid_min"] <= 40 <= 42 <= suggested["valid_max"]
    new = {"action": "new", "tag": "r1_do", "unit": "%", "valid_min": 0, "valid_max": 200, "group": "R1"}
    fahrenheit = {"action": "tag", "tag": TEMP, "factor": 5 / 9, "offset": -160 / 9}
    jobs.change(row.pk, None, {"Reactor 1 / DO": new, "Reactor 1 / T": fahrenheit})
    jobs.request_check(row.pk)
    work(row)
    assert not Tag.objects.filter(name="r1_do").exists()
    jobs.start(row.pk, by="eva")
    row = work(row)
    assert (row.counts["new"], row.counts["skipped"]) == (6, 3)
    tag = Tag.objects.get(name="r1_do")
    assert (tag.unit, tag.valid_max, tag.group) == ("%", 200, "R1")
    values = [value for name, _, value in stored() if name == TEMP]
    assert values == pytest.approx([37.0] * 3)
    assert row.targets["Reactor 1 / DO"]["action"] == "tag"


@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_a_stopped_import_goes_on_where_it_was(stop_after: int) -> None:
    row = upload(GERMAN.encode())
    jobs.change(row.pk, None, BOTH)
    jobs.request_check(row.pk)
    work(row)
    jobs.start(row.pk, by="eva")
    asked = count()
    worker.run_waiting(should_stop=lambda: next(asked) > stop_after)
    row.refresh_from_db()
    assert row.state == "importing"
    assert row.position < 7
    row = work(row)
    assert (row.state, row.counts["new"], row.counts["duplicate"]) == ("done", 8, 0)
    assert StoredFiles(row.pk).rejected.read_text().count("\n") == 4


def test_a_database_that_is_away_makes_the_import_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = count()

    def ingest(*args: Any, **options: Any) -> Any:
        if next(tries) in (1, 2):
            raise OperationalError("away")
        return ingest_readings(*args, **options)

    monkeypatch.setattr(importing, "ingest_readings", ingest)
    monkeypatch.setattr(
        importing, "connection", type("Connection", (), {"close": staticmethod(lambda: None)})
    )
    row = imported(GERMAN.encode(), BOTH)
    assert (row.state, row.counts["new"], row.counts["rejected_total"]) == ("done", 8, 3)
    assert StoredFiles(row.pk).rejected.read_text().count("\n") == 4


def test_a_cancelled_import_stores_no_further_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    row = upload(GERMAN.encode())
    jobs.change(row.pk, None, BOTH)
    jobs.request_check(row.pk)
    work(row)
    jobs.start(row.pk, by="eva")
    store, batches = Importer._store, count()

    def cancel_first(self: Importer, *args: Any) -> None:
        if next(batches) == 1:
            jobs.cancel(row.pk)
        store(self, *args)

    monkeypatch.setattr(Importer, "_store", cancel_first)
    row = work(row)
    assert (row.state, row.position) == ("cancelled", 2)
    files = StoredFiles(row.pk)
    assert (files.received.exists(), files.rejected.exists()) == (False, True)
    jobs.purge(now=datetime.now(UTC) + timedelta(days=8))
    assert not files.folder.exists()
    assert Measurement.objects.count() == row.counts["new"] == 4


def test_a_claim_of_a_dead_worker_is_taken_over_and_one_of_the_living_is_not() -> None:
    row = jobs.create("a.csv", 5, by="eva")
    jobs.receive(row.pk, b"a,b\n1", 0)
    now = datetime.now(UTC)
    assert worker.take_next(now=now).pk == row.pk
    assert worker.take_next(now=now) is None
    assert worker.take_next(now=now + worker.GONE_AFTER).pk == row.pk
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"one\n1\n2\n", "one column only"),
        (b"time,temp\n", "no row of data"),
        (b"PK\x03\x04nothing", "not a zip file"),
        (b"\xd0\xcf\x11\xe0old", "old version of Excel"),
    ],
)
def test_a_file_that_is_no_table_says_what_to_do_and_can_be_read_again(data: bytes, said: str) -> None:
    row = upload(data)
    assert row.state == "failed"
    assert said in row.error
    jobs.change(row.pk, {"separator": ";"}, None)
    assert work(row).state == "failed"
    assert jobs.cancel(row.pk).state == "cancelled"
    assert not StoredFiles(row.pk).folder.exists()


def test_what_is_unsure_has_to_be_chosen_before_the_check() -> None:
    row = upload(b"time,temp\n1/2/2026 12:00,36\n1/2/2026 12:01,36\n", zone="")
    jobs.change(row.pk, None, {"1": {"action": "tag", "tag": TEMP}})
    with pytest.raises(ImportInputError, match="day and month"):
        jobs.request_check(row.pk)
    jobs.change(row.pk, {"time_form": "dmy"}, None)
    row = work(row)
    assert row.analysis["preview"][0]["time"] == "2026-02-01T12:00:00Z"
    assert row.targets["1"]["tag"] == TEMP, "a choice stays when the file is read again"
    jobs.request_check(row.pk)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"action": "tag", "tag": "nope"}, "there is no tag 'nope'"),
        ({"action": "new", "tag": TEMP, "valid_min": 0, "valid_max": 1}, "exists already"),
        ({"action": "new", "tag": "9 lives", "valid_min": 0, "valid_max": 1}, "Start with a letter"),
        ({"action": "new", "tag": "n"}, "needs valid_min"),
        ({"action": "new", "tag": "n", "valid_min": 2, "valid_max": 1}, "above valid_min"),
        ({"action": "new", "tag": "n", "valid_min": 0, "valid_max": float("nan")}, "expected a number"),
        ({"action": "tag", "tag": TEMP, "factor": 0}, "other than 0"),
        ({"action": "tag", "tag": PH}, "both become fermenter_ph"),
        ({"action": "drop"}, "expected one of"),
        ({"action": "tag"}, "tag: missing"),
        ({"action": "ignore", "extra": 1}, "unknown field"),
        ({"action": "tag", "tag": "x" * 65}, "at most 64"),
        ("temp", "expected an object"),
    ],
)
def test_impossible_targets_are_refused(target: Any, said: str) -> None:
    row = upload(GERMAN.encode())
    with pytest.raises(ImportInputError, match=said):
        set_and_check(row, {**BOTH, "1": target})


def test_files_are_bounded_and_deleted_after_some_days() -> None:
    with pytest.raises(ImportInputError, match="1 to 67,108,864"):
        jobs.create("big.csv", 2**26 + 1, by="eva")
    with pytest.raises(ImportInputError, match="expected a name of the time zone"):
        jobs.create("a.csv", 10, by="eva", zone="Mars")
    row = jobs.create("../../etc/passwd", 10, by="eva")
    assert row.name == "passwd"
    with pytest.raises(ImportInputError, match="expected the piece at 0"):
        jobs.receive(row.pk, b"abc", 5)
    with pytest.raises(ImportInputError, match="expected 1 to 10 bytes"):
        jobs.receive(row.pk, b"a" * 11, 0)
    jobs.receive(row.pk, b"abc", 0)
    file = StoredFiles(row.pk).received
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(WrongStateError, match="is being uploaded"):
        jobs.request_check(row.pk)
    jobs.purge(now=datetime.now(UTC) + timedelta(days=6))
    assert file.exists()
    jobs.purge(now=datetime.now(UTC) + timedelta(days=8))
    assert not file.exists()
    row.refresh_from_db()
    assert (row.state, row.has_file) == ("cancelled", False)
    for _ in range(16):
        jobs.create("a.csv", 2**26, by="eva")
    with pytest.raises(ImportInputError, match="too many files wait"):
        jobs.create("a.csv", 1, by="eva")


def test_a_failure_of_our_own_ends_the_import_and_not_the_worker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(worker, "analyse", fail)
    row = upload(GERMAN.encode())
    assert (row.state, row.error) == ("failed", worker.FAILED)
    assert "import failed" in caplog.text
