"""An outage: noticed once when it begins and once when it ends."""

import pytest

from monitoring.kernel.outages import Outage


@pytest.fixture
def outage() -> Outage:
    return Outage(began="it fails", ended="it works")


def test_however_many_meet_it_it_is_logged_once(outage: Outage, caplog) -> None:
    caplog.set_level("INFO")
    outage.begin("first")
    since = outage.since
    outage.begin("second")
    assert (outage.since, outage.error) == (since, "second")
    outage.end()
    outage.end()
    assert [record.message for record in caplog.records] == ["it fails", "it works"]
    assert outage.since is None


def test_it_ends_by_itself_only_after_it_has_not_failed_for_a_while(outage: Outage, monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    outage.begin("disk full")
    now[0] += 3
    outage.begin("disk full")
    now[0] += 3
    outage.end_if_quiet()
    assert outage.since is not None
    now[0] += 3
    outage.end_if_quiet()
    assert outage.since is None
