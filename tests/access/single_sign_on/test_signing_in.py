"""The login at a provider that runs in a thread, its roles each time, and what goes wrong."""

import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from auditlog.models import LogEntry
from axes.models import AccessAttempt
from django.conf import global_settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from monitoring.access.one_time_codes import pending
from monitoring.access.single_sign_on import session_refresh
from monitoring.access.single_sign_on.provider import provider
from monitoring.models import ExternalIdentity

# The provider's library calls its own old interface.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")]
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate"}
SUBJECT = "5c0f-anna"
PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture
def set_user(configured: Callable[..., None], provider_url: str) -> Callable[..., None]:
    """Says which groups somebody has at the provider from now on; Fermon is configured for it."""
    configured(provider_url)

    def put(*groups: str, subject: str = SUBJECT, **claims: Any) -> None:
        body = {"preferred_username": "anna", "email": "anna@plant.example", "roles": list(groups), **claims}
        requests.put(f"{provider_url}/users/{subject}", json=body, timeout=10).raise_for_status()

    return put


def at_provider(location: str, subject: str = SUBJECT, **form: str) -> str:
    """Where the provider sends the browser after the person has signed in there."""
    answer = requests.post(location, data={"sub": subject, **form}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def sign_in(client: Client, subject: str = SUBJECT, following: str = "/dashboard?tag=a") -> Any:
    """Signs in; returns the answer to the browser that comes back."""
    started = client.get("/sign-in/start", {"next": following})
    return client.get(at_provider(started.headers["Location"], subject))


def roles(name: str = "anna") -> set[str]:
    return set(User.objects.get(username=name).groups.values_list("name", flat=True))


def make_due(client: Client, ago_s: float = 1) -> None:
    """Makes the last answer of the provider an old one."""
    session = client.session
    session[session_refresh.EXPIRY_KEY] = time.time() - ago_s
    session.save()


def test_a_login_makes_an_account_with_the_roles_of_its_groups(
    client: Client, set_user: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    set_user("plant-operators", "gardeners")
    with caplog.at_level(logging.DEBUG):
        answer = sign_in(client)
    assert answer.headers["Location"] == "/dashboard?tag=a"
    user = User.objects.get(username="anna")
    assert (roles(), user.has_usable_password(), user.is_superuser) == ({"operator"}, False, False)
    assert (user.external_identity.subject, client.session["_auth_user_id"]) == (SUBJECT, str(user.pk))
    page = client.get("/dashboard", headers=PAGE).content.decode()
    assert "Signed in as <strong>anna</strong>" in page
    assert "Change password" not in page
    told = repr(
        [each.__dict__ for each in caplog.records if not each.name.startswith(("werkzeug", "authlib"))]
    )
    assert "not to be seen" not in told


def test_the_request_has_state_nonce_and_a_code_challenge(
    client: Client, set_user: Callable[..., None]
) -> None:
    query = parse_qs(urlsplit(client.get("/sign-in/start").headers["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge", "redirect_uri"} <= query.keys()
    assert query["redirect_uri"] == ["http://testserver/sign-in/return"]


def test_groups_are_set_at_each_login_and_the_trail_says_so(
    client: Client, set_user: Callable[..., None]
) -> None:
    set_user("plant-operators")
    sign_in(client)
    set_user("plant-engineers")
    User.objects.get().groups.add(Group.objects.get(name="administrator"))  # by hand: it does not last
    sign_in(client)
    assert roles() == {"engineer"}
    set_user()
    sign_in(client)
    assert roles() == set()
    assert User.objects.count() == ExternalIdentity.objects.count() == 1
    changes = LogEntry.objects.filter(actor_email="single sign-on (Plant login)")
    assert any("groups" in each.changes and "engineer" in repr(each.changes) for each in changes)
    assert LogEntry.objects.filter(additional_data={"what": "login"}, actor__username="anna").exists()


def test_without_a_group_the_page_says_what_to_do(client: Client, set_user: Callable[..., None]) -> None:
    set_user("gardeners")
    sign_in(client)
    answer = client.get("/dashboard", headers=PAGE)
    assert answer.status_code == 403
    assert "none of your groups there has a role in Fermon" in answer.content.decode()
    assert 'action="/logout"' in answer.content.decode()


def test_nobody_gets_the_account_of_another_by_name_or_address(
    client: Client, set_user: Callable[..., None]
) -> None:
    local = User.objects.create_superuser("anna", email="anna@plant.example", password=PASSWORD)
    set_user("plant-operators")
    sign_in(client)
    set_user("plant-operators", subject="somebody-else")
    sign_in(Client(), "somebody-else")
    names = list(User.objects.order_by("pk").values_list("username", flat=True))
    assert names == ["anna", "anna@Plant-login", "anna@Plant-login-2"]
    local.refresh_from_db()
    assert (local.is_superuser, local.has_usable_password(), set(local.groups.all())) == (True, True, set())


def test_accounts_of_fermon_sign_in_as_before(client: Client, set_user: Callable[..., None]) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    page = client.get("/login?next=/dashboard").content.decode()
    assert 'href="/sign-in/start?next=%2Fdashboard">Sign in with Plant login</a>' in page
    answer = client.post("/login", {"username": "root", "password": PASSWORD, "next": "/dashboard"})
    assert answer.headers["Location"] == "/dashboard"
    assert client.get("/dashboard", headers=PAGE).status_code == 200


@pytest.mark.parametrize("following", ["https://elsewhere.example/", "//elsewhere.example", "javascript:1"])
def test_it_leads_to_own_pages_only(client: Client, set_user: Callable[..., None], following: str) -> None:
    set_user("plant-operators")
    assert sign_in(client, following=following).headers["Location"] == "/dashboard"


def test_a_login_begun_elsewhere_does_not_count_and_signs_nobody_out(
    client: Client, set_user: Callable[..., None]
) -> None:
    set_user("plant-operators")
    sign_in(client)
    foreign = Client().get("/sign-in/start").headers["Location"]
    for address in (at_provider(foreign), "/sign-in/return?error=access_denied&state=x", "/sign-in/return"):
        assert client.get(address).headers["Location"] == "/login?provider=expired"
    assert client.get("/dashboard", headers=PAGE).status_code == 200


def test_the_same_answer_counts_once(client: Client, set_user: Callable[..., None]) -> None:
    set_user("plant-operators")
    back = at_provider(client.get("/sign-in/start").headers["Location"])
    assert client.get(back).headers["Location"] == "/dashboard"
    assert client.get(back).headers["Location"] == "/login?provider=expired"


def test_a_token_of_another_login_does_not_count(client: Client, set_user: Callable[..., None]) -> None:
    set_user("plant-operators")
    location = client.get("/sign-in/start").headers["Location"]
    nonce = parse_qs(urlsplit(location).query)["nonce"][0]
    back = at_provider(location.replace(nonce, "another"))
    assert client.get(back).headers["Location"] == "/login?provider=invalid"
    assert "could not be verified" in client.get("/login?provider=invalid").content.decode()
    assert not User.objects.exists()


def test_a_code_that_the_provider_does_not_know_is_refused_and_leaves_no_trace(
    client: Client, set_user: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    state = parse_qs(urlsplit(client.get("/sign-in/start").headers["Location"]).query)["state"][0]
    with caplog.at_level(logging.INFO):
        answer = client.get("/sign-in/return", {"state": state, "code": "guessed-code"})
    assert answer.headers["Location"] == "/login?provider=refused"
    assert "guessed-code" not in repr(
        [each.__dict__ for each in caplog.records if "werkzeug" not in each.name]
    )
    assert not AccessAttempt.objects.exists()  # nobody is locked out by it


@pytest.mark.parametrize("code", ["", "guessed-code"])
def test_returns_without_a_good_code_lock_nobody_out(
    client: Client, set_user: Callable[..., None], settings: Settings, code: str
) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    set_user("plant-operators")
    for _ in range(3):
        query = parse_qs(urlsplit(client.get("/sign-in/start").headers["Location"]).query)
        answer = client.get("/sign-in/return", {"state": query["state"][0], "code": code})
        assert answer.headers["Location"] == "/login?provider=refused"
    assert not AccessAttempt.objects.exists()
    assert sign_in(client).headers["Location"] == "/dashboard?tag=a"


def test_a_return_with_neither_code_nor_error_signs_nobody_out_and_is_logged(
    client: Client, set_user: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    set_user("plant-operators")
    sign_in(client)
    query = parse_qs(urlsplit(client.get("/sign-in/start").headers["Location"]).query)
    for more in ({}, {"code": ""}, {"error": ""}):
        answer = client.get("/sign-in/return", {"state": query["state"][0], **more})
        assert answer.headers["Location"] == "/login?provider=refused"
    assert client.get("/dashboard", headers=PAGE).status_code == 200
    assert "single sign-on failed" in caplog.messages


def test_who_cancels_at_the_provider_is_told(client: Client, set_user: Callable[..., None]) -> None:
    back = at_provider(client.get("/sign-in/start").headers["Location"], action="deny")
    state = parse_qs(urlsplit(client.get("/sign-in/start").headers["Location"]).query)["state"][0]
    address = back if "state=" in back else f"{back}&state={state}"
    assert client.get(address).headers["Location"] == "/login?provider=denied"
    page = client.get("/login?provider=denied").content.decode()
    assert "Plant login did not allow the login, or it was cancelled there." in page


def test_a_closed_account_stays_closed(client: Client, set_user: Callable[..., None]) -> None:
    set_user("plant-operators")
    sign_in(client)
    User.objects.update(is_active=False)
    assert client.get("/one-time-codes").status_code == 404
    assert client.get("/password", headers=PAGE).headers["Location"].startswith("/login")
    assert sign_in(client).headers["Location"] == "/login?provider=closed"
    assert client.get("/dashboard", headers=PAGE).status_code == 302


def test_a_provider_that_is_away_is_told_and_its_users_stay(
    client: Client, set_user: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_user("plant-operators")
    sign_in(client)
    monkeypatch.setattr(type(provider()), "answers", lambda self: False)
    make_due(client)
    assert client.get("/dashboard", headers=PAGE).status_code == 200
    other = Client()
    answer = other.get("/sign-in/start?next=/dashboard")
    assert answer.headers["Location"] == "/login?provider=away&next=%2Fdashboard"
    assert "Plant login can&#x27;t be reached now" in other.get("/login?provider=away").content.decode()


def test_without_any_copy_the_page_is_there_and_says_so(
    client: Client, configured: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configured("http://127.0.0.1:1")
    assert client.get("/sign-in/start").headers["Location"] == "/login?provider=away"
    page = client.get("/login").content.decode()
    assert "Plant login does not answer now" in page
    assert 'name="password"' in page


def test_a_session_on_its_way_to_the_provider_ends_soon(
    client: Client, set_user: Callable[..., None]
) -> None:
    set_user("plant-operators")
    client.get("/sign-in/start")
    assert client.session.get_expiry_age() == pending.UNSIGNED_S
    sign_in(client)
    assert client.session.get_expiry_age() == global_settings.SESSION_COOKIE_AGE


def test_a_local_login_after_that_lasts_as_usual(client: Client, set_user: Callable[..., None]) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    client.get("/sign-in/start")
    client.post("/login", {"username": "root", "password": PASSWORD})
    assert client.session.get_expiry_age() == global_settings.SESSION_COOKIE_AGE


def test_the_provider_alone_signs_its_accounts_in(client: Client, set_user: Callable[..., None]) -> None:
    """A password that somebody sets by hand would last when the groups are withdrawn there."""
    set_user("plant-operators")
    sign_in(client)
    anna = User.objects.get()
    anna.set_password(PASSWORD)
    anna.save()
    other = Client()
    page = other.post("/login", {"username": "anna", "password": PASSWORD}).content.decode()
    assert "This account belongs to Plant login: sign in there." in page
    assert other.get("/dashboard", headers=PAGE).status_code == 302
    assert sign_in(client).headers["Location"] == "/dashboard?tag=a"
    anna.refresh_from_db()
    assert not anna.has_usable_password()


def test_navigations_ask_again_and_take_new_groups(client: Client, set_user: Callable[..., None]) -> None:
    set_user("plant-operators")
    sign_in(client)
    make_due(client)
    set_user("plant-engineers")
    data = {"accept": "application/json", "sec-fetch-mode": "cors"}
    assert client.get("/data", headers=data).status_code == 200  # a script is not led away
    led = client.get("/notes?kind=a", headers=PAGE).headers["Location"]
    assert parse_qs(urlsplit(led).query)["prompt"] == ["none"]
    assert client.get(at_provider(led.replace("prompt=none", ""))).headers["Location"] == "/notes?kind=a"
    assert roles() == {"engineer"}
    assert client.get("/notes", headers=PAGE).status_code == 200


def test_who_is_signed_in_there_no_more_is_signed_out_here(
    client: Client, set_user: Callable[..., None]
) -> None:
    set_user("plant-operators")
    sign_in(client)
    make_due(client)
    query = parse_qs(urlsplit(client.get("/notes", headers=PAGE).headers["Location"]).query)
    answer = client.get("/sign-in/return", {"state": query["state"][0], "error": "login_required"})
    assert answer.headers["Location"] == "/login?provider=ended&next=%2Fnotes"
    assert "Your login at Plant login has ended" in client.get(answer.headers["Location"]).content.decode()
    assert client.get("/notes", headers=PAGE).status_code == 302


def test_a_session_that_could_not_be_asked_for_hours_ends(
    client: Client, set_user: Callable[..., None]
) -> None:
    set_user("plant-operators")
    sign_in(client)
    make_due(client, session_refresh.LONGEST_UNASKED_S + 60)
    assert client.get("/data", headers={"accept": "application/json"}).status_code == 401


def test_signing_out_leaves_a_way_to_sign_out_there(client: Client, set_user: Callable[..., None]) -> None:
    set_user("plant-operators")
    sign_in(client)
    answer = client.post("/logout")
    assert answer.headers["Location"] == "/signed-out"
    page = client.get("/signed-out").content.decode()
    assert "/oauth2/end_session?client_id=fermon&amp;post_logout_redirect_uri=" in page
    assert client.get("/dashboard", headers=PAGE).status_code == 302


def test_tries_to_sign_in_are_counted(
    client: Client, set_user: Callable[..., None], settings: Settings
) -> None:
    settings.FERMON_STRANGER_RATE = 2
    codes = [client.get("/sign-in/start").status_code for _ in range(3)]
    assert codes == [302, 302, 429]


@pytest.mark.parametrize("path", ["/sign-in/start", "/sign-in/return", "/signed-out"])
def test_without_single_sign_on_there_is_nothing(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert "login-provider" not in client.get("/login").content.decode()
    assert not Session.objects.exists()


def test_while_the_database_is_away_there_is_still_an_answer(
    set_user: Callable[..., None], client: Client, database_away: None
) -> None:
    client.cookies["sessionid"] = "somebodys"
    for path in ("/sign-in/start", "/sign-in/return?state=a", "/dashboard"):
        assert client.get(path, headers=PAGE).status_code == 503
