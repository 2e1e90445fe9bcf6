"""The schema tells the truth: requests made from it are answered as it says, and never with a 500.

Neither while Fermon is open nor, whatever somebody's role is, while it is closed.
"""

from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django import Settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from monitoring.api import docs
from monitoring.live.feed import Subscriber
from monitoring.operations.stream_feed import feed

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.unsupported_method,
    openapi_checks.allow_header_conformance,
    openapi_checks.ignored_auth,
]

CHECKS_CLOSED = [
    check for check in CHECKS if check is not openapi_checks.ignored_auth
]  # it has its own login

# The least and the most that a login gives; each role between on each route: tests/site/test_access.py.
READERS = ("viewer", "administrator")
STRANGER, NEW = "stranger", "somebody without a role"


@pytest.fixture
def logins(settings: Settings, account: Callable[[str], User]) -> dict[str, dict[str, str]]:
    """The header that carries each role's login, or none; Fermon is closed."""
    settings.FERMON_OPEN = False
    settings.FERMON_STRANGER_RATE = 10**6  # there are more cases than calls a minute
    users = {role: account(role) for role in READERS} | {NEW: User.objects.create_user("new")}
    return {STRANGER: {}, **{role: signed_in(user) for role, user in users.items()}}


def signed_in(user: User) -> dict[str, str]:
    """The header that carries a login."""
    client = Client()
    client.force_login(user)
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


@pytest.fixture(autouse=True)
def streams_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each stream ends after its first words, and the thread behind them with the test."""
    monkeypatch.setattr(Subscriber, "take", Subscriber.close)
    yield
    feed().stop()


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_it_is(context: schemathesis.SerializationContext, value: object) -> bytes:
    """The text that was made, as the body."""
    return str(value).encode("utf-8", "replace")


# As generated, with credentials and the written examples: tests are collected without a database.
with patch.object(docs, "fit_to_site"):
    schema = schemathesis.openapi.from_wsgi("/schema", get_wsgi_application())


# Beside those of its coverage phase, which takes each boundary; what differs on PostgreSQL shows at these.
EXAMPLES = 40 if connection.vendor == "sqlite" else 10


@pytest.mark.django_db(transaction=True)
@schema.parametrize()
@examples(max_examples=EXAMPLES, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_schema_says(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CHECKS)


SAFE = {"GET", "HEAD", "OPTIONS"}
# Clients of InfluxDB look for a server before they log in.
PUBLIC = {"/ping": {STRANGER, NEW}}


@pytest.mark.django_db(transaction=True)
@schema.parametrize()
@examples(max_examples=10, derandomize=True, suppress_health_check=list(HealthCheck))
@pytest.mark.once
def test_closed_no_role_gets_more_than_it_may(
    case: schemathesis.Case, logins: dict[str, dict[str, str]]
) -> None:
    for role, login in logins.items():
        answer = case.call_and_validate(checks=CHECKS_CLOSED, headers=login)
        if case.path == "/health":
            assert role in READERS or "problems" not in answer.text, role
        elif case.method not in SAFE or role not in {*READERS, *PUBLIC.get(case.path, ())}:
            assert answer.status_code >= 300, role
