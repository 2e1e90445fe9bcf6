"""What is too much for pages as well: large bodies, bodies of unknown size, and too many tries to sign in."""

import time
from pathlib import Path

import pytest
from axes.models import AccessAttempt
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from monitoring.kernel.request_limits import MAX_BODY_BYTES

PATHS = ["/login", "/logout", "/password", "/backtest", "/admin/login/", "/ingest/batch", "/nowhere"]
FORM = "multipart/form-data; boundary=x"
BROWSER = {"accept": "text/html,*/*;q=0.8"}
WRONG = {"username": "viewer", "password": "guessed"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def closed(settings: Settings) -> None:
    """Closed."""
    settings.FERMON_OPEN = False


@pytest.mark.parametrize("path", PATHS)
def test_a_large_body_is_refused_before_anybody_reads_of_it(path: str) -> None:
    client = Client(enforce_csrf_checks=True)  # which is what would read it
    answer = client.generic("POST", path, "x", content_type=FORM, CONTENT_LENGTH=str(MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith("body: expected at most 8388608 bytes, got 8388609")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PATHS)
def test_so_is_one_in_chunks(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(path, b"x", content_type=FORM, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert answer.status_code == 411
    assert "Content-Length" in answer.json()["detail"]


def test_a_browser_is_told_on_a_page(client: Client) -> None:
    size = str(MAX_BODY_BYTES + 1)
    answer = client.generic("POST", "/login", "x", content_type=FORM, CONTENT_LENGTH=size, headers=BROWSER)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "text/html; charset=utf-8")


def test_no_file_is_written_for_what_is_sent_along(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "there is no such directory"
    file = SimpleUploadedFile("large", b"x" * (MAX_BODY_BYTES - 1000))
    answer = client.post("/login", WRONG | {"file": file})
    assert answer.status_code == 200
    assert b"Please enter a correct username" in answer.content


def test_tries_to_sign_in_are_limited_by_address_whatever_the_name(
    client: Client, settings: Settings
) -> None:
    settings.FERMON_STRANGER_RATE = 2
    codes = [client.post("/login", WRONG | {"username": f"name {each}"}).status_code for each in range(4)]
    assert codes == [200, 200, 429, 429]
    assert AccessAttempt.objects.count() == 2
    assert client.post("/login", WRONG, REMOTE_ADDR="10.0.0.2").status_code == 200


def test_who_tries_too_often_is_told_when_to_come_again(client: Client, settings: Settings) -> None:
    settings.FERMON_STRANGER_RATE = 1
    began = time.monotonic()
    client.post("/login", WRONG)
    page = client.post("/login", WRONG, headers=BROWSER)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    passed_s = time.monotonic() - began  # comparing a password takes a while on a busy machine
    assert 59 - passed_s <= int(page.headers["Retry-After"]) <= 60
    assert client.post("/login", WRONG).json()["detail"].startswith("Too many tried to sign in")


def test_a_source_whose_token_was_revoked_keeps_nobody_from_signing_in(
    client: Client, settings: Settings
) -> None:
    settings.FERMON_STRANGER_RATE = 1
    for _ in range(3):
        client.post("/ingest", {}, content_type="application/json", headers={"authorization": "Token gone"})
    assert client.post("/login", WRONG).status_code == 200


def test_a_wall_screen_that_is_signed_out_still_gets_to_the_login(client: Client, settings: Settings) -> None:
    settings.FERMON_STRANGER_RATE = 1
    assert [client.get("/data").status_code for _ in range(3)] == [401, 429, 429]
    for _ in range(3):
        assert client.get("/dashboard", headers=BROWSER).status_code == 302
        assert client.get("/login").status_code == 200
