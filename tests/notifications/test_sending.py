"""Sending by a channel's row: it never raises, and no secret is in the outcome or the log."""

import logging
from typing import Any

import pytest

from monitoring.models import Channel
from monitoring.notifications import sending
from monitoring.notifications.channels import registry
from monitoring.notifications.channels.kind import ChannelKind, Target
from monitoring.notifications.message import Message, Outcome, Result
from monitoring.notifications.targets import TargetError, mask, target_of
from tests.notifications.examples import FIELDS
from tests.notifications.local_targets import answer, local_target
from tests.notifications.messages import MESSAGE, target


def webhook(url: str, secret: str = "") -> Channel:
    secrets = {"secret": secret} if secret else {}
    return Channel(pk=3, kind="webhook", settings={"url": url}, secrets=secrets, allows_local=True)


def test_a_secret_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANT_HOOK", "hush-hush")
    found = target_of(webhook("https://plant.example/", "env:PLANT_HOOK"))
    assert found.fields == {"url": "https://plant.example/", "secret": "hush-hush"}
    assert (found.channel, found.allows_local) == (3, True)
    assert "hush" not in mask("a hush-hush b", found)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("PLANT_HOOK", "is not set"),
        ("SECRET_KEY", "is a secret of Fermon"),
        ("FERMON_EMERGENCY_URL", "is a secret"),
    ],
)
def test_a_variable_that_is_not_there_or_is_fermons_own_is_an_error(name: str, why: str) -> None:
    channel = webhook("https://plant.example/", f"env:{name}")
    with pytest.raises(TargetError, match=why):
        target_of(channel)
    outcome = sending.send(channel, MESSAGE)
    assert (outcome.result, name in outcome.detail) == (Result.PERMANENT, True)


def test_an_answer_that_repeats_the_secret_is_masked() -> None:
    body = b"bad\n signature: pass/word is not pass%2Fword, but longer " + b"x" * 3000
    with local_target(answer("401 Unauthorized", body=body)) as local:
        outcome = sending.send(webhook(local.url, "pass/word"), MESSAGE)
    assert outcome.result is Result.PERMANENT
    assert outcome.detail.startswith("HTTP 401 bad signature: *** is not ***, but longer xx")
    assert len(outcome.detail) == 500


def test_an_error_of_a_sender_is_an_outcome(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(message: Message, target: Target) -> Outcome:
        raise KeyError(f"no {target.fields['secret']} here")

    kind = registry.KINDS["webhook"]
    broken_kind = ChannelKind(kind.name, kind.label, kind.fields, broken, kind.check)
    monkeypatch.setitem(registry.KINDS, "webhook", broken_kind)
    with caplog.at_level(logging.ERROR):
        outcome = sending.send(webhook("https://plant.example/", "hush-hush"), MESSAGE)
    assert (outcome.result, outcome.detail) == (Result.UNKNOWN, "An error of Fermon: KeyError.")
    (record,) = caplog.records
    assert "KeyError" in vars(record)["error"]
    assert "hush" not in str(vars(record))
    assert record.exc_info is None


def test_a_kind_that_no_longer_exists_is_permanent() -> None:
    outcome = sending.send(Channel(kind="pigeon"), MESSAGE)
    assert (outcome.result, "pigeon" in outcome.detail) == (Result.PERMANENT, True)


def test_a_short_secret_does_not_mask_words() -> None:
    assert mask("an answer", target("an")) == "an answer"


def test_a_process_is_sound() -> None:
    assert not sending.is_exhausted()


def test_each_kind_has_a_form_that_takes_what_an_administrator_enters() -> None:
    assert registry.KINDS.keys() == FIELDS.keys()
    for name, kind in registry.KINDS.items():
        assert kind.name == name
        assert {field.name for field in kind.fields} >= FIELDS[name].keys()
        assert kind.check(FIELDS[name], False) == {}
        required = {field.name for field in kind.fields if field.is_required}
        assert kind.check({}, False).keys() == required


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("webhook", {"url": "http://localhost/"}, "url"),
    ("webhook", {"url": "http://169.254.169.254/"}, "url"),
    ("webhook", {"url": "plant.example"}, "url"),
    ("webhook", {"secret": "two\nlines"}, "secret"),
    ("slack", {"webhook_url": "https://plant.example/"}, "webhook_url"),
    ("teams", {"webhook_url": "https://plant.example/"}, "webhook_url"),
    ("telegram", {"token": "123"}, "token"),
    ("telegram", {"chat": "anna"}, "chat"),
    ("ntfy", {"topic": "a topic"}, "topic"),
    ("ntfy", {"server": "127.0.0.1"}, "server"),
    ("sms", {"to": "0170 1234567"}, "to"),
    ("pagerduty", {"integration_key": "short"}, "integration_key"),
    ("pagerduty", {"region": "mars"}, "region"),
    ("opsgenie", {"api_key": "short"}, "api_key"),
    ("signal", {"server": "http://127.0.0.1:8080"}, "server"),
]


@pytest.mark.parametrize(("kind", "fields", "name"), WRONG)
def test_a_form_says_what_is_wrong(kind: str, fields: dict[str, str], name: str) -> None:
    assert registry.KINDS[kind].check(FIELDS[kind] | fields, False).keys() == {name}


def test_a_form_takes_secrets_of_the_environment_and_local_targets_if_allowed() -> None:
    assert registry.KINDS["slack"].check({"webhook_url": "env:SLACK"}, False) == {}
    assert registry.KINDS["webhook"].check({"url": "http://localhost:9000/"}, True) == {}
