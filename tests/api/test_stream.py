"""GET /stream: stored measurements as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import AsyncClient, Client
from pytest_django import Settings
from rest_framework.authtoken.models import Token

from monitoring.api import stream
from monitoring.kernel.runtime import Runtime
from monitoring.live.feed import Feed
from monitoring.live.hub import reopen_if_replaced
from monitoring.models import AlarmDefinition, AlarmState, Tag
from monitoring.models import Event as EventRow
from monitoring.operations import stream_feed
from tests.patience import stretched

BROWSER = {"accept": "text/event-stream"}

pytestmark = [pytest.mark.threads, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def feed() -> Iterator[Feed]:
    """The test's own, of which no thread is left behind."""
    feed = stream_feed.feed()
    yield feed
    feed.stop()


@pytest.fixture
def store(post: Callable[..., Any], reading: dict[str, Any]) -> Callable[..., int]:
    """Posts a reading at this second; its id."""

    def post_one(second: int, tag: str = "fermenter_temp", value: float = 37.0) -> int:
        timestamp = f"2024-01-31T12:00:{second:02}Z"
        answer = post("/ingest", reading | {"timestamp": timestamp, "tag": tag, "value": value})
        return int(answer.json()["id"])

    return post_one


def test_between_two_tests_no_stream_begins(
    client: Client, between_tests: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Runtime, "current", between_tests)
    assert client.get("/stream", headers=BROWSER).status_code == 503
    assert not stream_feed.feed().is_running


