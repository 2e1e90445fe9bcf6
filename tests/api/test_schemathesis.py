"""The schema tells the truth: requests made from it are answered as it says, and never with a 500."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from fermon_site.wsgi import application
from monitoring.api import stream
from monitoring.api.stream import change_of, events_of, reopen_if_replaced
from monitoring.queries.feed import Feed, Subscriber

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


@pytest.fixture(autouse=True)
def streams_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each stream ends after its first words, and the thread behind them with the test."""
    feed = Feed(render=events_of, render_change=change_of, refresh=reopen_if_replaced)
    monkeypatch.setattr(stream, "feed", feed)
    monkeypatch.setattr(Subscriber, "take", Subscriber.close)
    yield
    feed.stop()


schema = schemathesis.openapi.from_wsgi("/schema", application)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@schema.parametrize()
@settings(max_examples=120, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_schema_says(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CHECKS)
