"""Who gets into the admin, and how."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def test_a_stranger_is_led_to_the_one_login_page_and_back(client: Client) -> None:
    answer = client.get("/admin/monitoring/tag/", follow=True)
    assert answer.redirect_chain[-1][0] == "/login?next=/admin/monitoring/tag/"


@pytest.mark.parametrize("role", ["engineer", "administrator"])
def test_a_role_is_enough(client: Client, account: Callable[[str], User], role: str) -> None:
    client.force_login(account(role))
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/login/").headers["Location"] == "/admin/"


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_only_reads_is_told_why_not(client: Client, account: Callable[[str], User], role: str) -> None:
    client.force_login(account(role))
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "for engineers and administrators" in answer.content.decode()


def test_an_engineer_sees_tags_and_no_users(client: Client, account: Callable[[str], User]) -> None:
    client.force_login(account("engineer"))
    page = client.get("/admin/").content.decode()
    assert "/admin/monitoring/tag/add/" in page
    assert "/admin/auth/user/" not in page


def test_the_first_administrator_is_made_by_the_command(client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    assert "/admin/auth/user/" in client.get("/admin/").content.decode()


def test_each_role_is_a_group_with_its_permissions() -> None:
    count = {group.name: group.permissions.count() for group in Group.objects.all()}
    assert count["viewer"] == 1
    assert count["viewer"] < count["operator"] < count["engineer"] < count["administrator"]


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/monitoring/tag/", "/logout"])
@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_while_the_database_is_away_everybody_is_told_so_in_their_way(
    client: Client, settings: Settings, database_away: None, path: str, kind: str, is_open: bool
) -> None:
    settings.FERMON_OPEN = is_open
    client.cookies["sessionid"] = "abcdefghijklmnop"
    answer = client.post(path, headers={"accept": kind})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"].startswith(kind)
    assert "The database is away" in answer.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        "monitoring/tag/?group=%00",
        "monitoring/tag/?id__in=999999999999999999999999",
        "monitoring/measurement/?timestamp__year=999999999999999999999999",
        "monitoring/event/?tag=999999999999999999999999",
        "monitoring/series/?pk=999999999999999999999999",
        "auditlog/logentry/?resource_type=x",
        "django_q/success/%00/change/",
    ],
)
def test_what_no_column_can_have_is_no_fault_of_ours(admin_client: Client, asked: str) -> None:
    assert admin_client.get(f"/admin/{asked}").status_code in {200, 302, 400}


def test_nor_is_a_row_that_has_no_number(admin_client: Client) -> None:
    chosen = {"action": "revoke", "_selected_action": "x"}
    assert admin_client.post("/admin/monitoring/token/", chosen).status_code == 400
