"""One-time codes after the password: setting up an app, signing in with it, losing it."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from auditlog.models import LogEntry
from axes.models import AccessAttempt
from django.conf import global_settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings
from rest_framework.authtoken.models import Token
from time_machine import TimeMachineFixture

from monitoring.access.one_time_codes import devices, pending
from tests.access.one_time_codes.test_codes import code_of

PASSWORD = "correct horse battery"  # noqa: S105
PAGE = {"accept": "text/html"}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def optional(settings: Settings, time_machine: TimeMachineFixture) -> None:
    """One-time codes for those who want them; Fermon is closed. No step ends between a code and its check."""
    time_machine.move_to(datetime.now(UTC), tick=False)
    settings.FERMON_OPEN = False
    settings.FERMON_TOTP = "optional"
    middleware = list(settings.MIDDLEWARE)
    middleware.insert(middleware.index(settings.LOGIN_MIDDLEWARE), settings.CODE_MIDDLEWARE)
    settings.MIDDLEWARE = middleware


@pytest.fixture
def required(settings: Settings) -> None:
    """One-time codes for whoever may change settings."""
    settings.FERMON_TOTP = "required"


@pytest.fixture
def person(account: Callable[[str], User]) -> Callable[[str], User]:
    """Somebody with this role and a password."""

    def make(role: str) -> User:
        user = account(role)
        user.set_password(PASSWORD)
        user.save()
        return user

    return make


@pytest.fixture
def with_app(person: Callable[[str], User]) -> Callable[[str], tuple[User, str]]:
    """Somebody with this role and an app, and its secret; its code of this step and the next are unused."""

    def make(role: str) -> tuple[User, str]:
        user, key = person(role), devices.new_key()
        devices.confirm(user, key, code_of(key, -1))
        return user, key

    return make


def give_password(client: Client, user: User, following: str = "/dashboard?tag=a") -> Any:
    return client.post("/login", {"username": user.username, "password": PASSWORD, "next": following})


def set_up(client: Client, **more: str) -> Any:
    """Enters the code of the secret that the page shows."""
    page = client.get("/one-time-codes").content.decode()
    key = client.session[pending.NEW_KEY]["key"]
    assert f'class="secret">{devices.shown_key(key)}<' in page
    return client.post("/one-time-codes", {"act": "confirm", "code": code_of(key), **more})


def is_signed_in(client: Client) -> bool:
    return client.get("/dashboard", headers=PAGE).status_code == 200


def test_without_an_app_the_password_is_enough(client: Client, person: Callable[[str], User]) -> None:
    assert give_password(client, person("engineer")).headers["Location"] == "/dashboard?tag=a"
    assert 'href="/one-time-codes"' in client.get("/dashboard", headers=PAGE).content.decode()


def test_who_wants_sets_one_up_and_sees_recovery_codes_once(
    client: Client, person: Callable[[str], User]
) -> None:
    user = person("viewer")
    give_password(client, user)
    page = client.get("/one-time-codes").content.decode()
    assert '<svg class="qr-code" viewBox="0 0' in page
    assert 'href="otpauth://totp/Fermon%3Aviewer?secret=' in page
    answer = set_up(client)
    codes = re.findall(r"<li><code>([a-z2-9-]{19})</code>", answer.content.decode())
    assert len(codes) == devices.RECOVERY_CODES
    assert "no-store" in answer.headers["Cache-Control"]
    later = client.get("/one-time-codes").content.decode()
    assert f"Recovery codes left: {devices.RECOVERY_CODES}" in later
    assert not any(code in later for code in codes)
    assert devices.verify(user, codes[0])


def test_the_password_alone_then_opens_nothing(client: Client, with_app: Callable[..., Any]) -> None:
    user, key = with_app("engineer")
    answer = give_password(client, user)
    assert answer.headers["Location"] == "/login/code?next=%2Fdashboard%3Ftag%3Da"
    for path in ("/dashboard", "/admin/", "/password"):
        assert client.get(path, headers=PAGE).headers["Location"].startswith(("/login", "/admin/login"))
    assert client.get("/data").status_code == 401
    assert client.get("/one-time-codes").headers["Location"] == "/login/code"  # no new app in its place
    answer = client.post("/login/code", {"code": code_of(key), "next": "/dashboard?tag=a"})
    assert answer.headers["Location"] == "/dashboard?tag=a"
    assert is_signed_in(client)


@pytest.mark.parametrize("following", ["https://elsewhere.example/", "//elsewhere.example"])
def test_the_code_leads_to_own_pages_only(
    client: Client, with_app: Callable[..., Any], following: str
) -> None:
    user, key = with_app("viewer")
    assert "elsewhere" not in give_password(client, user, following).headers["Location"]
    answer = client.post("/login/code", {"code": code_of(key), "next": following})
    assert answer.headers["Location"] == "/dashboard"


def test_a_recovery_code_signs_in_once(client: Client, with_app: Callable[..., Any]) -> None:
    user, _ = with_app("viewer")
    code = devices.new_recovery_codes(user)[0]
    give_password(client, user)
    assert "Recovery code</h1>" in client.get("/login/code?recovery").content.decode()
    assert client.post("/login/code", {"code": code}).status_code == 302
    assert is_signed_in(client)
    other = Client()
    give_password(other, user)
    assert other.post("/login/code", {"code": code}).status_code == 200
    assert not is_signed_in(other)


def test_guessing_is_counted_as_guessing_a_password(
    client: Client, with_app: Callable[..., Any], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    settings.OTP_TOTP_THROTTLE_FACTOR = 0
    user, key = with_app("viewer")
    give_password(client, user)
    with caplog.at_level(logging.DEBUG):
        first = client.post("/login/code", {"code": "000000"})
    assert (first.status_code, 'role="alert"' in first.content.decode()) == (200, True)
    assert client.post("/login/code", {"code": "000000"}).status_code == 429
    assert client.post("/login/code", {"code": code_of(key)}).status_code == 429
    assert not is_signed_in(client)
    assert LogEntry.objects.filter(additional_data={"what": "login failed"}).count() == 2
    assert "000000" not in repr(
        [*AccessAttempt.objects.values(), *(each.__dict__ for each in caplog.records)]
    )


def test_after_a_wrong_code_the_page_says_how_long_to_wait(
    client: Client, with_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user, key = with_app("viewer")
    give_password(client, user)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    TOTPDevice.objects.update(throttling_failure_count=8, throttling_failure_timestamp=now)
    page = client.post("/login/code", {"code": code_of(key)}).content.decode()
    assert "Too many wrong codes. Wait 128 s" in page
    assert not is_signed_in(client)


def test_the_step_between_ends(
    client: Client, with_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user, key = with_app("viewer")
    give_password(client, user)
    monkeypatch.setattr(pending, "LASTS_S", -1)
    assert client.post("/login/code", {"code": code_of(key)}).headers["Location"] == "/login?next="
    assert not is_signed_in(client)


def test_another_password_ends_it_too(client: Client, with_app: Callable[..., Any]) -> None:
    user, key = with_app("viewer")
    give_password(client, user)
    user.set_password("staple of the new harvest")
    user.save()
    client.post("/login/code", {"code": code_of(key)})
    assert not is_signed_in(client)


@pytest.mark.usefixtures("required")
def test_whoever_may_change_settings_sets_one_up_before_getting_in(
    client: Client, person: Callable[[str], User]
) -> None:
    user = person("engineer")
    answer = give_password(client, user, "/admin/")
    assert answer.headers["Location"] == "/one-time-codes?next=%2Fadmin%2F"
    assert client.get("/login/code").headers["Location"] == "/one-time-codes"
    assert not is_signed_in(client)
    answer = set_up(client, next="/admin/")
    assert 'href="/admin/">I have kept them. Go on</a>' in answer.content.decode()
    assert is_signed_in(client)
    assert client.get("/admin/", headers=PAGE).status_code == 200


@pytest.mark.usefixtures("required")
def test_others_need_none(client: Client, person: Callable[[str], User]) -> None:
    give_password(client, person("operator"))
    assert is_signed_in(client)


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("role", ["engineer", "administrator"])
def test_a_login_from_before_ends(client: Client, person: Callable[[str], User], role: str) -> None:
    client.force_login(person(role), backend=pending.LOCAL_BACKEND)
    assert client.get("/dashboard", headers=PAGE).headers["Location"].startswith("/login")
    assert client.get("/admin/", headers=PAGE).status_code == 302


def test_sessions_from_before_the_app_end_and_the_one_that_set_it_up_stays(
    client: Client, person: Callable[[str], User]
) -> None:
    user, other = person("viewer"), Client()
    for each in (client, other):
        give_password(each, user)
    assert is_signed_in(other)
    set_up(client)
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert other.get("/data").status_code == 401


@pytest.mark.usefixtures("required")
def test_staff_without_a_role_enter_the_admin_with_a_code(
    client: Client, person: Callable[[str], User]
) -> None:
    user = person("viewer")
    User.objects.update(is_staff=True)
    assert give_password(client, user).headers["Location"].startswith("/one-time-codes")
    client.force_login(user, backend=pending.LOCAL_BACKEND)
    assert client.get("/admin/", headers=PAGE).headers["Location"].startswith("/login")


@pytest.mark.parametrize("role", ["operator", "engineer"])
def test_the_steps_of_a_login_end_with_the_login_of_another_account(
    client: Client, person: Callable[[str], User], settings: Settings, role: str
) -> None:
    first, second = person("administrator"), person(role)
    settings.FERMON_TOTP = "required"
    give_password(client, first)
    client.get("/one-time-codes")
    key = client.session[pending.NEW_KEY]["key"]
    settings.FERMON_TOTP = "optional"
    give_password(client, second)
    assert not {pending.KEY, pending.NEW_KEY} & client.session.keys()
    client.post("/one-time-codes", {"act": "confirm", "code": code_of(key)})
    assert not TOTPDevice.objects.exists()


def test_a_secret_that_was_shown_to_another_account_does_not_count(
    client: Client, person: Callable[[str], User]
) -> None:
    first, second = person("viewer"), person("operator")
    give_password(client, second)
    client.get("/one-time-codes")
    session = client.session
    key = session[pending.NEW_KEY]["key"]
    session[pending.NEW_KEY] = {"user": first.pk, "key": key}
    session.save()
    client.post("/one-time-codes", {"act": "confirm", "code": code_of(key)})
    assert not TOTPDevice.objects.exists()


@pytest.mark.usefixtures("required")
def test_a_session_without_a_login_ends_soon_and_one_with_a_login_does_not(
    client: Client, person: Callable[[str], User]
) -> None:
    give_password(client, person("engineer"))
    assert client.session.get_expiry_age() == pending.UNSIGNED_S
    set_up(client)
    assert client.session.get_expiry_age() == global_settings.SESSION_COOKIE_AGE


@pytest.mark.parametrize("lookup", ["key", "key__startswith", "key__regex"])
def test_the_admin_does_not_filter_by_the_secret(
    with_app: Callable[..., Any], admin_client: Client, lookup: str
) -> None:
    _, key = with_app("engineer")
    assert admin_client.get("/admin/otp_totp/totpdevice/", {lookup: key}).status_code == 400
    assert admin_client.get("/admin/otp_totp/totpdevice/", {"name": "no"}).status_code == 200


@pytest.mark.usefixtures("required")
def test_who_must_have_one_can_not_turn_it_off(client: Client, with_app: Callable[..., Any]) -> None:
    user, key = with_app("engineer")
    give_password(client, user)
    client.post("/login/code", {"code": code_of(key)})
    page = client.post("/one-time-codes", {"act": "remove", "code": code_of(key, 1)}).content.decode()
    assert "Your role needs one-time codes" in page
    assert devices.has_device(user)


def test_who_need_not_turns_it_off_with_a_code(client: Client, with_app: Callable[..., Any]) -> None:
    user, key = with_app("viewer")
    code = devices.new_recovery_codes(user)[0]
    give_password(client, user)
    client.post("/login/code", {"code": code_of(key)})
    assert 'role="alert"' in client.post("/one-time-codes", {"act": "remove", "code": "no"}).content.decode()
    assert devices.has_device(user)
    user.staticdevice_set.update(throttling_failure_count=0)
    client.post("/one-time-codes", {"act": "remove", "code": code})
    assert not devices.has_device(user)


def test_new_recovery_codes_take_a_code(client: Client, with_app: Callable[..., Any]) -> None:
    user, key = with_app("viewer")
    old = devices.new_recovery_codes(user)
    give_password(client, user)
    client.post("/login/code", {"code": old[0]})
    page = client.post("/one-time-codes", {"act": "recovery", "code": code_of(key)}).content.decode()
    assert len(re.findall(r"<li><code>", page)) == devices.RECOVERY_CODES
    assert not devices.verify(user, old[1])


def test_an_administrator_helps_who_lost_the_app(
    client: Client, with_app: Callable[..., Any], admin_client: Client
) -> None:
    user, key = with_app("engineer")
    device = TOTPDevice.objects.get()
    shown = admin_client.get(f"/admin/otp_totp/totpdevice/{device.pk}/change/").content.decode()
    assert "engineer" in shown
    assert not any(secret in shown for secret in (key, devices.shown_key(key), "otpauth"))
    admin_client.post(f"/admin/otp_totp/totpdevice/{device.pk}/delete/", {"post": "yes"})
    assert not devices.has_device(user)
    assert not StaticToken.objects.exists()
    assert give_password(client, user).headers["Location"] == "/dashboard?tag=a"
    entry = LogEntry.objects.filter(content_type__model="totpdevice", action=LogEntry.Action.DELETE).get()
    assert entry.actor_email == "admin"
    assert key not in repr(list(LogEntry.objects.values()))


def test_tokens_need_no_code(client: Client, with_app: Callable[..., Any]) -> None:
    user, _ = with_app("engineer")
    key = Token.objects.create(user=user).key
    assert client.get("/data", headers={"authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize("path", ["/login/code", "/one-time-codes"])
def test_without_a_password_there_is_nothing_to_see(client: Client, path: str) -> None:
    assert client.get(path, headers=PAGE).headers["Location"].startswith("/login?next=")
    answer = client.post(path, {"code": "000000", "act": "confirm"}, headers=PAGE)
    assert answer.headers["Location"].startswith("/login?next=")


@pytest.mark.parametrize("path", ["/login/code", "/one-time-codes"])
def test_off_there_are_no_such_pages(
    client: Client, settings: Settings, with_app: Callable[..., Any], path: str
) -> None:
    user, _ = with_app("viewer")
    settings.FERMON_TOTP = "off"
    assert client.get(path).status_code == 404
    assert give_password(client, user).headers["Location"] == "/dashboard?tag=a"
    assert "one-time-codes" not in client.get("/dashboard", headers=PAGE).content.decode()


@pytest.mark.parametrize("path", ["/login/code", "/one-time-codes"])
def test_while_the_database_is_away_there_is_still_a_page(
    client: Client, database_away: None, path: str
) -> None:
    client.cookies["sessionid"] = "somebodys"
    assert client.get(path, headers=PAGE).status_code == 503
