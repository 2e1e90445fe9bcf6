"""Fermon with single sign-on: by a provider that runs in a thread, or by copies of its documents alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oidc_provider_mock import run_server_in_thread
from pytest_django import Settings

from tests.access.single_sign_on.signing import CLIENT, ISSUER, keep_copies, key_set, rsa_key

ROLES = {"plant-operators": "operator", "plant-engineers": "engineer", "it-admins": "administrator"}


@pytest.fixture
def configured(settings: Settings) -> Callable[..., None]:
    """Sets Fermon's settings as its start does with the variables of the environment."""

    def configure(issuer: str, claim: str = "roles") -> None:
        settings.FERMON_OPEN = False
        settings.FERMON_OIDC_ISSUER = issuer
        settings.FERMON_OIDC_CLIENT_ID = settings.FERMON_OIDC_AUDIENCE = CLIENT
        settings.FERMON_OIDC_SECRET = "not to be seen"  # noqa: S105
        settings.FERMON_OIDC_NAME = "Plant login"
        settings.FERMON_OIDC_CLAIM = claim
        settings.FERMON_OIDC_ROLES = ROLES
        settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, settings.PROVIDER_BACKEND]
        settings.MIDDLEWARE = list(settings.MIDDLEWARE)
        place = settings.MIDDLEWARE.index(settings.LOGIN_MIDDLEWARE)
        settings.MIDDLEWARE.insert(place, settings.PROVIDER_MIDDLEWARE)

    return configure


@pytest.fixture
def by_copies(configured: Callable[..., None], data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Single sign-on with copies of the provider's documents; the list has the addresses asked for anew."""
    configured(ISSUER, claim="realm_access.roles")
    keep_copies(data_dir, key_set(one=rsa_key()))
    asked: list[str] = []

    def fetched(url: str, check: Any) -> dict[str, Any]:
        asked.append(url)
        raise ValueError("nobody there")

    monkeypatch.setattr("monitoring.access.single_sign_on.documents.fetched", fetched)
    return asked


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    """The address of a provider that runs in a thread."""
    with run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"
