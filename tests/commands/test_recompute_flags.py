"""manage.py recompute_flags"""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from monitoring.ingest.pipeline import ingest_readings
from monitoring.management.commands import recompute_flags
from monitoring.models import Finding, Measurement, Series

START = datetime(2026, 1, 30, 23, 59, 30, tzinfo=UTC)
TAG, OTHER = "fermenter_temp", "fermenter_ph"
FOUND = f"{TAG}: findings added 1, removed 1, with another band 1"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def measurements() -> None:
    """Constants, left by one reading in 31; of one tag's findings one lacks, one is too many, one is off."""
    moments = [(START + timedelta(seconds=place)).isoformat() for place in range(93)]
    values = {TAG: ([40.0] * 30 + [43.0]) * 3, OTHER: ([7.0] * 30 + [7.5]) * 3}
    ingest_readings(
        [
            {"timestamp": moment, "tag": tag, "value": value}
            for tag in values
            for moment, value in zip(moments, values[tag], strict=True)
        ]
    )
    rows = Measurement.objects.filter(tag__name=TAG).order_by("timestamp")
    lacking, moved = (row for row in rows.filter(is_anomaly=True)[:2])
    Finding.objects.filter(measurement=lacking).delete()
    Finding.objects.filter(measurement=moved).update(lower=0)
    Finding.objects.create(measurement=rows[3], reason="rolling_3sigma", lower=1, upper=2)
    Measurement.objects.filter(id=lacking.id).update(is_anomaly=False)
    Measurement.objects.filter(id=rows[3].id).update(is_anomaly=True)
    call_command("rebuild_rollups")


@pytest.fixture
def command(capsys):
    """Runs the command; the lines that it writes."""
    capsys.readouterr()

    def run(*arguments: str) -> list[str]:
        call_command("recompute_flags", *arguments)
        return capsys.readouterr().out.splitlines()

    return run


def test_each_finding_becomes_what_the_rule_says(command) -> None:
    before = Series.objects.get(tag__name=TAG).anomalies
    assert command() == [f"{FOUND}; flags turned 2", "3 findings corrected."]
    assert Series.objects.get(tag__name=TAG).anomalies == before
    assert command() == command("--check") == ["Every flag is as the rule says."]
    call_command("rebuild_rollups", "--check")


def test_a_check_changes_nothing_and_fails(command, capsys) -> None:
    before = list(Finding.objects.order_by("id").values())
    with pytest.raises(CommandError, match=r"3 findings are wrong. Without --check"):
        command("--check")
    assert capsys.readouterr().out.splitlines() == [FOUND]
    assert list(Finding.objects.order_by("id").values()) == before


def test_only_what_was_asked_for_is_looked_at(command) -> None:
    assert command("--tag", OTHER) == ["Every flag is as the rule says."]
    assert command("--from", "2026-01-31", "--tag", TAG)[-1] == "2 findings corrected."
    assert command("--to", "2026-01-30")[-1] == "1 findings corrected."


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--tag", "nope"], "nope: no such tag. Choose from: agitator_rpm"),
        (["--from", "2026-02-01", "--to", "2026-01-01"], "--from is after --to"),
        (["--from", "yesterday"], "expected ISO 8601"),
    ],
)
def test_what_can_not_be_asked_for_is_told(command, arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        command(*arguments)


@pytest.mark.parametrize(
    ("error", "told"), [(OperationalError("away"), "can't be used .away."), (KeyboardInterrupt(), "Stopped.")]
)
def test_what_is_corrected_before_a_fault_stays(command, monkeypatch, error, told: str) -> None:
    def break_off(*args, **options):
        raise error

    monkeypatch.setattr(recompute_flags, "recompute", break_off)
    with pytest.raises(CommandError, match=f"{told}.*run the same again"):
        command()


def test_the_edge_of_what_retention_has_deleted_is_told(command) -> None:
    Series.objects.filter(tag__name=TAG).update(raw_from=START + timedelta(seconds=10))
    edge = f"{TAG}: the first 50 measurements from 2026-01-30T23:59:40Z on, and all before, stay"
    assert command("--tag", TAG)[0].startswith(edge)
