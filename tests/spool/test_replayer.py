"""The replayer: a thread that stores what waits as soon as the database is back."""

import itertools
import threading
import time

import pytest
from django.db import OperationalError

from monitoring.kernel.outages import outages
from monitoring.models import Measurement
from monitoring.spool import replayer
from monitoring.spool.replay import replay
from monitoring.spool.spool_files import anything_waits
from tests.patience import stretched

GOOD = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}

pytestmark = [pytest.mark.threads, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch) -> None:
    monkeypatch.setattr(replayer, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(replayer, "LONGEST_PAUSE_S", 0.02)


@pytest.fixture
def spool_replayer() -> replayer.SpoolReplayer:
    return replayer.SpoolReplayer()


def wait_until_idle(spool_replayer: replayer.SpoolReplayer) -> None:
    """Return once the thread has ended: only then is an error of it told."""
    deadline = time.monotonic() + stretched(60)
    while spool_replayer.is_running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not spool_replayer.is_running
    for thread in threading.enumerate():
        if thread.name == "replayer":
            thread.join(stretched(60))


def test_with_nothing_to_do_there_is_no_thread(spool_replayer) -> None:
    spool_replayer.start()
    assert not spool_replayer.is_running


def test_what_waits_is_stored_and_the_thread_ends(keep, spool_replayer) -> None:
    keep(GOOD)
    spool_replayer.start()
    wait_until_idle(spool_replayer)
    assert Measurement.objects.get().value == 37.0
    assert not anything_waits()


def test_it_goes_on_until_the_database_is_back_and_logs_once(
    keep, spool_replayer, monkeypatch, caplog
) -> None:
    caplog.set_level("INFO")
    failures = iter(range(3))
    work = replay

    def fail_thrice() -> int:
        if next(failures, None) is not None:
            raise OperationalError("database is locked")
        return work()

    monkeypatch.setattr(replayer, "replay", fail_thrice)
    keep(GOOD)
    spool_replayer.start()
    wait_until_idle(spool_replayer)
    assert Measurement.objects.count() == 1
    assert caplog.text.count("readings can't be stored") == 1
    assert caplog.text.count("readings are stored again") == 1
    assert outages().storing.since is None


def test_pauses_grow_up_to_a_bound_and_differ_between_processes() -> None:
    first = list(itertools.islice(replayer.pauses(), 10))
    second = list(itertools.islice(replayer.pauses(), 10))
    assert first != second
    assert max(first + second) <= 1.5 * 0.02
    assert min(first + second) >= 0.5 * 0.01


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_something_unforeseen_is_followed_by_another(
    keep, spool_replayer, monkeypatch
) -> None:
    def fail() -> None:
        raise LookupError("a bug")

    keep(GOOD)
    with monkeypatch.context() as broken:
        broken.setattr(replayer, "replay", fail)
        spool_replayer.start()
        wait_until_idle(spool_replayer)
    spool_replayer.start()
    wait_until_idle(spool_replayer)
    assert Measurement.objects.count() == 1
