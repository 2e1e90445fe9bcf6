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


@pytest.mark.parametrize(("path", "code"), [("/static/monitoring/js/live/feed.js", 200), ("/tags", 301)])
def test_so_are_static_files_and_the_way_to_tls(
    client: Client, settings: Settings, path: str, code: int
) -> None:
    settings.SECURE_SSL_REDIRECT = code == 301
    settings.WHITENOISE_AUTOREFRESH = False  # as in the running system: all files are known from its start
    answer = client.get(path)
    answer.close()
    assert answer.status_code == code
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "camera=()" in answer.headers["Permissions-Policy"]


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


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_what_it_is_told_is_a_page_of_ours_or_json(kind: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept": kind})
    answer = client.post("/login", {"username": "a", "password": "b"})
    assert answer.headers["Content-Type"].startswith(kind)
    page = answer.content.decode()
    assert "not sent from a current page of Fermon" in page
    assert "<style" not in page


def test_a_script_that_guesses_is_told_in_json(client: Client, admin_user: User, settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 1
    wrong = {"username": "admin", "password": "wrong"}
    answer = client.post("/login", wrong, headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert answer.json()["detail"].startswith("Too many wrong passwords")


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


@pytest.mark.parametrize(
    ("forwarded", "kept"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("10.0.0.7:4711", "10.0.0.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("unknown", "127.0.0.1"),
        ("10.0.0.6, 10.0.0.7", "10.0.0.7"),
    ],
)
def test_behind_a_proxy_failures_are_kept_by_the_clients_address(
    client: Client, settings: Settings, forwarded: str, kept: str
) -> None:
    settings.FERMON_PROXIES = 1
    wrong = {"username": "admin", "password": "x"}
    assert client.post("/login", wrong, headers={"X-Forwarded-For": forwarded}).status_code == 200
    assert AccessAttempt.objects.get().ip_address == kept


def test_an_address_is_not_invented_to_guess_on(client: Client, admin_user: User) -> None:
    for number in range(3):
        client.post(
            "/login", {"username": "admin", "password": "x"}, headers={"X-Forwarded-For": f"10.0.0.{number}"}
        )
    assert AccessAttempt.objects.get().failures_since_start == 3
