"""The audit trail: every change and login, with who, when, old and new; no secrets, and no way to edit it."""

import csv
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from django_q.models import Schedule
from rest_framework.authtoken.models import Token as UserToken

from fermon_site.audit import AppendOnlyError
from monitoring.access.token_store import issue_token
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import SetAsideReading, Tag, Token
from monitoring.models.token import Scope

TRAIL = "/admin/auditlog/logentry/"
LOGIN = {"username": "admin", "password": "password"}

pytestmark = pytest.mark.django_db


def newest() -> LogEntry:
    return LogEntry.objects.order_by("-pk")[0]


def change_limit(admin_client: Client, **more: str) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    form = {"valid_min": 30, "valid_max": 50, "lower_limit": 35, "upper_limit": 44, "active": "on", **more}
    admin_client.post(f"/admin/monitoring/tag/{tag.pk}/change/", form)


def test_a_changed_limit_is_told_with_old_and_new_who_from_where_and_why(admin_client: Client) -> None:
    change_limit(admin_client, reason="Batch 7 runs cooler", retention_days="30")
    entry = newest()
    assert entry.changes["upper_limit"] == ["45.0", "44.0"]
    assert entry.changes["retention_days"] == ["None", "30"]
    assert (entry.actor_email, entry.remote_addr) == ("admin", "127.0.0.1")
    assert entry.additional_data == {"reason": "Batch 7 runs cooler"}


def test_nobody_passes_for_another_address(admin_client: Client) -> None:
    admin_client.defaults["HTTP_X_FORWARDED_FOR"] = "'; DROP TABLE"
    change_limit(admin_client)
    assert newest().remote_addr == "127.0.0.1"


def test_users_groups_and_tokens_leave_their_traces_without_secrets(admin_client: Client) -> None:
    user = User.objects.create_user("eva", None, "first secret")
    user.set_password("second secret")
    user.save()
    assert newest().changes == {"password": ["(not shown)", "(not shown)"]}
    user.groups.add(Group.objects.get_or_create(name="operator")[0])
    assert newest().changes["groups"]["operation"] == "add"
    issue_token(name="gateway", scope=Scope.INGEST)
    assert newest().changes["digest"] == ["None", "(not shown)"]
    told = repr(list(LogEntry.objects.values()))
    assert user.password not in told
    assert Token.objects.get().digest not in told


def test_a_users_own_token_is_not_told(admin_client: Client) -> None:
    key = UserToken.objects.create(user=User.objects.get(username="admin")).key
    assert newest().additional_data == {"what": "token made"}
    assert key not in repr(list(LogEntry.objects.values()))


def test_a_revoked_token_is_told(admin_client: Client) -> None:
    issue_token(name="gateway", scope=Scope.INGEST)
    chosen = {"action": "revoke", "_selected_action": [Token.objects.get().pk]}
    admin_client.post("/admin/monitoring/token/", chosen)
    assert newest().changes == {"active": ["True", "False"]}
    assert newest().actor_email == "admin"


def test_each_login_is_told_and_each_that_failed(client: Client, admin_user: User) -> None:
    client.post("/login", LOGIN)
    assert (newest().additional_data, newest().actor) == ({"what": "login"}, admin_user)
    client.post("/logout")
    assert newest().additional_data == {"what": "log-out"}
    client.post("/login", LOGIN | {"password": "wrong one"})
    assert (newest().additional_data, newest().actor) == ({"what": "login failed"}, None)
    client.post("/login", {"username": "my passphrase", "password": "x"})
    assert newest().object_repr == "(no such user)"
    assert "wrong one" not in repr(list(LogEntry.objects.values()))


def test_measurements_leave_none(admin_client: Client, reading: dict[str, Any]) -> None:
    before = LogEntry.objects.count()
    ingest_readings([reading])
    admin_client.post("/ingest", {**reading, "value": 38}, content_type="application/json")
    assert LogEntry.objects.count() == before


