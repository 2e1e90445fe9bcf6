"""Maintenance windows: alarms are suppressed by design until the end, which may be moved."""

from datetime import timedelta

import pytest

from monitoring.alarms.state_machine import Act
from monitoring.models import AlarmJournalEntry, AlarmState, MaintenanceWindow, Tag
from monitoring.notifications import windows
from tests.alarming import act, define
from tests.notifications.desk import NOON, Desk, channel, states

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def suppressed() -> dict[str, object]:
    rows = AlarmState.objects.filter(suppression="suppressed")
    return dict(rows.values_list("definition__kind", "suppressed_until"))


def test_a_window_suppresses_what_is_in_its_scope_and_cancels_what_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "AT_ONCE", 1)
    channel("office")
    high, low = define(kind="H"), define(kind="L")
    define(kind="HH", is_enabled=False)
    shelved, other = define(kind="LL"), define("fermenter_ph")
    act(shelved, Act.SHELVE, at=desk.now)
    tag = Tag.objects.get(name="fermenter_temp")
    window = MaintenanceWindow.objects.create(
        tag=tag, start=NOON, end=NOON + HOUR, reason="cleaning", by="eve"
    )
    act(high, Act.ACTIVE, at=desk.now)
    act(other, Act.ACTIVE, at=desk.now)
    desk.pass_time(5)
    assert suppressed() == dict.fromkeys(["H", "L", "LL"], NOON + HOUR)
    assert [line.tag for _, message in desk.take() for line in message.lines] == ["fermenter_ph"]
    assert states() == {"sent": 1, "cancelled": 1}
    act(low, Act.ACTIVE, at=desk.now)
    desk.pass_time(5)
    assert desk.take() == []
    entry = AlarmJournalEntry.objects.filter(act="suppress").first()
    assert (entry.by, entry.via) == ("eve", "window")
    assert entry.reason == f"maintenance window {window.pk}: cleaning"

    MaintenanceWindow.objects.update(end=NOON + 2 * HOUR)
    desk.pass_time(2)
    assert suppressed() == dict.fromkeys(["H", "L", "LL"], NOON + 2 * HOUR)
    MaintenanceWindow.objects.update(end=desk.now)
    desk.pass_time(10)
    assert suppressed() == {}
    assert {line.condition for _, message in desk.take() for line in message.lines} == {"H", "L"}


def test_a_window_of_a_group_or_the_plant_and_one_that_is_deleted(desk: Desk) -> None:
    Tag.objects.filter(name="fermenter_ph").update(group="north")
    define("fermenter_ph", "H")
    define("fermenter_temp", "L")
    MaintenanceWindow.objects.create(group="north", start=NOON, end=NOON + HOUR, reason="cleaning")
    later = MaintenanceWindow.objects.create(
        start=NOON + timedelta(seconds=30), end=NOON + 2 * HOUR, reason="stop"
    )
    desk.pass_time(3)
    assert suppressed() == {"H": NOON + HOUR}
    desk.pass_time(40)
    assert suppressed() == {"H": NOON + HOUR, "L": NOON + 2 * HOUR}
    later.delete()
    desk.pass_time(3)
    assert suppressed() == {"H": NOON + HOUR}
