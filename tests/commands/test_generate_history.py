"""manage.py generate_history"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from monitoring.ingest import open_minutes
from monitoring.ingest.exclusions import choice_of_range, exclude
from monitoring.ingest.pipeline import ingest_columns, ingest_readings
from monitoring.models import Finding, Measurement, Rollup, Series, Tag
from monitoring.sources.simulator import history
from monitoring.sources.simulator.history import SecondRange, generate_history, last_days
from monitoring.sources.simulator.source import SEED, readings_between, simulated_tags

UNTIL = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG = "fermenter_temp"

pytestmark = pytest.mark.django_db


@pytest.fixture
def short(monkeypatch) -> SecondRange:
    """A past of 20 minutes takes the place of that of the command, and small steps that of large."""
    past = SecondRange(int(UNTIL.timestamp()) - 1100, int(UNTIL.timestamp()) + 100)
    monkeypatch.setattr(history, "last_days", lambda moment, days: past)
    monkeypatch.setattr(history, "READINGS_A_STEP", 1800)
    return past


def run(*arguments: str) -> None:
    call_command("generate_history", "--until", UNTIL.isoformat(), *arguments)


def everything() -> tuple[Any, ...]:
    """All that is stored, without the rows' ids; totals as far as floats are sure of them.

    Open minutes are closed first: which readings lie there depends on how they were grouped.
    """
    open_minutes.close(list(Tag.objects.values_list("pk", flat=True)))
    rollups = Rollup.objects.order_by("tag", "resolution_s", "start").values()
    measurements = Measurement.objects.order_by("tag", "timestamp")
    findings = Finding.objects.order_by("measurement__tag", "measurement__timestamp", "reason")
    return (
        list(measurements.values_list("tag", "timestamp", "value", "is_anomaly")),
        list(findings.values_list("measurement__tag", "measurement__timestamp", "reason", "lower", "upper")),
        [{**row, "id": None, "total": pytest.approx(row["total"], rel=1e-9)} for row in rollups],
        list(Series.objects.order_by("tag").values()),
    )


def moments(tag: str = TAG) -> list[int]:
    """The seconds that are stored of the tag, in Unix time."""
    rows = Measurement.objects.filter(tag__name=tag).order_by("timestamp")
    return [int(moment.timestamp()) for moment in rows.values_list("timestamp", flat=True)]


def forget() -> None:
    """Empties the tables."""
    for model in (Finding, Measurement, Rollup, Series):
        model.objects.all().delete()


def test_it_is_what_the_simulator_would_have_written(short: SecondRange) -> None:
    run()
    generated = everything()
    assert [len(part) for part in generated][0::3] == [3 * 1200, 3]
    assert min(len(part) for part in generated[1:3]) > 30
    forget()
    first, last = (datetime.fromtimestamp(second, UTC) for second in (short.start, short.stop - 1))
    items = readings_between(simulated_tags(), first, last)
    for start in range(0, len(items), 700):
        ingest_readings(items[start : start + 700])
    assert everything() == generated


def test_a_year_ends_with_the_second_of_that_moment() -> None:
    past = last_days(UNTIL + timedelta(milliseconds=300), days=365)
    assert past == SecondRange(int(UNTIL.timestamp()) + 1 - 365 * 86_400, int(UNTIL.timestamp()) + 1)


def test_the_same_again_stores_nothing_twice(short: SecondRange, capsys) -> None:
    run()
    before = everything()
    run()
    assert everything() == before
    assert [line.split(";")[0] for line in capsys.readouterr().out.splitlines()] == [
        "3600 of 3600 readings stored",
        "0 of 3600 readings stored",
    ]


def test_what_was_broken_off_goes_on(short: SecondRange, monkeypatch, capsys) -> None:
    run()
    whole = everything()
    forget()
    store, steps = ingest_columns, iter(range(1))

    def store_once(*columns: Any) -> Any:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return store(*columns)

    monkeypatch.setattr(history, "ingest_columns", store_once)
    with pytest.raises(CommandError, match="--until 2026-01-31T12:00:00Z to go on") as stopped:
        run()
    assert stopped.value.returncode == 130
    assert 0 < Measurement.objects.count() < 3600
    monkeypatch.setattr(history, "ingest_columns", store)
    run()
    assert everything() == whole


def test_gaps_are_filled_and_what_is_stored_stays(short: SecondRange) -> None:
    real = {"timestamp": UNTIL.isoformat(), "tag": TAG, "value": 44.75}
    ingest_readings([real])
    run("--tags", TAG)
    assert moments() == list(range(short.start, short.stop))
    assert Measurement.objects.get(timestamp=UNTIL).value == 44.75


def test_the_deleted_past_stays_deleted(short: SecondRange) -> None:
    run("--tags", TAG)
    Series.objects.update(raw_from=UNTIL, measurements=0)
    Measurement.objects.all().delete()
    run("--tags", TAG)
    assert moments() == list(range(int(UNTIL.timestamp()), short.stop))


def test_only_the_tags_that_are_named_and_active_ones_only(short: SecondRange) -> None:
    Tag.objects.filter(name="fermenter_ph").update(active=False)
    run("--tags", "agitator_rpm", "agitator_rpm")
    assert {tag: len(moments(tag)) for tag in (TAG, "agitator_rpm")} == {TAG: 0, "agitator_rpm": 1200}
    run()
    assert {tag: len(moments(tag)) for tag in (TAG, "fermenter_ph")} == {TAG: 1200, "fermenter_ph": 0}


def test_another_seed_is_another_past(short: SecondRange) -> None:
    list(generate_history(simulated_tags(), short, seed=SEED))
    ours = everything()
    forget()
    run("--seed", str(SEED + 1))
    assert everything()[0] != ours[0]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--days", "0"], "--days: expected a whole number of days, 1 or more, got '0'"),
        (["--days", "1.5"], "--days: expected a whole number of days"),
        (["--days", "800000"], "--days 800000 begin before the year 1. Take fewer"),
        (["--days", "9999999999"], "begin before the year 1"),
        (["--until", "soon"], "--until: expected ISO 8601, .*, got 'soon'"),
        (["--until", "2999-01-01"], "--until 2999-01-01T23:59:59.999999Z lies in the future"),
        (["--pace", "0"], "--pace: expected a whole number of seconds, 1 or more, got '0'"),
        (["--tags", TAG, "nope"], "nope: not simulated, or not active. Choose from: fermenter_temp, "),
    ],
)
def test_what_can_not_be_done_is_said(arguments: list[str], match: str) -> None:
    with pytest.raises(CommandError, match=match):
        run(*arguments)
    assert not Measurement.objects.exists()


def test_without_simulated_tags_there_is_nothing_to_generate() -> None:
    Tag.objects.update(active=False)
    with pytest.raises(CommandError, match="No tag is simulated and active"):
        run()


def test_a_database_that_does_not_take_it_is_said(short: SecondRange, monkeypatch) -> None:
    def away(*columns: object) -> None:
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(history, "ingest_columns", away)
    with pytest.raises(CommandError, match=r"did not take it: disk I/O error. Run the same again"):
        run()


def test_times_of_excluded_measurements_are_taken(short: SecondRange) -> None:
    run("--tags", TAG)
    stored = moments()
    start, end = (datetime.fromtimestamp(second, UTC) for second in (stored[100], stored[200]))
    exclude(choice_of_range(TAG, start, end), reason="bath", by="eva")
    run("--tags", TAG)
    assert moments() == stored[:100] + stored[201:]


def test_the_name_of_the_demo_vessel_stands_for_its_tags(short: SecondRange, settings, capsys) -> None:
    run("--tags", "demo-1", TAG, "demo1.ph")
    assert f"{17 * 1200} of {17 * 1200} readings stored" in capsys.readouterr().out
    settings.FERMON_DEMO_VESSEL = False
    with pytest.raises(CommandError, match=r"demo1\.ph: not simulated, or not active"):
        run("--tags", "demo1.ph")


def test_the_pace_is_the_number_of_seconds_stored_a_second(short: SecondRange, monkeypatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    run("--tags", TAG, "--pace", "100")
    assert sum(pauses) == 12
