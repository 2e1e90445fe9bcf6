"""The lease: one holder at a time, and a watermark that moves with what is written."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from monitoring.database import leases
from tests.patience import stretched

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECONDS = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


def hold(owner: str, at: datetime) -> leases.Hold | None:
    return leases.hold("simulator", owner, now=at, duration=3 * SECONDS)


def test_the_first_who_asks_holds_it() -> None:
    assert hold("a", NOW) == leases.Hold("simulator", "a", None)
    assert hold("b", NOW + 2 * SECONDS) is None


def test_the_holder_renews_it() -> None:
    hold("a", NOW)
    assert hold("a", NOW + 2 * SECONDS)
    assert hold("b", NOW + 4 * SECONDS) is None


def test_after_it_expires_another_takes_over_where_the_first_stopped() -> None:
    held = hold("a", NOW)
    leases.advance(held, NOW)
    assert hold("b", NOW + 3 * SECONDS) == leases.Hold("simulator", "b", NOW)


def test_who_goes_by_ids_keeps_a_position_likewise() -> None:
    assert leases.position_of("simulator") is None
    held = hold("a", NOW)
    leases.keep_position(held, 7)
    assert hold("b", NOW + 3 * SECONDS).position == leases.position_of("simulator") == 7
    leases.keep_position(held, 9)
    assert leases.position_of("simulator") == 7


def test_who_has_lost_it_can_not_move_the_watermark() -> None:
    lost = hold("a", NOW)
    hold("b", NOW + 5 * SECONDS)
    leases.advance(lost, NOW + 60 * SECONDS)
    assert hold("b", NOW + 6 * SECONDS).written_until is None


def test_a_released_lease_is_free_at_once() -> None:
    hold("a", NOW)
    assert not leases.is_free("simulator", "b", now=NOW)
    leases.release("simulator", "a")
    assert leases.is_free("simulator", "b", now=NOW)
    assert hold("b", NOW)


def test_only_the_holder_can_release_it() -> None:
    hold("a", NOW)
    leases.release("simulator", "b")
    assert hold("b", NOW) is None


def test_a_lease_from_before_the_clock_was_set_back_does_not_hold_for_long() -> None:
    hold("a", NOW + 86_400 * SECONDS)
    assert leases.is_free("simulator", "b", now=NOW)
    assert hold("b", NOW)


def test_holding_takes_the_lease_for_one_and_yields_nothing_to_another() -> None:
    with leases.holding("simulator", "a", now=NOW, duration=3 * SECONDS) as held:
        assert held is not None
        assert held.owner == "a"
    with leases.holding("simulator", "b", now=NOW, duration=3 * SECONDS) as held:
        assert held is None


def test_what_fails_while_holding_takes_no_lease() -> None:
    with (
        pytest.raises(ValueError, match="broken"),
        leases.holding("simulator", "a", now=NOW, duration=3 * SECONDS),
    ):
        raise ValueError("broken")
    assert leases.is_free("simulator", "b", now=NOW)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_stands_still_in_a_transaction_keeps_it_no_longer_than_it_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = min(stretched(1), 5) * SECONDS  # less than the time for which a lock is waited for
    monkeypatch.setattr(leases, "STOPPED_AFTER", limit)
    is_held, is_over = threading.Event(), threading.Event()

    def stand_still() -> None:
        with closing(connection), transaction.atomic():
            leases.hold("simulator", "a", now=NOW, duration=SECONDS)
            is_held.set()
            is_over.wait()
            hold("a", NOW)

    with ThreadPoolExecutor(1) as beside:
        stopped = beside.submit(stand_still)
        try:
            assert is_held.wait(60)
            with transaction.atomic():
                assert hold("b", NOW + SECONDS)  # waits no longer for the row than for any other lock
        finally:
            is_over.set()
        assert isinstance(stopped.exception(), DatabaseError)
    assert hold("b", NOW + SECONDS)
