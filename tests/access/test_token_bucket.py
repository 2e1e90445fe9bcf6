"""How often somebody may call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.access import token_bucket
from monitoring.access.token_bucket import TokenBucket


@given(st.integers(1, 600), st.lists(st.floats(0, 5), max_size=300))
def test_never_more_than_at_once_and_what_has_filled_since(per_minute: int, pauses: list[float]) -> None:
    calls, now, allowed = TokenBucket(), 0.0, 0
    for pause in pauses:
        now += pause
        allowed += not calls.wait("a", per_minute=per_minute, now=now)
    assert allowed <= per_minute + now * per_minute / 60 + 1e-6


@given(st.integers(1, 600), st.integers(0, 50))
def test_who_waits_as_told_is_let_in(per_minute: int, more: int) -> None:
    calls = TokenBucket()
    waits = [calls.wait("a", per_minute=per_minute, now=0) for _ in range(per_minute + more + 1)]
    assert not any(waits[:per_minute])
    assert waits[-1] > 0
    assert calls.wait("a", per_minute=per_minute, now=waits[-1] + 1e-6) == 0


def test_one_does_not_pay_for_another() -> None:
    calls = TokenBucket()
    assert [bool(calls.wait(name, per_minute=1, now=0)) for name in "aabb"] == [False, True, False, True]


def test_it_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_bucket, "MAX_BUCKETS", 10)
    calls = TokenBucket()
    for number in range(100):
        calls.wait(str(number), per_minute=5, now=number)
    assert list(calls.left) == [str(number) for number in range(90, 100)]
