"""Requests that wait for one another are stored together, and answered as if each had been alone."""

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection

from monitoring.ingest import group_commit as module
from monitoring.ingest import pipeline, tags
from monitoring.ingest.group_commit import GroupCommit
from monitoring.ingest.outcomes import Outcomes, Status
from monitoring.models import Measurement, Refusal
from tests.patience import stretched

pytestmark = pytest.mark.django_db(transaction=True)
Items = list[dict[str, Any]]
Together = Callable[..., list["Future[Outcomes]"]]


def reading(second: int, value: object = 37.0, tag: str = "fermenter_temp") -> dict[str, Any]:
    return {"timestamp": f"2026-01-31T12:00:{second:02}Z", "tag": tag, "value": value}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + stretched(10)
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many deliveries each transaction has stored, or tried to store."""
    sizes: list[int] = []
    store = pipeline.store_deliveries

    def counted(deliveries: Sequence[Any], **options: Any) -> list[Outcomes]:
        sizes.append(len(deliveries))
        return store(deliveries, **options)

    monkeypatch.setattr(pipeline, "store_deliveries", counted)
    return sizes


@pytest.fixture
def together(
    write_lock: Callable[[], AbstractContextManager[None]], calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> Together:
    """Sends requests from a thread each; the first waits for a writer elsewhere, and the others for it."""
    monkeypatch.setattr(module, "PATIENCE_S", 20)
    group = GroupCommit()

    def send(number: int, items: Items) -> Outcomes:
        try:
            return group.ingest(items, source=f"plc {number}")
        finally:
            connection.close()

    def is_queued(number: int) -> bool:
        return len(calls) == 1 and group.waiting == number

    def send_all(*requests: Items, between: Callable[[], object] = lambda: None) -> list["Future[Outcomes]"]:
        with ThreadPoolExecutor(len(requests)) as threads:
            with write_lock():
                sent = []
                for number, items in enumerate(requests):
                    sent.append(threads.submit(send, number, items))
                    until(partial(is_queued, number))
                between()
            return sent

    return send_all


def statuses(sent: Sequence["Future[Outcomes]"]) -> list[list[Status]]:
    return [[outcome.status for outcome in one.result()] for one in sent]


def test_those_that_wait_share_a_transaction(together, calls) -> None:
    first, *others = together(
        [reading(0)],
        [reading(1)],
        [reading(1), reading(2, 99)],
        [reading(1, 38.0), reading(3)],
        [reading(0), "no reading"],
        [],
        [reading(0, tag="fermenter_ph", value=7.0)],
    )
    assert calls == [1, 6]
    assert statuses([first, *others]) == [
        ["success"],
        ["success"],
        ["duplicate", "error"],
        ["conflict", "success"],
        ["duplicate", "error"],
        [],
        ["success"],
    ]
    (one,), (again, _) = others[0].result(), others[1].result()
    assert one.id == again.id
    assert Measurement.objects.count() == 4
    refused = Refusal.objects.order_by("id").values_list("source", "reason")
    assert list(refused) == [
        ("plc 2", "above_valid_range"),
        ("plc 3", "conflict"),
        ("plc 4", "not_a_reading"),
    ]


def test_a_lone_one_is_stored_by_its_own_thread(calls) -> None:
    group = GroupCommit()
    group.ingest([reading(0)], source="plc")
    assert (calls, group.waiting, group.has_leader) == ([1], 0, False)


def test_large_ones_and_too_many_are_not_combined(together, calls, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    sent = together(*([reading(2 * number), reading(2 * number + 1)] for number in range(4)))
    assert statuses(sent) == [["success"] * 2] * 4
    assert calls == [1] * 4
    monkeypatch.setattr(module, "SMALL", 1)
    monkeypatch.setattr(module, "Request", lambda *_: pytest.fail("queued"))
    assert len(GroupCommit().ingest([reading(10), reading(11)], source="plc")) == 2


def test_an_error_of_one_costs_no_other(together, calls, monkeypatch) -> None:

    def choke(names: set[str]) -> Any:
        if "poison" in names:
            raise DataError("out of range")
        return tags.lock_columns(names)

    monkeypatch.setattr(pipeline, "lock_columns", choke)
    *good, bad = together([reading(0)], [reading(1)], [reading(2)], [reading(3, tag="poison")])
    assert statuses(good) == [["success"]] * 3
    assert isinstance(bad.exception(), DataError)
    assert calls == [1, 3, 1, 1, 1]
    assert Measurement.objects.count() == 3


def test_an_outage_is_an_error_for_all_without_a_second_wait(together, calls, monkeypatch) -> None:
    def fail() -> None:
        monkeypatch.setattr(pipeline, "are_single", lambda found: len(found) > 1 and raise_outage())

    def raise_outage() -> bool:
        raise OperationalError("disk I/O error")

    first, *others = together([reading(0)], [reading(1)], [reading(2)], between=fail)
    assert statuses([first]) == [["success"]]
    assert [type(one.exception()) for one in others] == [OperationalError] * 2
    assert calls == [1, 2]


def test_an_interrupted_leader_leaves_the_others_to_themselves(together, monkeypatch) -> None:
    def interrupt(*_: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    def arm() -> None:
        monkeypatch.setattr(module, "ingest_deliveries", lambda collect: interrupt(collect()))

    _, leader, *others = together([reading(0)], [reading(1)], [reading(2)], [reading(3)], between=arm)
    assert isinstance(leader.exception(), KeyboardInterrupt)
    assert statuses(others) == [["success"]] * 2
    assert GroupCommit().ingest([reading(4)], source="plc").id.all()


@pytest.mark.sqlite
def test_on_sqlite_nobody_waits_longer_than_the_timeout(write_lock, calls, monkeypatch) -> None:
    monkeypatch.setattr(module, "longest_wait_s", lambda: 0.05)
    group = GroupCommit()
    with ThreadPoolExecutor(2) as threads:
        with write_lock():
            first = threads.submit(closing, group, reading(0))
            until(lambda: calls == [1])
            with pytest.raises(OperationalError, match="others have been writing"):
                threads.submit(closing, group, reading(1)).result()
        assert statuses([first]) == [["success"]]
        assert group.waiting == 0


def closing(group: GroupCommit, item: dict[str, Any]) -> Outcomes:
    try:
        return group.ingest([item], source="plc")
    finally:
        connection.close()


@pytest.mark.postgresql
def test_on_postgresql_a_locked_tag_holds_up_no_other(calls) -> None:
    group = GroupCommit()
    with (
        contextlib.closing(connection.copy()) as other,
        other.cursor() as cursor,
        ThreadPoolExecutor(3) as threads,
    ):
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM tags WHERE name = 'fermenter_temp' FOR UPDATE")
        waits = threads.submit(closing, group, reading(0))
        until(lambda: calls == [1])
        free = threads.submit(closing, group, reading(0, 7.0, "fermenter_ph"))
        assert statuses([free]) == [["success"]]
        assert not waits.done()
        cursor.execute("ROLLBACK")
        assert statuses([waits]) == [["success"]]
