"""Services by Apprise: in a process of its own, which ends by the limit and watches its connections."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pytest
import requests

from monitoring.kernel.runtime import part
from monitoring.notifications.channels import answers
from monitoring.notifications.channels.by_apprise import plugins, running, sender, watching
from monitoring.notifications.channels.by_apprise.sender import outcome_of_child, send_job
from monitoring.notifications.channels.by_apprise.services import (
    ntfy,
    pagerduty,
    signal,
    slack,
    sms,
    teams,
    telegram,
)
from monitoring.notifications.channels.email import sender as email_sender
from monitoring.notifications.channels.opsgenie.sender import request_of
from monitoring.notifications.channels.registry import KINDS
from monitoring.notifications.channels.web_push import sender as push_sender
from monitoring.notifications.message import Message, Result
from tests.notifications.examples import FIELDS
from tests.notifications.local_targets import (
    Behaviour,
    LocalTarget,
    answer,
    drip,
    hang,
    local_target,
    own_threads,
    threads_left,
    within,
)
from tests.notifications.messages import MESSAGE, OVER, target
from tests.patience import stretched
from tests.ports import free_port

SERVICES = {
    "ntfy": ntfy,
    "pagerduty": pagerduty,
    "signal": signal,
    "slack": slack,
    "sms": sms,
    "teams": teams,
    "telegram": telegram,
}
START_S = 20.0  # a busy machine may need so long to start Python and import Apprise


@pytest.fixture(autouse=True)
def slow_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer than the limit to start a process that sends at once."""
    limit_s = stretched(START_S + sender.LIMIT_S)
    monkeypatch.setattr(sender, "send_job", partial(send_job, limit_s=limit_s))


def ntfy_at(local: LocalTarget | int) -> dict[str, str]:
    port = local if isinstance(local, int) else local.port
    return {"server": f"http://127.0.0.1:{port}", "topic": "plant", "token": "tk_secret"}


def test_a_service_gets_the_message_as_json() -> None:
    with local_target(answer(body=b'{"id": "1"}')) as local:
        outcome = KINDS["ntfy"].send(MESSAGE, target(**ntfy_at(local)))
        assert outcome.result is Result.OK, outcome
        signal_fields = FIELDS["signal"] | {"server": f"http://127.0.0.1:{local.port}"}
        assert KINDS["signal"].send(MESSAGE, target(**signal_fields)).result is Result.OK
    first, second = local.received
    said = json.loads(first.body)
    assert (said["topic"], said["title"]) == ("plant", MESSAGE.subject)
    assert said["message"] == MESSAGE.text
    assert (first.headers["x-priority"], first.headers["x-click"]) == ("max", MESSAGE.url)
    assert first.headers["authorization"] == "Bearer tk_secret"
    assert second.path == "/v2/send"
    said = json.loads(second.body)
    assert (said["number"], said["recipients"]) == ("+491701234567", ["+491707654321"])
    assert "46.2 °C" in said["message"]


def test_a_long_message_goes_in_parts() -> None:
    lines = [f"alarm {number} is too high" for number in range(300)]
    with local_target(answer()) as local:
        outcome = KINDS["ntfy"].send(replace(MESSAGE, text="\n".join(lines)), target(**ntfy_at(local)))
    assert outcome.result is Result.OK
    parts = [json.loads(each.body)["message"] for each in local.received]
    assert len(parts) == 3
    assert [line for line in lines if not any(line in part for part in parts)] == []


@pytest.mark.parametrize(
    ("behave", "result"),
    [
        (answer("403 Forbidden", body=b"not yours"), Result.PERMANENT),
        (answer("429 Too Many Requests", "Retry-After: 33"), Result.TEMPORARY),
    ],
)
def test_the_answer_of_a_service_counts(behave: Behaviour, result: Result) -> None:
    with local_target(behave) as local:
        outcome = KINDS["ntfy"].send(MESSAGE, target(**ntfy_at(local)))
    assert outcome.result is result
    assert outcome.retry_after_s == (33 if result is Result.TEMPORARY else None)
    assert outcome.detail.startswith(("HTTP 403 not yours", "HTTP 429"))
    assert len(local.received) == 1


