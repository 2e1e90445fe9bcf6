"""The state of a process is built once, in the runtime that is current, and anew after a fork."""

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitoring.kernel.outages import outages
from monitoring.kernel.runtime import InheritedByForks, Runtime, part
from monitoring.kernel.stop_flag import clear_stop, request_stop, stop_requested


class Cache:
    """A part."""


class Count(InheritedByForks):
    """A part of plain values."""


class Worker:
    """A part with a thread."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.is_over.wait)
        self.thread.start()

    def stop(self) -> None:
        self.is_over.set()
        self.thread.join()


def test_many_threads_that_ask_at_once_get_the_same_part() -> None:
    ready = threading.Barrier(8)
    built = []

    def build() -> Cache:
        built.append(Cache())
        return built[-1]

    def ask() -> Cache:
        ready.wait()
        return part(build)

    with ThreadPoolExecutor(8) as threads:
        found = {threads.submit(ask) for _ in range(8)}
    assert {id(each.result()) for each in found} == {id(built[0])}
    assert len(built) == 1


def test_a_part_may_need_another_one() -> None:
    assert part(lambda: [part(Cache)])[0] is part(Cache)


def test_a_runtime_in_charge_has_parts_of_its_own_until_it_ends() -> None:
    before = part(Cache)
    replacement = Cache()
    with Runtime({Cache: replacement}).in_charge() as runtime:
        assert part(Cache) is replacement
        assert Runtime.current is runtime
        outages().storing.begin("full")
    assert part(Cache) is before
    assert outages().storing.since is None


def test_its_threads_end_with_it() -> None:
    with Runtime().in_charge():
        worker = part(Worker)
        assert worker.thread.is_alive()
    assert not worker.thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_no_lock_that_the_parent_holds_and_keeps_plain_values() -> None:
    lock, cache, count = part(threading.Lock), part(Cache), part(Count)
    clear_stop()
    found = multiprocessing.get_context("fork").SimpleQueue()

    def look() -> None:
        kept = [part(Cache) is cache, part(Count) is count]
        found.put((part(threading.Lock).acquire(timeout=0), kept))
        request_stop()

    with lock:
        process = multiprocessing.get_context("fork").Process(target=look)
        process.start()
        process.join(20)
    assert process.exitcode == 0
    assert found.get() == (True, [False, True])
    assert stop_requested()
