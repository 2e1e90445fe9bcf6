"""manage.py backtest"""

import csv
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from monitoring.ingest.pipeline import ingest_readings
from monitoring.management.commands import backtest
from monitoring.models import Event, Series, Tag
from tests.detection.detectors.own_forest import own_forest, without_scikit_learn

__all__ = ["own_forest", "without_scikit_learn"]

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG, FROM, TO = "fermenter_temp", "2026-01-31T12:05:00Z", "2026-01-31T12:12:59Z"
NOISE = random.Random(1)
# Ten minutes of noise, one of the same value, two of noise.
VALUES = [37 + NOISE.gauss(0, 0.1) for _ in range(600)] + [37.0] * 60
VALUES += [37 + NOISE.gauss(0, 0.1) for _ in range(120)]

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]


@pytest.fixture(autouse=True)
def measurements() -> None:
    """What is stored."""
    moments = [(START + timedelta(seconds=place)).isoformat() for place in range(len(VALUES))]
    ingest_readings(
        [{"timestamp": at, "tag": TAG, "value": value} for at, value in zip(moments, VALUES, strict=True)]
    )


@pytest.fixture
def run(capsys) -> Callable[..., list[str]]:
    """Runs the command; the lines that it writes."""

    def run_it(*arguments: str, start: str = FROM, end: str = TO) -> list[str]:
        call_command("backtest", "--tag", TAG, "--from", start, "--to", end, *arguments)
        return capsys.readouterr().out.splitlines()

    return run_it


def test_the_events_are_a_table_above_their_number(run) -> None:
    header, row, summary = run()
    assert header.split() == ["start", "end", "detector", "kind", "score", "explanation"]
    assert row.startswith("2026-01-31T12:10:00Z  2026-01-31T12:10:59Z  stuck     stuck ")
    assert "fermenter_temp has not changed" in row
    assert summary == "With these settings: 1 event; with the present ones: 1."


@pytest.mark.parametrize(
    "arguments",
    [
        ["--off", "stuck", "saturation"],
        ["--off", "saturation", "--set", "stuck.chance=1e-300"],
        ["--off", "saturation", "--sensitivity", "0.01"],
    ],
)
def test_other_settings_find_something_else(run, arguments: list[str]) -> None:
    assert run(*arguments) == ["With these settings: 0 events; with the present ones: 1."]


def test_what_is_not_given_stays_as_the_tag_has_it(run) -> None:
    Tag.objects.filter(name=TAG).update(detectors_off=["stuck", "saturation"])
    assert run() == ["With these settings: 0 events; with the present ones: 0."]
    assert run("--off")[-1] == "With these settings: 1 event; with the present ones: 0."
    Tag.objects.filter(name=TAG).update(
        detectors_off=["saturation"], detection_parameters={"stuck.chance": 1e-300}
    )
    assert (
        run("--set", "stuck.chance=default")[-1] == "With these settings: 1 event; with the present ones: 0."
    )


@pytest.mark.usefixtures("own_forest")
def test_optional_detectors_are_tried(run) -> None:
    assert run("--on", "forest")[-1] == "With these settings: 1 event; with the present ones: 1."


@pytest.mark.usefixtures("without_scikit_learn")
def test_an_optional_detector_without_its_package_is_refused(run) -> None:
    with pytest.raises(CommandError, match=r"requirements-ml\.txt"):
        run("--on", "forest")


def test_nothing_is_stored(run) -> None:
    run()
    assert not Event.objects.exists()


def test_events_go_into_a_file(run, tmp_path: Path) -> None:
    out = tmp_path / "below" / "events.csv"
    assert run("--csv", str(out)) == ["With these settings: 1 event; with the present ones: 1."]
    with out.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["start"], row["detector"]) == ("2026-01-31T12:10:00Z", "stuck")


def test_readings_before_the_range_warm_up_and_their_events_do_not_count(run) -> None:
    assert run(start="2026-01-31T12:09:59Z")[-1] == "With these settings: 1 event; with the present ones: 1."
    assert run(start="2026-01-31T12:11:30Z") == ["With these settings: 0 events; with the present ones: 0."]


def test_what_is_left_of_deleted_measurements_does_not_warm_up(run) -> None:
    Series.objects.filter(tag__name=TAG).update(raw_from="2026-01-31T12:09:59Z")
    assert run(start="2026-01-31T12:09:59Z") == ["With these settings: 0 events; with the present ones: 0."]


def test_settings_of_the_tag_that_can_not_be_used_are_left_out(run) -> None:
    Tag.objects.filter(name=TAG).update(detection_parameters={"nose.length": 3})
    assert run()[-1] == "With these settings: 1 event; with the present ones: 1."


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--off", "nose"], r"'nose' is no detector; expected one of spike, .*novelty, forest\."),
        (["--set", "spike.nose=3"], r"'spike.nose' is no parameter; expected one of spike.threshold, "),
        (["--set", "spike.threshold"], r"expected detector\.parameter = value"),
        (["--set", "spike.threshold=-1"], r"spike.threshold must be a positive number, not -1\.0\."),
        (["--sensitivity", "0"], r"sensitivity must be a positive number"),
        (["--to", "2026-01-31T12:04:00Z"], r"begins at 2026-01-31T12:05:00Z, which is not before its end"),
        (
            ["--from", "2025-01-01", "--to", "2025-01-02"],
            r"has no measurements from 2025-01-01T00:00:00Z to ",
        ),
        (["--from", "yesterday"], r"--from: expected ISO 8601, as in .*, got 'yesterday'"),
        (["--tag", "nope"], r"'nope' is no tag. Choose from: agitator_rpm, fermenter_ph, fermenter_temp\."),
    ],
)
def test_what_can_not_be_done_is_said(run, arguments: list[str], match: str) -> None:
    with pytest.raises(CommandError, match=match):
        run(*arguments)


def test_what_was_deleted_can_not_be_tried(run) -> None:
    Series.objects.filter(tag__name=TAG).update(raw_from="2026-01-31T12:06:00Z")
    with pytest.raises(CommandError, match=r"before 2026-01-31T12:06:00Z were deleted. Begin then, or later"):
        run()


def test_a_file_that_can_not_be_written_is_said(run, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be written"):
        run("--csv", str(tmp_path))


def test_a_database_that_is_away_is_said(run, monkeypatch) -> None:
    def away(*how: object) -> None:
        raise OperationalError("unable to open database file")

    monkeypatch.setattr(backtest, "find_subject", away)
    with pytest.raises(CommandError, match=r"can't be read: unable to open.* Run the same again"):
        run()
