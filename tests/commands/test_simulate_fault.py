"""``manage.py simulate_fault``: the simulator sends what was requested, and nothing else changes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from time_machine import TimeMachineFixture

from monitoring.sources.simulator.requested_faults import path, requested_faults
from monitoring.sources.simulator.source import readings_between, simulated_tags

TAG = "fermenter_temp"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(time_machine: TimeMachineFixture) -> None:
    """A time at which the signal itself has none of the values that faults replace it by."""
    time_machine.move_to(NOON, tick=False)


def values(kind: str) -> tuple[list[float | None], list[float]]:
    """The tag's values around a fault of 6 s, without (None: no reading) and with other tags' before."""
    last = NOON + timedelta(seconds=20)
    before = readings_between(simulated_tags(), NOON, last)
    call_command("simulate_fault", TAG, kind, "--minutes", "0.1")
    after = {
        (item["timestamp"], item["tag"]): item["value"]
        for item in readings_between(simulated_tags(), NOON, last)
    }
    assert all(
        after[item["timestamp"], item["tag"]] == item["value"] for item in before if item["tag"] != TAG
    )
    own = [(item["timestamp"], item["value"]) for item in before if item["tag"] == TAG]
    return [after.get((moment, TAG)) for moment, _ in own], [value for _, value in own]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("high", 47.5), ("low", 32.5), ("impossible", 52.0), ("stuck", 40.0), ("silent", None)],
)
def test_each_kind_replaces_the_signal_for_its_time(kind: str, expected: float | None) -> None:
    faulty, normal = values(kind)
    changed = [place for place, value in enumerate(faulty) if value != normal[place]]
    assert len(changed) == 6
    assert [faulty[place] for place in changed] == [expected] * 6
    assert changed == list(range(changed[0], changed[0] + 6))


def test_a_damaged_file_is_no_fault() -> None:
    values("high")
    path().write_text("[{")
    assert requested_faults() == []


@pytest.mark.parametrize("arguments", [["no_tag", "high"], [TAG, "high", "--minutes", "0"]])
def test_what_cannot_be_simulated_is_refused_with_the_way_out(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"Simulated tags: |at most 1440"):
        call_command("simulate_fault", *arguments)