def test_it_stays_as_it_is(admin_client: Client) -> None:
    change_limit(admin_client)
    entry = newest()
    entry.object_repr = "another"
    for attempt in (entry.save, entry.delete, LogEntry.objects.all().delete):
        with transaction.atomic(), pytest.raises(AppendOnlyError):
            attempt()
    for path in (f"{entry.pk}/delete/", "add/"):
        assert admin_client.post(f"{TRAIL}{path}", {"post": "yes"}).status_code == 403
    admin_client.post(f"{TRAIL}{entry.pk}/change/", {"object_repr": "another"})
    admin_client.post(TRAIL, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert newest().object_repr == "fermenter_temp"


def test_who_it_was_stays_known_when_the_account_is_gone(admin_client: Client, admin_user: User) -> None:
    change_limit(admin_client)
    admin_user.delete()
    assert LogEntry.objects.get(changes__has_key="upper_limit").actor_email == "admin"


def test_it_is_read_searched_and_exported(admin_client: Client) -> None:
    change_limit(admin_client, reason="=HYPERLINK(1)")
    entry = newest()
    assert "=HYPERLINK(1)" in admin_client.get(f"{TRAIL}?q=fermenter").content.decode()
    assert "44.0" in admin_client.get(f"{TRAIL}{entry.pk}/change/").content.decode()
    assert "=HYPERLINK(1)" not in admin_client.get(f"{TRAIL}?q=nowhere").content.decode()
    answer = admin_client.post(TRAIL, {"action": "export", "_selected_action": [entry.pk]})
    (row,) = csv.DictReader(b"".join(answer).decode().splitlines())
    assert (row["who"], row["object"]) == ("admin", "fermenter_temp")
    assert '"upper_limit": ["45.0", "44.0"]' in row["changes"]


def test_who_puts_the_backup_off_is_told_and_the_worker_is_not(admin_client: Client) -> None:
    form = {"func": "monitoring.tasks.back_up", "schedule_type": "D", "repeats": "-1", "minutes": ""}
    path, later = "/admin/django_q/schedule/", {"next_run_0": "2099-01-01", "next_run_1": "00:00:00"}
    admin_client.post(f"{path}add/", form | later | {"next_run_0": "2027-01-01"})
    assert (newest().action, newest().actor_email) == (LogEntry.Action.CREATE, "admin")
    schedule = Schedule.objects.get()
    admin_client.post(f"{path}{schedule.pk}/change/", form | later)
    assert newest().changes == {"next_run": ["2027-01-01 00:00:00", "2099-01-01 00:00:00"]}
    count = LogEntry.objects.count()
    schedule.next_run = datetime.now(UTC) + timedelta(days=1)
    Context().run(schedule.save)  # as in the worker, where no request is answered
    assert LogEntry.objects.count() == count
    admin_client.post(f"{path}{schedule.pk}/delete/", {"post": "yes"})
    assert newest().changes["func"] == ["monitoring.tasks.back_up", "None"]


def test_a_reading_that_is_dismissed_stays_here(admin_client: Client) -> None:
    for place in range(3):
        SetAsideReading.objects.create(
            digest=str(place), reading={"value": place}, set_aside_at=datetime.now(UTC), message="too hot"
        )
    first, *others = SetAsideReading.objects.order_by("pk")
    path = "/admin/monitoring/setasidereading/"
    admin_client.post(f"{path}{first.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in others], "post": "yes"}
    admin_client.post(path, chosen)
    entries = LogEntry.objects.filter(object_repr="too hot", action=LogEntry.Action.DELETE)
    assert not SetAsideReading.objects.exists()
    gone = {entry.changes["reading"][0] for entry in entries}
    assert gone == {'{"value": 0}', '{"value": 1}', '{"value": 2}'}
    assert {entry.actor_email for entry in entries} == {"admin"}


@pytest.mark.parametrize("path", ["{}/delete/", ""])
def test_with_a_group_its_users_lose_their_role_and_that_is_told(admin_client: Client, path: str) -> None:
    group, eva = Group.objects.get(name="engineer"), User.objects.create_user("eva")
    eva.groups.add(group)
    chosen = {"post": "yes", "action": "delete_selected", "_selected_action": group.pk}
    admin_client.post(f"/admin/auth/group/{path.format(group.pk)}", chosen)
    assert not eva.groups.exists()
    entry = LogEntry.objects.filter(object_repr="eva").order_by("-pk")[0]
    assert entry.changes["groups"] == {"type": "m2m", "operation": "delete", "objects": ["engineer"]}
    assert entry.actor_email == "admin"


def test_changes_of_vessels_and_batches_name_the_caller(client: Client, admin_user: User) -> None:
    """A caller without a session, who has a token or uses an open Fermon, is in the trail, too."""
    client.post("/vessels", {"name": "v1"}, content_type="application/json")
    assert newest().actor_email == "somebody at 127.0.0.1"
    bound = {"tag": "fermenter_temp", "role": "temperature"}
    client.post("/vessels/v1/tags", bound, content_type="application/json")
    assert newest().changes["role"] == ["None", "temperature"]
    started = {"vessel": "v1", "name": "b1", "by": "Ann"}
    client.post("/batches", started, content_type="application/json")
    assert (newest().object_repr, newest().actor_email) == ("b1", "Ann (unverified)")
    pk = newest().object_pk  # the token, too, is in the trail
    header = {"authorization": f"Token {UserToken.objects.create(user=admin_user).key}"}
    client.post(f"/batches/{pk}/end", {}, content_type="application/json", headers=header)
    assert newest().changes["state"] == ["running", "complete"]
    assert (newest().actor, newest().actor_email, newest().remote_addr) == (admin_user, "admin", "127.0.0.1")
    assert "revision" not in newest().changes