def test_no_redirect_is_followed() -> None:
    with ExitStack() as stack:
        other = stack.enter_context(local_target(answer()))
        local = stack.enter_context(local_target(answer("302 Found", f"Location: {other.url}")))
        outcome = KINDS["ntfy"].send(MESSAGE, target(**ntfy_at(local)))
    assert outcome.result is Result.PERMANENT
    assert outcome.detail.startswith("HTTP 302: a redirect")
    assert (local.connections, other.connections) == (1, 0)


def test_a_local_target_is_refused_and_one_that_is_away_is_temporary() -> None:
    with local_target(answer()) as local:
        fields = ntfy_at(local) | {"server": f"http://localhost:{local.port}"}
        outcome = KINDS["ntfy"].send(MESSAGE, target(allows_local=False, **fields))
    assert (outcome.result, local.connections) == (Result.PERMANENT, 0)
    assert "this machine" in outcome.detail
    assert KINDS["ntfy"].send(MESSAGE, target(**ntfy_at(free_port()))).result is Result.TEMPORARY


@pytest.mark.parametrize("behave", [hang, drip(first=b"HTTP/1.1 200 OK\r\nX: ")])
def test_a_process_that_does_not_end_is_ended_at_the_limit(behave: Behaviour) -> None:
    before = own_threads()
    with local_target(behave) as local, within(1.5 + 0.3):
        job = ntfy.job_of(MESSAGE, ntfy_at(local))
        outcome = send_job(job, target(**ntfy_at(local)), 1.5)
    assert outcome.result is Result.UNKNOWN
    assert not threads_left(before)


def test_a_process_ends_even_if_its_parent_was_killed() -> None:
    with local_target(hang) as local:
        order = asdict(ntfy.job_of(MESSAGE, ntfy_at(local))) | {"allows_local": True, "limit_s": 1.0}
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", running.CODE, str(running.ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        child.communicate(json.dumps(order).encode(), timeout=stretched(START_S))
    assert child.returncode == 1


def test_an_attempt_ends_within_ten_and_a_half_seconds() -> None:
    assert running.TURN_S + sender.LIMIT_S + running.SLACK_S < 10.5
    assert max(answers.LIMIT_S, email_sender.LIMIT_S, push_sender.LIMIT_S) < 10.5


def test_few_processes_run_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "TURN_S", 0.01)
    with ExitStack() as stack:
        for _ in range(running.MOST_CHILDREN):
            stack.enter_context(part(running.Children).places)
        outcome = KINDS["ntfy"].send(MESSAGE, target(**ntfy_at(1)))
    assert (outcome.result, outcome.retry_after_s) == (Result.TEMPORARY, 5)


def test_the_process_gets_no_secret_of_fermon_and_no_argument_shows_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> Any:
        seen.update(options, command=command)
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("SECRET_KEY", "fermons-own")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    assert KINDS["ntfy"].send(MESSAGE, target(**ntfy_at(1))).result is Result.UNKNOWN
    assert seen["env"].keys() <= set(running.PASSED)
    assert "tk_secret" not in " ".join(seen["command"])
    assert b"tk_secret" in seen["input"]


@pytest.mark.parametrize(
    ("found", "result"),
    [
        ({"is_ok": False, "status": 200, "text": "no_such_channel"}, Result.PERMANENT),
        ({"is_ok": False, "status": 503, "was_accepted": False}, Result.TEMPORARY),
        ({"is_ok": False, "status": 503, "was_accepted": True}, Result.UNKNOWN),
        ({"is_ok": False, "status": None, "error": "ConnectTimeout"}, Result.TEMPORARY),
        ({"is_ok": False, "status": None, "has_sent": True}, Result.UNKNOWN),
        ({"is_ok": False, "status": None}, Result.PERMANENT),
        ({"is_ok": False, "wrong": "The address is not one."}, Result.PERMANENT),
    ],
)
def test_each_result_of_the_process_has_an_outcome(found: Mapping[str, Any], result: Result) -> None:
    assert outcome_of_child({**asdict(watching.Watched()), "wrong": "", **found}).result is result


