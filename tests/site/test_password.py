"""GET, POST /password: whoever is signed in changes their own password, whatever their role."""

from collections.abc import Callable

import pytest
from auditlog.models import LogEntry
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

OLD, NEW = "correct horse battery", "staple of the new harvest"
CHANGE = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def closed(settings: Settings) -> None:
    settings.FERMON_OPEN = False


@pytest.fixture
def sign_in(account: Callable[[str], User]) -> Callable[[str], Client]:
    """Another browser of this role's account, which has a password. Without a role it is "new"."""

    def sign_in_as(role: str) -> Client:
        user = User.objects.filter(username=role).first()
        if user is None:
            user = User.objects.create_user(role) if role == "new" else account(role)
            user.set_password(OLD)
            user.save()
        browser = Client()
        assert browser.post("/login", {"username": role, "password": OLD}).status_code == 302
        return browser

    return sign_in_as


@pytest.mark.parametrize("role", ["viewer", "operator", "engineer", "administrator", "new"])
def test_whoever_is_signed_in_changes_their_own(sign_in: Callable[[str], Client], role: str) -> None:
    browser = sign_in(role)
    assert "Old password" in browser.get("/password").content.decode()
    answer = browser.post("/password", CHANGE, follow=True)
    assert answer.redirect_chain == [("/password/changed", 302)]
    assert f"stay signed in as <strong>{role}</strong>" in answer.content.decode()
    assert User.objects.get(username=role).check_password(NEW)


def test_all_other_sessions_end_and_this_one_stays(sign_in: Callable[[str], Client]) -> None:
    here, elsewhere, other = sign_in("viewer"), sign_in("viewer"), sign_in("operator")
    here.post("/password", CHANGE)
    assert here.get("/dashboard").status_code == 200
    assert elsewhere.get("/dashboard").status_code == 302
    assert elsewhere.get("/data").status_code == 401
    assert other.get("/dashboard").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"old_password": "guessed"}, "Your old password was entered incorrectly"),
        ({"new_password2": "another"}, "The two password fields"),
        ({"new_password1": "short", "new_password2": "short"}, "This password is too short"),
        ({"new_password1": "viewer12", "new_password2": "viewer12"}, "too similar to the username"),
        ({"new_password1": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(
    sign_in: Callable[[str], Client], wrong: dict[str, str], said: str
) -> None:
    page = sign_in("viewer").post("/password", CHANGE | wrong).content.decode()
    assert 'role="alert"' in page
    assert said in page
    assert OLD not in page
    assert NEW not in page
    assert User.objects.get(username="viewer").check_password(OLD)


def test_guessing_with_somebodys_session_ends(sign_in: Callable[[str], Client], settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    thief = sign_in("viewer")
    codes = [thief.post("/password", CHANGE | {"old_password": "guessed"}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    answer = thief.post("/password", CHANGE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert User.objects.get(username="viewer").check_password(OLD)
    assert sign_in("operator").post("/password", CHANGE).status_code == 302


def test_a_wrong_old_password_leaves_its_trace_and_no_secret(sign_in: Callable[[str], Client]) -> None:
    sign_in("viewer").post("/password", CHANGE | {"old_password": "almost it"})
    entry = LogEntry.objects.order_by("-pk")[0]
    assert (entry.object_repr, entry.additional_data) == ("viewer", {"what": "login failed"})
    told = repr([*LogEntry.objects.values(), *AccessAttempt.objects.values()])
    assert "old_password" in told
    assert "almost it" not in told
    assert NEW not in told


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_admin_has_no_other_page_for_it(sign_in: Callable[[str], Client], method: str) -> None:
    answer = getattr(sign_in("engineer"), method)("/admin/password_change/", CHANGE)
    assert answer.headers["Location"] == "/password"
    assert User.objects.get(username="engineer").check_password(OLD)


def test_it_is_in_the_audit_trail_without_the_password(sign_in: Callable[[str], Client]) -> None:
    sign_in("viewer").post("/password", CHANGE)
    entry = LogEntry.objects.order_by("-pk")[0]
    assert entry.changes == {"password": ["(not shown)", "(not shown)"]}
    assert (entry.object_repr, entry.actor_email, entry.remote_addr) == ("viewer", "viewer", "127.0.0.1")
    told = repr(list(LogEntry.objects.values()))
    assert not any(secret in told for secret in (OLD, NEW, User.objects.get(username="viewer").password))


@pytest.mark.parametrize("path", ["/dashboard", "/backtest"])
def test_pages_link_to_it_for_whoever_is_signed_in(sign_in: Callable[[str], Client], path: str) -> None:
    assert 'href="/password"' in sign_in("viewer").get(path).content.decode()


def test_who_has_no_role_finds_it_where_that_is_told(sign_in: Callable[[str], Client]) -> None:
    answer = sign_in("new").get("/dashboard", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert 'href="/password"' in answer.content.decode()


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("path", ["/password", "/password/changed"])
def test_a_stranger_has_none(client: Client, settings: Settings, path: str, is_open: bool) -> None:
    settings.FERMON_OPEN = is_open
    assert client.get(path).headers["Location"] == f"/login?next={path}"
    answer = client.post(path, CHANGE, headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Token")
    assert 'href="/password"' not in client.get("/dashboard", follow=True).content.decode()


def test_another_site_can_not_change_it(sign_in: Callable[[str], Client]) -> None:
    browser = sign_in("viewer")
    browser.handler.enforce_csrf_checks = True
    assert browser.post("/password", CHANGE).status_code == 403
    assert User.objects.get(username="viewer").check_password(OLD)


def test_no_browser_keeps_the_page(sign_in: Callable[[str], Client]) -> None:
    assert "no-store" in sign_in("viewer").get("/password").headers["Cache-Control"]


def test_while_the_database_is_away_there_is_still_a_page(client: Client, database_away: None) -> None:
    client.cookies["sessionid"] = "somebodys"
    answer = client.get("/password")
    assert answer.status_code == 503
    assert "database is away" in answer.content.decode()
