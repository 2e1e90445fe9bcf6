"""Notifications in the admin: no secret is shown, nothing of the log changes."""

import json
from datetime import UTC, datetime

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from monitoring.models import Channel, Delivery, MaintenanceWindow, Schedule
from tests.notifying import make_channel

pytestmark = pytest.mark.django_db
SECRET = "correct-horse"  # noqa: S105


@pytest.fixture
def admin(client: Client) -> Client:
    """The browser of somebody who may do everything."""
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_a_channel_shows_no_secret_and_keeps_what_the_notifier_writes(admin: Client) -> None:
    channel = make_channel(kind="email", secrets={"password": SECRET}, failure="550")
    path = f"/admin/monitoring/channel/{channel.pk}/change/"
    html = admin.get(path).content.decode()
    assert "to: anna@plant.example" in html
    assert SECRET not in html
    answer = admin.post(
        path, {"name": "Anna", "position": "2", "person": channel.person_id, "allows_local": "on"}
    )
    assert answer.status_code == 302
    channel.refresh_from_db()
    assert (channel.name, channel.position, channel.is_enabled, channel.failure) == ("Anna", 2, False, "550")
    assert channel.secrets == {"password": SECRET}
    channel.secrets = {"password": "new"}
    channel.save()
    trail = json.dumps(list(LogEntry.objects.values_list("changes", flat=True)))
    assert SECRET not in trail
    assert admin.get("/admin/monitoring/channel/add/")["Location"] == "/notifications/channels/add"


def test_the_outbox_is_read_only(admin: Client) -> None:
    now = datetime.now(UTC)
    row = Delivery.objects.create(kind="test", channel=make_channel(), created_at=now, due_at=now)
    assert "Anna: e-mail" in admin.get("/admin/monitoring/delivery/").content.decode()
    path = f"/admin/monitoring/delivery/{row.pk}/change/"
    assert (admin.get(path).status_code, admin.post(path, {"state": "sent"}).status_code) == (200, 403)
    assert admin.post("/admin/monitoring/delivery/add/").status_code == 403


def test_schedules_and_windows_are_made(admin: Client) -> None:
    channel = make_channel()
    empty = {f"{part}-{end}_FORMS": "0" for part in ("members", "overrides") for end in ("TOTAL", "INITIAL")}
    member = {"members-TOTAL_FORMS": "1", "members-0-person": channel.person_id, "members-0-position": "1"}
    fields = {"name": "Shift", "starts_on": "2026-01-31", "hands_over_at": "08:00", "rotation_days": "7"}
    path = "/admin/monitoring/schedule/add/"
    wrong = admin.post(path, {**fields, **empty, **member, "time_zone": "Mars"})
    assert "as Europe/Berlin" in wrong.content.decode()
    assert admin.post(path, {**fields, **empty, **member, "time_zone": "Europe/Berlin"}).status_code == 302
    assert str(Schedule.objects.get().members.get()) == "Shift: Anna"
    times = {"start_0": "2026-01-31", "start_1": "12:00:00", "end_0": "2026-01-31", "end_1": "13:00:00"}
    assert (
        admin.post("/admin/monitoring/maintenancewindow/add/", {**times, "reason": "CIP"}).status_code == 302
    )
    window = MaintenanceWindow.objects.get()
    assert (window.by, window.start) == ("root", datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert Channel.objects.count() == 1
