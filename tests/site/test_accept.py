"""Browsers get pages; programs get JSON, also those that ask for nothing in particular."""

import pytest
from django.test import Client

from fermon_site.accept import is_malformed

CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SAFARI = FIREFOX
OLD_JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
ADDRESSES = ["/tags", "/vessels", "/nowhere"]  # of the API, shared with a page, of neither

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("accept", [CHROME, FIREFOX, SAFARI, "text/html", "text/html,*/*;q=0.8"])
def test_a_browser_gets_a_page(client: Client, path: str, accept: str) -> None:
    assert client.get(path, headers={"accept": accept}).headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize(
    "headers",
    [
        {},  # Go, Python's urllib, java.net.http
        {"accept": "*/*"},  # curl, requests, fetch, Java from 19 on
        {"accept": "application/json, text/plain, */*"},  # axios
        {"accept": OLD_JAVA},
        {"accept": "*"},
        {"accept": ""},
        {"accept": " , "},
    ],
)
def test_a_program_gets_json(client: Client, path: str, headers: dict[str, str]) -> None:
    assert client.get(path, headers=headers).headers["Content-Type"] == "application/json"


def test_a_program_is_led_to_no_page(client: Client) -> None:
    assert client.get("/", headers={"accept": OLD_JAVA}).status_code == 200
    assert client.get("/", headers={"accept": CHROME}).status_code == 302


@pytest.mark.parametrize(
    ("accept", "expected"),
    [(OLD_JAVA, True), ("text/html,*;q=0.5", True), (CHROME, False), ("image/*", False), ("", False)],
)
def test_a_lone_asterisk_is_no_media_range(accept: str, *, expected: bool) -> None:
    assert is_malformed(accept) is expected
