"""The login page, and who the dashboard says is signed in."""

from collections.abc import Callable

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

PASSWORD = "correct horse battery"  # noqa: S105
BROWSER = {"accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def anna(settings: Settings, account: Callable[[str], User]) -> User:
    """A viewer with a password; Fermon is closed."""
    settings.FERMON_OPEN = False
    user = account("viewer")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, password: str = PASSWORD, following: str = ""):
    return client.post("/login", {"username": "viewer", "password": password, "next": following})


@pytest.mark.django_db
def test_it_leads_on_to_the_page_that_was_asked_for(client: Client, anna: User) -> None:
    asked = client.get("/dashboard?tag=fermenter_ph").headers["Location"]
    assert b'value="/dashboard?tag=fermenter_ph"' in client.get(asked).content
    answer = sign_in(client, following="/dashboard?tag=fermenter_ph")
    assert answer.headers["Location"] == "/dashboard?tag=fermenter_ph"


@pytest.mark.django_db
@pytest.mark.parametrize("following", ["", "https://elsewhere.example/", "//elsewhere.example"])
def test_it_leads_nowhere_else(client: Client, anna: User, following: str) -> None:
    assert sign_in(client, following=following).headers["Location"] == "/dashboard"


@pytest.mark.django_db
def test_a_wrong_password_is_told_and_not_which_part_was_wrong(client: Client, anna: User) -> None:
    page = sign_in(client, "wrong").content.decode()
    assert 'role="alert"' in page
    assert "Please enter a correct username and password" in page
    assert "wrong" not in page


@pytest.mark.django_db
def test_a_name_that_nobody_can_have_is_told_alike_and_not_kept(client: Client, anna: User) -> None:
    page = client.post("/login", {"username": "x" * 151, "password": PASSWORD}).content.decode()
    assert "Please enter a correct username and password" in page
    assert not AccessAttempt.objects.exists()
    client.post("/login", {"username": "x" * 150, "password": PASSWORD})
    assert AccessAttempt.objects.get().username == "x" * 150


@pytest.mark.django_db
def test_the_page_says_who_is_signed_in_and_signs_out(client: Client, anna: User) -> None:
    sign_in(client)
    page = client.get("/dashboard").content.decode()
    assert "Signed in as <strong>viewer</strong>" in page
    assert "open: no login needed" not in page
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").headers["Location"] == "/dashboard"
    assert client.get("/dashboard").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_another_site_can_neither_sign_in_nor_out(anna: User, path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403


@pytest.mark.django_db
def test_without_a_role_it_is_told_and_can_sign_out(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    client.force_login(User.objects.create_user("new"))
    answer = client.get("/dashboard", headers=BROWSER)
    assert answer.status_code == 403
    assert "An administrator gives roles" in answer.content.decode()
    assert 'action="/logout"' in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/dashboard", "/admin/"])
def test_a_script_is_told_in_json(client: Client, settings: Settings, path: str) -> None:
    settings.FERMON_OPEN = False
    answer = client.get(path, headers={"accept": "application/json"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert "Authorization: Token" in answer.json()["detail"]


def test_while_the_database_is_away_there_is_still_a_page(client: Client, database_away: None) -> None:
    assert client.get("/login").status_code == 200
    answer = sign_in(client)
    assert answer.status_code == 503
    assert "database is away" in answer.content.decode()
