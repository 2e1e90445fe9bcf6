"""What every answer tells a browser, that a session's writes need its own page, and that guessing ends."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from tests.site.test_settings import setting

PAGES = ["/dashboard", "/?format=api", "/docs", "/tags", "/login", "/health", "/nowhere"]
PRODUCTION = {"FERMON_PRODUCTION": "1", "SECRET_KEY": "k3y-" * 20 + "Qz7!", "ALLOWED_HOSTS": "plant"}

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_guarded(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_only_one_file_of_the_cdn_may_run() -> None:
    (source,) = [
        each for each in django_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["script-src"] if "/" in each
    ]
    assert re.fullmatch(r"https://cdn\.jsdelivr\.net/npm/chart\.js@[\d.]+/dist/chart\.umd\.min\.js", source)


def test_with_scripts_of_its_own_no_other_host_is_named(tmp_path: Path) -> None:
    assert "https" not in setting("CONTENT_SECURITY_POLICY", tmp_path, FERMON_LOCAL_SCRIPTS="on")


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECURE_HSTS_SECONDS", "31536000"), ("SESSION_COOKIE_SECURE", "True"), ("CSRF_COOKIE_SECURE", "True")],
)
def test_production_is_tls_alone(tmp_path: Path, name: str, value: str) -> None:
    assert setting(name, tmp_path, **PRODUCTION) == value


@pytest.mark.parametrize("path", ["/login", "/logout", "/admin/monitoring/tag/add/", "/admin/auth/user/add/"])
def test_a_sessions_write_needs_a_page_of_its_own(admin_user: User, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(path, {"username": "a", "password": "b"}).status_code == 403


def test_guessing_ends_for_that_account_from_that_address(
    client: Client, admin_user: User, settings: Settings, time_machine: TimeMachineFixture
) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    time_machine.move_to(datetime(2026, 6, 1, tzinfo=UTC))
    wrong, right = ({"username": "admin", "password": word} for word in ("wrong", "password"))
    codes = [client.post("/login", wrong).status_code for _ in range(4)]
    assert codes == [200, 200, 429, 429]
    answer = client.post("/login", right)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert client.post("/login", right, REMOTE_ADDR="10.0.0.2").status_code == 302
    time_machine.shift(901)
    assert client.post("/login", right).status_code == 302


def test_an_address_is_not_invented_to_guess_on(client: Client, admin_user: User) -> None:
    for number in range(3):
        client.post(
            "/login", {"username": "admin", "password": "x"}, headers={"X-Forwarded-For": f"10.0.0.{number}"}
        )
    assert AccessAttempt.objects.get().failures_since_start == 3
