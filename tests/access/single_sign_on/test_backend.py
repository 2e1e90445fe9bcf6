"""Where groups are looked for, and how the secret travels: providers differ."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.test import RequestFactory
from pytest_django import Settings

from monitoring.access.single_sign_on.backend import (
    ProviderBackend,
    SignInFailedError,
    wants_basic_authentication,
)
from monitoring.access.single_sign_on.signed_tokens import InvalidTokenError
from tests.access.single_sign_on.signing import ISSUER, claims, signed

ID_TOKEN = {"sub": "7f1e", "iss": ISSUER}


@pytest.fixture
def backend(by_copies: list[str], monkeypatch: pytest.MonkeyPatch) -> ProviderBackend:
    """The backend, with an endpoint for the user's details."""
    found = ProviderBackend()
    found.OIDC_OP_USER_ENDPOINT = f"{ISSUER}/userinfo"
    return found


def answer_with(monkeypatch: pytest.MonkeyPatch, body: Any, kind: str = "application/json") -> None:
    """Lets the endpoint of the user's details answer this."""
    found = SimpleNamespace(
        raise_for_status=lambda: None, headers={"Content-Type": kind}, json=lambda: body, text=body
    )
    monkeypatch.setattr(requests, "get", lambda *args, **options: found)


def test_a_login_that_yields_nobody_is_an_error_and_no_wrong_password(
    backend: ProviderBackend, rf: RequestFactory
) -> None:
    with pytest.raises(SignInFailedError):
        backend.authenticate(rf.get("/sign-in/return?state=a"), nonce="n", code_verifier="v")


def test_an_id_token_with_groups_and_a_name_is_enough(backend: ProviderBackend) -> None:
    complete = ID_TOKEN | {"preferred_username": "anna", "realm_access": {"roles": []}}
    assert backend.further_claims("opaque", complete) == []


def test_groups_come_from_the_users_details_or_the_access_token(
    backend: ProviderBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(monkeypatch, {"sub": "7f1e", "name": "Anna"})
    details, token = backend.further_claims(signed(claims(aud="account")), ID_TOKEN)
    assert details["name"] == "Anna"
    assert token["realm_access"] == {"roles": ["plant-engineers"]}
    assert backend.further_claims("opaque", ID_TOKEN) == [details]
    assert backend.further_claims(signed(claims(sub="another")), ID_TOKEN) == [details]


def test_details_may_be_signed(backend: ProviderBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, signed(claims(name="Anna")), "application/jwt; charset=utf-8")
    assert backend.further_claims("opaque", ID_TOKEN)[0]["name"] == "Anna"


@pytest.mark.parametrize("body", [{"sub": "another"}, {}, ["7f1e"]])
def test_details_of_somebody_else_end_the_login(
    backend: ProviderBackend, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    answer_with(monkeypatch, body)
    with pytest.raises(InvalidTokenError):
        backend.further_claims("opaque", ID_TOKEN)


def test_an_id_token_for_another_client_or_of_another_login_does_not_count(backend: ProviderBackend) -> None:
    assert backend.verify_token(signed(claims(nonce="n")), nonce="n")["sub"] == "7f1e"
    wrong: list[dict[str, Any]] = [{"azp": "another"}, {"aud": "another"}, {"nonce": "m"}, {"nonce": None}]
    for changed in [*wrong, {"sub": "x" * 256}]:
        with pytest.raises(InvalidTokenError):
            backend.verify_token(signed(claims(**({"nonce": "n"} | changed))), nonce="n")
    with pytest.raises(InvalidTokenError):
        backend.verify_token(None, nonce="n")  # an answer without one


def test_tokens_that_are_no_object_end_the_login(
    backend: ProviderBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = SimpleNamespace(status_code=200, json=lambda: ["token"])
    monkeypatch.setattr(requests, "post", lambda *args, **options: answer)
    with pytest.raises(InvalidTokenError):
        backend.get_token({})


@pytest.mark.parametrize(
    ("methods", "by_header"),
    [
        (None, False),
        (["client_secret_basic", "client_secret_post"], False),
        (["client_secret_basic"], True),
    ],
)
def test_the_secret_goes_into_the_body_where_it_may(
    backend: ProviderBackend, settings: Settings, methods: list[str] | None, by_header: bool
) -> None:
    document = {"token_endpoint_auth_methods_supported": methods}
    assert wants_basic_authentication(document) is by_header
    settings.FERMON_OIDC_SECRET = ""
    assert not wants_basic_authentication(document)


def test_copies_on_disk_that_make_no_sense_count_as_none(by_copies: list[str], data_dir: Path) -> None:
    (data_dir / "single_sign_on/discovery.json").write_text('{"url": ')
    backend = ProviderBackend()
    assert backend.OIDC_OP_TOKEN_ENDPOINT == ""