def items(chunks: Iterator[bytes], count: int) -> list[dict[str, Any]]:
    """What the next events carry; the id of each event is that of its item."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        for block in next(chunks).decode().removesuffix("\n\n").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            if fields.get("event") == "measurement":
                found.append(json.loads(fields["data"]))
                assert fields["id"] == str(found[-1]["id"])
    return found


def test_an_event_is_an_item_of_data(client: Client, store: Callable[..., int]) -> None:
    with closing(client.get("/stream", headers=BROWSER)) as answer:
        number = store(1, value=46)
        assert items(iter(answer), 1) == client.get("/data").json()
        assert client.get("/data").json()[0]["id"] == number


def test_its_headers_keep_it_from_being_held_back(client: Client) -> None:
    with closing(client.get("/stream", headers=BROWSER | {"accept-encoding": "gzip"})) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in answer.headers


def test_it_begins_with_when_and_where_to_connect_again(client: Client, store: Callable[..., int]) -> None:
    last = store(1)
    with closing(client.get("/stream")) as answer:
        assert next(iter(answer)) == b"retry: 2000\nid: %d\n\n" % last


@pytest.mark.parametrize("by", ["header", "query", "both"])
def test_it_goes_on_behind_the_last_that_was_seen(client: Client, store: Callable[..., int], by: str) -> None:
    first, second, third = (store(second) for second in (3, 1, 2))
    headers = BROWSER | ({} if by == "query" else {"last-event-id": str(first)})
    query = {"header": "", "query": f"?since={first}", "both": "?since=0"}[by]
    with closing(client.get(f"/stream{query}", headers=headers)) as answer:
        chunks = iter(answer)
        assert next(chunks) == b"retry: 2000\n\n"
        assert [item["id"] for item in items(chunks, 2)] == [second, third]
        fourth = store(4)
        assert [item["id"] for item in items(chunks, 1)] == [fourth]


def test_one_tag_alone(client: Client, store: Callable[..., int]) -> None:
    with closing(client.get("/stream?tag=fermenter_ph&since=0")) as answer:
        store(1)
        store(1, "fermenter_ph", 7.0)
        store(2)
        store(2, "fermenter_ph", 7.5)
        found = items(iter(answer), 2)
    assert [(item["tag"], item["value"]) for item in found] == [("fermenter_ph", 7.0), ("fermenter_ph", 7.5)]


def test_some_tags_alone(client: Client, store: Callable[..., int]) -> None:
    with closing(client.get("/stream?tag=fermenter_ph&tag=agitator_rpm", headers=BROWSER)) as answer:
        store(1)
        numbers = [store(1, "fermenter_ph", 7.0), store(1, "agitator_rpm", 400)]
        assert [item["id"] for item in items(iter(answer), 2)] == numbers


def test_who_follows_some_tags_is_told_how_far_the_stream_has_come(
    client: Client, store: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.3)
    with closing(client.get("/stream?tag=fermenter_ph", headers=BROWSER)) as answer:
        chunks = iter(answer)
        number = store(1)
        sign = f":\nid: {number}\n\n".encode()
        assert sign in (next(chunks) for _ in range(100))


def test_what_the_detectors_find_comes_without_a_place_of_its_own(client: Client) -> None:
    with closing(client.get("/stream?tag=fermenter_ph")) as answer:
        chunks = iter(answer)
        assert next(chunks).startswith(b"retry: ")
        for number, tag in enumerate(["agitator_rpm", "fermenter_ph"], start=1):
            EventRow.objects.create(
                tag=Tag.objects.get(name=tag),
                detector="step",
                kind="step up",
                start=datetime(2026, 1, 31, 12, tzinfo=UTC),
                score=1.5,
                explanation="Acidity rose by 0.3 pH.",
                revision=number,
            )
        event, data = next(chunks).removesuffix(b"\n\n").split(b"\n")
    assert event == b"event: event"
    assert [json.loads(data.removeprefix(b"data: "))] == client.get("/events?tag=fermenter_ph").json()


def test_an_alarm_comes_to_those_who_follow_its_tag(client: Client) -> None:
    with closing(client.get("/stream?tag=fermenter_ph")) as answer:
        chunks = iter(answer)
        assert next(chunks).startswith(b"retry: ")
        for number, tag in enumerate(["agitator_rpm", "fermenter_ph"], start=1):
            definition = AlarmDefinition.objects.create(tag=Tag.objects.get(name=tag), kind="H", setpoint=7.5)
            AlarmState.objects.create(definition=definition, is_active=True, revision=number)
        event, data = next(chunks).removesuffix(b"\n\n").split(b"\n")
    assert event == b"event: alarm"
    assert [json.loads(data.removeprefix(b"data: "))] == client.get("/alarms?tag=fermenter_ph").json()


@pytest.mark.parametrize(
    ("query", "last", "field"),
    [
        ("tag=ph", "", "tag"),
        ("tag=fermenter_ph&tag=ph", "", "tag"),
        ("since=1&since=2", "", "since"),
        ("tag=fermenter_ph&tag=%00", "", "tag"),
        ("since=x", "", "since"),
        ("since=-1", "", "since"),
        (f"since={2**63}", "", "since"),
        ("since=1", "1e3", "Last-Event-ID"),
    ],
)
def test_bad_input_is_named(client: Client, query: str, last: str, field: str) -> None:
    answer = client.get(f"/stream?{query}", headers=BROWSER | {"last-event-id": last})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["field"] == field
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_empty_parameters_are_as_good_as_none(client: Client) -> None:
    with closing(client.get("/stream?tag=&since=", headers={"last-event-id": ""})) as answer:
        assert answer.status_code == 200


def test_head_tells_the_headers_and_takes_no_place(client: Client, settings: Settings) -> None:
    settings.FERMON_STREAM_CLIENTS = 0
    answer = client.head("/stream", headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert b"".join(answer) == b""


def test_while_nothing_comes_there_is_a_sign_of_life(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    with closing(client.get("/stream")) as answer:
        chunks = iter(answer)
        assert next(chunks).startswith(b"retry: ")
        assert [next(chunks), next(chunks)] == [b":\n\n", b":\n\n"]


def test_who_comes_when_all_places_are_taken_is_told_to_come_again(
    client: Client, settings: Settings
) -> None:
    settings.FERMON_STREAM_CLIENTS = 1
    with closing(client.get("/stream")):
        answer = client.get("/stream", headers=BROWSER)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "stream" in answer.json()["detail"]
    with closing(client.get("/stream")) as answer:
        assert answer.status_code == 200


def test_while_the_database_is_away_nobody_is_taken_in(client: Client, database_away: None) -> None:
    answer = client.get("/stream", headers=BROWSER)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_an_open_stream_outlives_an_outage(
    client: Client, store: Callable[..., int], outage: Callable[[], Any], feed: Feed
) -> None:
    with closing(client.get("/stream?since=0")) as answer:
        ids = [store(1)]
        with outage():
            end = time.monotonic() + stretched(20)
            while not feed.outage.since:
                assert time.monotonic() < end
                time.sleep(0.01)  # or the feed's thread hardly gets its turn
        ids.append(store(2))
        assert [item["id"] for item in items(iter(answer), 2)] == ids


@pytest.mark.sqlite
def test_a_database_file_that_is_gone_is_not_made_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", tmp_path / "gone.sqlite3")
    with pytest.raises(OperationalError):
        reopen_if_replaced()
    assert not (tmp_path / "gone.sqlite3").exists()


def test_it_ends_when_the_process_is_told_to_stop(client: Client, feed: Feed) -> None:
    with closing(client.get("/stream")) as answer:
        feed.stop()
        assert b"".join(answer) == b""


def test_closed_a_token_or_a_login_is_needed(
    client: Client, settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    assert client.get("/stream", headers=BROWSER).status_code == 401
    user = account("viewer")
    token = f"Token {Token.objects.create(user=user).key}"
    with closing(client.get("/stream", headers=BROWSER | {"authorization": token})) as answer:
        assert answer.status_code == 200
    client.force_login(user)
    with closing(client.get("/stream", headers=BROWSER)) as answer:
        assert answer.status_code == 200


def test_closed_it_ends_in_time_for_its_client_to_be_recognised_anew(
    client: Client, settings: Settings, account: Callable[[str], User], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FERMON_OPEN = False
    monkeypatch.setattr(stream, "RECOGNISED_S", 0.0)
    client.force_login(account("viewer"))
    with closing(client.get("/stream")) as answer:
        assert b"".join(answer) == b""


def test_under_an_event_loop_it_takes_none_of_its_threads(
    store: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store(1)

    def store_elsewhere() -> None:
        store(2)
        connection.close()

    async def follow() -> list[bytes]:
        answer = await AsyncClient().get("/stream?since=0")
        chunks: AsyncIterator[bytes] = aiter(cast(Any, answer))
        found = [await anext(chunks), await anext(chunks)]
        await asyncio.to_thread(store_elsewhere)
        found.append(await anext(chunks))
        monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)  # only now: the feed may take a while to read
        found.append(await anext(chunks))
        await asyncio.to_thread(answer.close)
        return found

    with ThreadPoolExecutor(1) as apart:  # the browser's tests have a loop in this thread
        opening, old, new, heartbeat = apart.submit(asyncio.run, follow()).result()
    assert opening == b"retry: 2000\n\n"
    assert b"id: %d\n" % first in old
    assert b"12:00:02Z" in new
    assert heartbeat == b":\n\n"
