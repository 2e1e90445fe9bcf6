"""manage.py rebuild_rollups"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db.models import F

from monitoring.ingest.pipeline import ingest_readings
from monitoring.management.commands import rebuild_rollups
from monitoring.models import Rollup, Series, Tag
from monitoring.storage.retention import apply_retention

START = datetime(2026, 1, 30, 23, 59, 58, tzinfo=UTC)
TAG, OTHER = "fermenter_temp", "fermenter_ph"
MINUTE, DAY = f"{TAG} 60 s 2026-01-31T00:00:00Z", f"{TAG} 86400 s 2026-01-31T00:00:00Z"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def measurements() -> None:
    """Four seconds of two tags, two before midnight and two after it."""
    moments = [(START + timedelta(seconds=place)).isoformat() for place in range(4)]
    values = {TAG: (36.0, 46.0, 37.0, 38.0), OTHER: (7.0, 7.1, 7.2, 7.3)}
    ingest_readings(
        [
            {"timestamp": moment, "tag": tag, "value": value}
            for tag in values
            for moment, value in zip(moments, values[tag], strict=True)
        ]
    )


@pytest.fixture
def rebuild(capsys):
    """Runs the command; the lines that it writes."""

    def run(*arguments: str) -> list[str]:
        call_command("rebuild_rollups", *arguments)
        return capsys.readouterr().out.splitlines()

    return run


def everything() -> tuple[list[Any], list[Any]]:
    """Rollups and series as they are stored, without the rows' ids."""
    rollups = Rollup.objects.order_by("tag", "resolution_s", "start").values()
    return [{**row, "id": None} for row in rollups], list(Series.objects.order_by("tag").values())


def test_where_all_is_right_nothing_changes(rebuild) -> None:
    before = everything()
    assert rebuild() == rebuild("--check") == ["Everything is as the measurements say."]
    assert everything() == before


@pytest.mark.parametrize(
    ("field", "wrong", "told"),
    [
        ("count", 3, "count: 3 -> 2"),
        ("total", 75.001, "total: 75.001 -> 75"),
        ("minimum", 36.5, "minimum: 36.5 -> 37"),
        ("minimum_at", START, "minimum_at: 2026-01-30T23:59:58Z -> 2026-01-31T00:00:00Z"),
        ("maximum", 39, "maximum: 39 -> 38"),
        ("maximum_at", START, "maximum_at: 2026-01-30T23:59:58Z -> 2026-01-31T00:00:01Z"),
        ("anomalies", 1, "anomalies: 1 -> 0"),
    ],
)
def test_a_wrong_number_is_told_and_corrected(rebuild, field: str, wrong: object, told: str) -> None:
    before = everything()
    Rollup.objects.filter(tag__name=TAG, resolution_s=60, minimum=37).update(**{field: wrong})
    assert rebuild() == [f"{MINUTE} {told}", "1 numbers corrected."]
    assert everything() == before


def test_check_tells_the_same_changes_nothing_and_fails(capsys) -> None:
    Rollup.objects.filter(tag__name=TAG, minimum=37).update(count=F("count") + 1)
    before = everything()
    with pytest.raises(CommandError, match="4 numbers are wrong") as failed:
        call_command("rebuild_rollups", "--check")
    assert failed.value.returncode == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"{DAY} count: 3 -> 2"
    assert everything() == before


def test_rows_that_lack_are_made_and_those_that_should_not_be_are_deleted(rebuild) -> None:
    before = everything()
    Rollup.objects.filter(tag__name=TAG, resolution_s=60, minimum=37).update(
        start=START.replace(year=2001, second=0)
    )
    assert rebuild() == [
        f"{TAG} 60 s 2001-01-30T23:59:00Z count: 2 -> none",
        f"{MINUTE} count: none -> 2",
        "2 numbers corrected.",
    ]
    assert everything() == before


def test_all_of_it_is_made_anew(rebuild) -> None:
    before = everything()
    Rollup.objects.all().delete()
    Series.objects.all().delete()
    assert len(rebuild()) == 2 * (4 * 2 + 3) + 1
    assert everything() == before


def test_a_range_is_rebuilt_in_whole_days_and_without_the_series(rebuild) -> None:
    Rollup.objects.update(count=0)
    Series.objects.update(anomalies=9)
    lines = rebuild("--from", "2026-01-31T17:00:00Z", "--to", "2026-01-31")
    assert len(lines) == 2 * 4 + 1
    assert all("2026-01-31T00:00:00Z count: 0 -> 2" in line for line in lines[:-1])
    assert Rollup.objects.filter(count=0).count() == 2 * 4


def test_only_the_tags_that_are_named(rebuild) -> None:
    Rollup.objects.update(anomalies=5)
    assert len(rebuild("--tag", OTHER)) == 4 * 2 + 1
    assert set(Rollup.objects.filter(anomalies=5).values_list("tag__name", flat=True)) == {TAG}


def test_totals_of_a_tag_are_corrected(rebuild) -> None:
    before = everything()
    Series.objects.filter(tag__name=TAG).update(measurements=3, anomalies=2, last=START)
    assert rebuild() == [
        f"{TAG} series measurements: 3 -> 4",
        f"{TAG} series anomalies: 2 -> 1",
        f"{TAG} series last: 2026-01-30T23:59:58Z -> 2026-01-31T00:00:01Z",
        "3 numbers corrected.",
    ]
    assert everything() == before


def test_what_was_deleted_can_not_be_rebuilt_and_that_is_said(rebuild) -> None:
    Tag.objects.filter(name=TAG).update(retention_days=1)
    apply_retention(now=START + timedelta(days=1, seconds=5))
    Rollup.objects.filter(tag__name=TAG).update(anomalies=7)
    lines = rebuild()
    assert lines[0].startswith(f"{TAG}: what begins before 2026-01-31T00:00:00Z stays as it is")
    assert len(lines) == 1 + 4 + 1
    assert Rollup.objects.filter(anomalies=7).count() == 4


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--tag", "nope"], "nope: no such tag. Choose from: agitator_rpm, "),
        (["--from", "2026-02-01", "--to", "2026-01-31"], "--from is after --to"),
        (["--from", "1712010112000"], "--from: expected ISO 8601, as in .* not a number: convert .*"),
        (["--from", "yesterday"], "--from: expected ISO 8601, as in .*, got 'yesterday'"),
    ],
)
def test_what_can_not_be_done_is_said(arguments: list[str], match: str) -> None:
    with pytest.raises(CommandError, match=match):
        call_command("rebuild_rollups", *arguments)


def test_a_database_that_is_away_is_said(monkeypatch) -> None:
    def away(*how: object, **more: object) -> None:
        raise OperationalError("unable to open database file")

    monkeypatch.setattr(rebuild_rollups, "spans_of", away)
    with pytest.raises(CommandError, match=r"can't be used .unable to open.*run the same again"):
        call_command("rebuild_rollups")


def test_recent_values_that_are_not_those_stored_are_corrected(rebuild) -> None:
    before = everything()
    Series.objects.filter(tag__name=TAG).update(recent_values=bytes(8))
    assert rebuild() == [f"{TAG} series wrong recent values: 1 -> 0", "1 numbers corrected."]
    assert everything() == before
