"""Tokens in the admin: made, shown once, revoked."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.models import Token
from monitoring.models.token import Scope

LIST = "/admin/monitoring/token/"
FORM = {"name": "gateway", "scope": "ingest", "prefix": "fermenter_", "expires_at_0": "", "expires_at_1": ""}

pytestmark = pytest.mark.django_db


def test_its_secret_is_shown_once_and_opens_the_door(
    admin_client: Client, client: Client, reading: dict, settings: Settings
) -> None:
    settings.FERMON_OPEN = False
    page = admin_client.post(f"{LIST}add/", FORM).content.decode()
    (secret,) = re.findall(r"Token (fermon_[\w-]{43})<", page)
    sent = {"authorization": f"Token {secret}"}
    assert client.post("/ingest", reading, "application/json", headers=sent).status_code == 201
    for path in (LIST, f"{LIST}{Token.objects.get().pk}/change/"):
        later = admin_client.get(path).content.decode()
        assert secret not in later
        assert Token.objects.get().digest not in later


def test_it_is_revoked(admin_client: Client) -> None:
    issue_token(name="gateway", scope=Scope.INGEST)
    chosen = {"action": "revoke", "_selected_action": [Token.objects.get().pk]}
    assert admin_client.post(LIST, chosen).status_code == 302
    assert not Token.objects.get().active


def test_what_it_may_do_stays_and_it_is_never_deleted(admin_client: Client) -> None:
    issue_token(name="gateway", scope=Scope.INGEST, prefix="fermenter_")
    token = Token.objects.get()
    admin_client.post(f"{LIST}{token.pk}/change/", FORM | {"scope": "read", "prefix": "", "active": "on"})
    token.refresh_from_db()
    assert (token.scope, token.prefix, token.active) == ("ingest", "fermenter_", True)
    assert admin_client.post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_prefix_that_no_tag_can_have_is_refused(admin_client: Client) -> None:
    page = admin_client.post(f"{LIST}add/", FORM | {"prefix": "=cmd"}).content.decode()
    assert "tags&#x27; names begin" in page
    assert not Token.objects.exists()
