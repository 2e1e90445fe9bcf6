"""Documents of the provider: which are accepted, and what is kept of them."""

import io
import json
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from pytest_django import Settings

from monitoring.access.single_sign_on import documents
from monitoring.access.single_sign_on.documents import CachedDocument, ProviderAwayError
from monitoring.access.single_sign_on.provider import check_discovery, check_keys
from tests.access.single_sign_on.signing import DISCOVERY, ISSUER

URL = "https://login.plant.example/document"


def refuse_odd(document: dict[str, Any]) -> None:
    if document.get("odd"):
        raise ValueError("odd")


class Provider:
    """What the provider answers, and how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.body, self.asked, self.is_away = b"{}", 0, False
        monkeypatch.setattr(requests, "get", self.get)
        monkeypatch.setattr(documents, "RETRY_S", 0.0)

    def get(self, url: str, **options: Any) -> Any:
        self.asked += 1
        if self.is_away:
            raise requests.ConnectionError
        raw = SimpleNamespace(read=lambda size, decode_content: io.BytesIO(self.body).read(size))
        return closing_answer(raw)


def closing_answer(raw: Any) -> Any:
    """An answer that is used as a context manager."""
    answer = SimpleNamespace(raw=raw, raise_for_status=lambda: None, close=lambda: None)
    return closing(answer)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    return Provider(monkeypatch)


def test_a_document_is_kept_over_restarts_and_outages(provider: Provider, tmp_path: Path) -> None:
    path = tmp_path / "directory/document.json"
    provider.body = b'{"a": 1}'
    assert CachedDocument(path, refuse_odd).get(URL, max_age_s=60) == {"a": 1}
    provider.is_away = True
    later = CachedDocument(path, refuse_odd)
    assert later.copy(URL) == {"a": 1}
    assert later.get(URL, max_age_s=60) == {"a": 1}
    assert provider.asked == 1
    assert later.get(URL, max_age_s=-1) == {"a": 1}  # too old, and the provider is away
    assert (provider.asked, later.is_away) == (2, True)
    assert later.copy("https://another.example") is None
    provider.is_away, provider.body = False, b'{"a": 2}'
    assert later.refresh(URL)
    assert (later.found, later.is_away) == ({"a": 2}, False)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"odd": true}', b"{" + b" " * 2**20 + b"}", b"\xff"])
def test_an_answer_that_makes_no_sense_is_none(provider: Provider, tmp_path: Path, body: bytes) -> None:
    provider.body = body
    document = CachedDocument(tmp_path / "document.json", refuse_odd)
    with pytest.raises(ProviderAwayError):
        document.get(URL, max_age_s=60)
    assert document.is_away
    assert not document.path.exists()


def test_the_provider_is_asked_once_in_a_while(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "RETRY_S", 3600.0)
    document = CachedDocument(tmp_path / "document.json", refuse_odd)
    assert [document.refresh(URL) for _ in range(3)] == [True] * 3
    assert provider.asked == 1


def test_a_copy_of_a_clock_that_was_ahead_is_old(provider: Provider, tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    content = {"url": URL, "fetched_at": time.time() + 3600, "document": {"a": 1}}
    path.write_text(json.dumps(content))
    document = CachedDocument(path, refuse_odd)
    assert document.copy(URL) == {"a": 1}
    assert document.age_s() == float("inf")


def test_a_disk_that_takes_nothing_stops_nothing(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert CachedDocument(tmp_path / "file/document.json", refuse_odd).get(URL, max_age_s=60) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"jwks_uri": "http://login.plant.example/certs"},
        {"userinfo_endpoint": "http://login.plant.example/me"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"end_session_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_discovery_document_of_somebody_else_or_without_tls_is_refused(
    settings: Settings, changed: dict[str, Any]
) -> None:
    settings.FERMON_OIDC_ISSUER = f"{ISSUER}/"
    check_discovery(DISCOVERY)
    with pytest.raises(ValueError, match=r"issuer|https"):
        check_discovery(DISCOVERY | changed)


def test_a_key_set_without_a_key_for_signatures_is_refused() -> None:
    with pytest.raises(ValueError, match="no key"):
        check_keys({"keys": []})
