"""Secrets of sources: sealed in the database, or by reference."""

import stat
from pathlib import Path

import pytest

from monitoring.kernel.secret_references import SecretError
from monitoring.sources.secrets import KEY_FILE, reveal, seal, shown


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path: Path) -> Path:
    settings.FERMON_DATA_DIR, settings.FERMON_SOURCE_KEY = tmp_path, ""
    return tmp_path


def test_a_sealed_secret_is_revealed_and_shows_nothing(data_dir: Path) -> None:
    stored = seal("pässword")
    assert "pässword" not in stored
    assert reveal(stored) == "pässword"
    assert shown(stored) == "stored"
    assert stat.S_IMODE((data_dir / KEY_FILE).stat().st_mode) == 0o600


def test_an_empty_secret_shows_nothing() -> None:
    assert shown("") == ""


def test_references_are_stored_as_given_and_resolved_when_used(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", "from outside")
    path = tmp_path / "password"
    path.write_text("from a file\n")
    assert seal("env:BROKER_PASSWORD") == shown("env:BROKER_PASSWORD") == "env:BROKER_PASSWORD"
    assert reveal("env:BROKER_PASSWORD") == "from outside"
    assert reveal(seal(f"file:{path}")) == "from a file"


@pytest.mark.parametrize(
    "stored", ["env:NOT_SET_ANYWHERE", "env:SECRET_KEY", "env:FERMON_SOURCE_KEY", "file:/no/such/file"]
)
def test_a_reference_that_leads_nowhere_says_so(stored: str) -> None:
    with pytest.raises(SecretError, match=stored.partition(":")[2]):
        reveal(stored)


def test_another_key_asks_for_the_secret_again(settings) -> None:
    stored = seal("secret")
    settings.FERMON_SOURCE_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    with pytest.raises(SecretError, match="Type the secret again"):
        reveal(stored)


def test_an_invalid_key_is_named(settings) -> None:
    settings.FERMON_SOURCE_KEY = "short"
    with pytest.raises(SecretError, match="FERMON_SOURCE_KEY holds no key"):
        seal("secret")
