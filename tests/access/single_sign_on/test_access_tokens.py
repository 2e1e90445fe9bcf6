"""The API takes the provider's access tokens, with the roles of their groups; and Bearer for all tokens."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.authtoken.models import Token

from monitoring.access.single_sign_on.access_tokens import ProviderToken, ProviderUser
from monitoring.access.token_store import issue_token
from monitoring.models import ExternalIdentity, Note, Vessel
from monitoring.models.token import Scope
from tests.access.single_sign_on.signing import ISSUER, claims, keep_copies, key_set, rsa_key, signed

pytestmark = pytest.mark.django_db


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def of_groups(*groups: str, **changed: Any) -> str:
    return signed(claims(realm_access={"roles": list(groups)}, **changed))


@pytest.mark.usefixtures("by_copies")
def test_roles_decide_what_a_token_may(post: Callable[..., Any], client: Client, reading: Any) -> None:
    engineer, operator, nobody = map(of_groups, ("plant-engineers", "plant-operators", "gardeners"))
    assert client.get("/data", headers=bearer(operator)).status_code == 200
    assert post("/ingest", reading, headers=bearer(operator)).status_code == 403
    assert post("/ingest", reading, headers=bearer(engineer)).status_code == 201
    assert client.get("/data", headers={"authorization": f"Token {engineer}"}).status_code == 200
    answer = client.get("/data", headers=bearer(nobody))
    assert (answer.status_code, "without a role" in answer.json()["detail"]) == (403, True)


@pytest.mark.usefixtures("by_copies")
def test_what_it_does_is_recorded_under_its_subjects_name(post: Callable[..., Any]) -> None:
    note = {"text": "sampled", "at": "2024-01-31T12:00:00Z"}
    assert post("/notes", note, headers=bearer(of_groups("plant-operators"))).status_code == 201
    assert Note.objects.get().versions.get().by == "gateway"
    vessel = {"name": "F1", "kind": "fermenter"}
    answer = post("/vessels", vessel, headers=bearer(of_groups("plant-engineers")))
    assert answer.status_code == 201, answer.content


@pytest.mark.usefixtures("by_copies")
def test_a_name_of_somebody_elses_account_is_told_apart(post: Callable[..., Any]) -> None:
    User.objects.create_superuser("Gateway")
    note = {"text": "sampled", "at": "2024-01-31T12:00:00Z"}
    assert post("/notes", note, headers=bearer(of_groups("plant-operators"))).status_code == 201
    assert Note.objects.get().versions.get().by == "gateway@Plant-login"


@pytest.mark.usefixtures("by_copies")
def test_a_subject_with_an_account_has_its_name_and_ends_with_it(client: Client) -> None:
    user = User.objects.create_user("anna")
    ExternalIdentity.objects.create(user=user, issuer=ISSUER, subject="7f1e")
    token = of_groups("plant-operators")
    assert client.get("/data", headers=bearer(token)).status_code == 200
    User.objects.update(is_active=False)
    answer = client.get("/data", headers=bearer(token))
    assert (answer.status_code, "closed" in answer.json()["detail"]) == (401, True)


@pytest.mark.usefixtures("by_copies")
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("a.b.c", "not a signed token"),
        ({"exp": 1}, "expired"),
        ({"aud": "another"}, "another audience"),
        ({"nonce": "n"}, "no access token"),
        ("fermon_unknown", "unknown, revoked or expired"),
    ],
)
def test_a_wrong_token_is_401_and_says_why(
    post: Callable[..., Any], reading: Any, wrong: str | dict[str, Any], why: str
) -> None:
    # Signed here, not where tests are collected: a whole run may come here after the five minutes of a token.
    token = wrong if isinstance(wrong, str) else signed(claims(**wrong))
    answer = post("/ingest", reading, headers=bearer(token))
    assert answer.status_code == 401
    assert why in answer.json()["detail"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Fermon", error="invalid_token"'
    assert post("/ingest", reading, headers={"authorization": f"Token {token}"}).headers[
        "WWW-Authenticate"
    ] == ("Token")


def test_new_keys_are_asked_for_at_most_once_in_a_while(client: Client, by_copies: list[str]) -> None:
    unknown = signed(claims(), key=rsa_key("second"), kid="two")
    for _ in range(3):
        assert client.get("/data", headers=bearer(unknown)).status_code == 401
    assert by_copies == [f"{ISSUER}/certs"]


def test_keys_that_the_provider_has_changed_are_found(
    client: Client, by_copies: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = key_set(two=rsa_key("second"))
    monkeypatch.setattr("monitoring.access.single_sign_on.documents.fetched", lambda url, check: keys)
    token = signed(claims(), key=rsa_key("second"), kid="two")
    assert client.get("/data", headers=bearer(token)).status_code == 200
    assert client.get("/data", headers=bearer(of_groups("plant-operators"))).status_code == 401


def test_a_provider_that_is_away_stops_nothing_for_a_day(
    client: Client, by_copies: list[str], data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_copies(data_dir, key_set(one=rsa_key()), age_s=20 * 3600)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert client.get("/data", headers=bearer(of_groups("plant-operators"))).status_code == 200
    assert len(by_copies) == 2  # discovery and keys
    assert sum("provider away" in each.message for each in caplog.records) == 2


@pytest.mark.usefixtures("by_copies")
def test_then_tokens_can_not_be_checked_and_other_ones_count(client: Client, data_dir: Path) -> None:
    keep_copies(data_dir, key_set(one=rsa_key()), age_s=25 * 3600)
    answer = client.get("/data", headers=bearer(of_groups("plant-operators")))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "can't be reached" in answer.json()["detail"]
    own = issue_token(name="grafana", scope=Scope.READ)
    assert client.get("/data", headers=bearer(own)).status_code == 200


@pytest.mark.usefixtures("by_copies")
def test_while_fermon_is_open_a_token_is_not_looked_at(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = True
    assert client.get("/data", headers=bearer("a.b.c")).status_code == 200


@pytest.mark.usefixtures("by_copies")
def test_each_subject_has_calls_of_its_own(client: Client, settings: Settings) -> None:
    settings.FERMON_CALLER_RATE = 1
    first, second = of_groups("plant-operators"), of_groups("plant-operators", sub="other")
    codes = [client.get("/data", headers=bearer(token)).status_code for token in (first, first, second)]
    assert codes == [200, 429, 200]


@pytest.mark.usefixtures("by_copies")
@pytest.mark.parametrize("path", ["/dashboard", "/admin/"])
def test_pages_take_no_token(client: Client, path: str) -> None:
    headers = {**bearer(of_groups("it-admins")), "accept": "text/html"}
    assert client.get(path, headers=headers).status_code == 302


def test_without_single_sign_on_the_token_of_a_proxy_is_left_alone(
    client: Client, settings: Settings, account: Callable[[str], User]
) -> None:
    """As oauth2-proxy adds one to each request, also to those with a session."""
    settings.FERMON_OPEN = False
    token = of_groups("plant-operators")
    answer = client.get("/data", headers=bearer(token))
    assert (answer.status_code, "Invalid token" in answer.json()["detail"]) == (401, False)
    client.force_login(account("viewer"))
    assert client.get("/data", headers=bearer(token)).status_code == 200
    assert client.get("/data", headers={"authorization": f"Token {token}"}).status_code == 401
    assert client.get("/data", headers=bearer("unknown")).status_code == 401


@pytest.mark.usefixtures("by_copies")
def test_accounts_of_the_provider_have_no_tokens_of_their_own(client: Client, account: Any) -> None:
    """They would last when the groups are withdrawn at the provider."""
    user = account("engineer")
    key = bearer(Token.objects.create(user=user).key)
    assert client.get("/data", headers=key).status_code == 200
    ExternalIdentity.objects.create(user=user, issuer=ISSUER, subject="7f1e")
    answer = client.get("/data", headers=key)
    assert answer.status_code == 401
    assert "use an access token of the provider" in answer.json()["detail"]


@pytest.mark.usefixtures("by_copies")
def test_the_trail_names_the_subject_also_beside_a_session_cookie(post: Callable[..., Any]) -> None:
    vessel = {"name": "F1", "kind": "fermenter"}
    headers = {**bearer(of_groups("plant-engineers")), "cookie": "sessionid=somebodys"}
    assert post("/vessels", vessel, headers=headers).status_code == 201
    entry = LogEntry.objects.get_for_model(Vessel).get()
    assert (entry.actor, entry.actor_email) == (None, "gateway")


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer"])
@pytest.mark.parametrize("path", ["/data?tag=F1_temp", "/ingest", "/write"])
def test_the_tokens_of_fermon_count_after_both_words(
    client: Client, settings: Settings, path: str, scheme: str
) -> None:
    settings.FERMON_OPEN = False
    reader, writer = (issue_token(name=scope, scope=scope) for scope in (Scope.READ, Scope.INGEST))
    secret, other = (reader, writer) if path.startswith("/data") else (writer, reader)
    call = client.get if path.startswith("/data") else partial(client.post, content_type="application/json")
    assert call(path, headers={"authorization": f"{scheme} {secret}"}).status_code in (200, 204, 400)
    assert call(path, headers={"authorization": f"{scheme} {other}"}).status_code == 403
    assert call(path, headers={"authorization": scheme}).status_code == 401


def test_a_user_of_a_token_has_what_its_roles_grant() -> None:
    user = ProviderUser(ProviderToken(ISSUER, "7f1e", "gateway", frozenset({"viewer"})))
    assert user.has_perm("monitoring.view_measurement")
    assert not user.has_perm("monitoring.add_measurement")
    assert (str(user), user.get_username(), user.is_staff) == ("gateway", "gateway", False)


def test_the_schema_has_the_scheme(admin_client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    schema = admin_client.get("/schema").json()
    assert schema["components"]["securitySchemes"]["bearerAuth"]["scheme"] == "bearer"
    assert {"bearerAuth": []} in schema["paths"]["/ingest"]["post"]["security"]