@pytest.mark.parametrize(
    ("kind", "url", "words"),
    [
        ("slack", FIELDS["slack"]["webhook_url"], ["46.2 °C"]),
        ("teams", "https://prod-1.westeurope.logic.azure.com", ["AdaptiveCard", "46.2 °C"]),
        ("telegram", "https://api.telegram.org/bot123456789:abcdefghijklmnopqrstuvwxyz_-12345/", ["-100123"]),
        ("sms", "https://api.twilio.com/2010-04-01/Accounts/AC", ["%2B491707654321", "46.2"]),
        ("pagerduty", "https://events.eu.pagerduty.com/v2/", ["fermon-alarm-7", "trigger", "critical"]),
    ],
)
def test_a_service_with_a_fixed_address_is_asked_there(
    monkeypatch: pytest.MonkeyPatch, kind: str, url: str, words: list[str]
) -> None:
    asked: list[requests.PreparedRequest] = []

    def send(self: Any, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        asked.append(request)
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "send", send)
    job = SERVICES[kind].job_of(MESSAGE, FIELDS[kind])
    plugin = plugins.plugin_of(asdict(job))
    assert not plugin.notify(body=job.body, title=job.title)
    (request,) = asked
    assert request.url.startswith(url)
    body = request.body if isinstance(request.body, str) else request.body.decode()
    readable = body.encode().decode("unicode_escape") if body.startswith("{") else body
    assert [word for word in words if word not in readable] == []


def test_an_incident_ends_with_its_alarm_and_a_repeat_has_the_same_key() -> None:
    def arguments(message: Message) -> Mapping[str, Any]:
        return pagerduty.job_of(message, FIELDS["pagerduty"]).arguments

    assert arguments(MESSAGE)["dedup"] == arguments(OVER)["dedup"]
    assert [arguments(each)["action"] for each in (MESSAGE, OVER)] == ["trigger", "resolve"]
    many = replace(MESSAGE, lines=MESSAGE.lines * 2)
    assert arguments(many)["dedup"] == "m-1"
    opened = request_of(MESSAGE, "https://api.opsgenie.com", "key")
    said = json.loads(opened.body)
    assert opened.url == "https://api.opsgenie.com/v2/alerts"
    assert (said["alias"], said["priority"], said["message"]) == ("fermon-alarm-7", "P1", MESSAGE.subject)
    assert opened.headers["Authorization"] == "GenieKey key"
    closed = request_of(OVER, "https://api.opsgenie.com", "key")
    assert closed.url.endswith("/v2/alerts/fermon-alarm-7/close?identifierType=alias")


def test_fields_that_apprise_does_not_accept_are_named() -> None:
    fields = FIELDS["sms"] | {"account_sid": "BX"}
    outcome = KINDS["sms"].send(MESSAGE, target(**fields))
    assert (outcome.result, outcome.detail) == (
        Result.PERMANENT,
        "Apprise does not accept the fields: check them.",
    )
    url = {"webhook_url": "https://plant.example/services/a/b/c"}
    outcome = KINDS["slack"].send(MESSAGE, target(**url))
    assert "not one that the service gives out" in outcome.detail


def test_apprise_is_in_no_process_but_its_own() -> None:
    code = (
        "import django; django.setup(); import sys;"
        " from monitoring.notifications import sending;"
        " print({'apprise', 'requests', 'cryptography.hazmat.primitives'} & sys.modules.keys())"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "fermon_site.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=running.ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()", done.stderr
