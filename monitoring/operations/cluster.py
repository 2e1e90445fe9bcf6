"""The worker: django-q2's cluster, replaced when it stops working and stopped within seconds.

The stock cluster does not recover from some faults. A worker process that is killed while reading
the queue keeps the queue's lock, and no task starts any more. A killed sentinel leaves its children
running. A signal handler that waits for the lock of a killed process never ends.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType

import psutil
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from django_q.cluster import Cluster

from monitoring.history.heartbeats import heartbeat
from monitoring.kernel.lease_names import SIMULATOR
from monitoring.kernel.stop_flag import clear_stop, interruptible_sleep, request_stop, stop_requested
from monitoring.operations.after_jump import look_after_clock
from monitoring.operations.child_process import (
    ALARMS,
    COLLECTOR,
    DETECTION,
    NOTIFICATIONS,
    ChildOnDemand,
    ChildProcess,
    stop_all,
)
from monitoring.operations.restarts import FIRST_PAUSE_S, STOP_S, next_pause_s
from monitoring.operations.schedules import keep_schedules, queue_replay, queue_simulator
from monitoring.sources.problems import has_collected_sources

logger = logging.getLogger(__name__)

JOIN_S = 0.1
LOOK_S = 1.0
# Without a heartbeat for so long, and not just started, the cluster counts as broken.
SILENCE_S = 15.0
# Before that, another run is queued: all runs may have been killed, or could not be queued.
QUIET_S = 5.0
SETTLED_S = 30.0
# django-q2's sentinel waits by the wall clock: setting the clock back stops the sentinel for as long.
SET_BACK_S = 5.0
# How often the clock is checked, and the effects of a jump are repaired.
CLOCK_S = 20.0
# How often it is checked whether there are field sources, which need a collector.
SOURCES_S = 3.0


def run_worker(
    *,
    with_detection: bool = True,
    with_alarms: bool = True,
    with_notifications: bool = True,
    with_collector: bool = True,
) -> None:
    """Run a cluster until SIGTERM or SIGINT; replace a cluster that has stopped working.

    Run detection, alarms and notifications beside the cluster as child processes, unless another
    supervisor does; the collector, too, while there are field sources.
    """
    clear_stop()
    logger.info("worker started")
    children = [
        *(ChildProcess(*DETECTION, is_wanted=with_detection) for _ in range(detection_processes())),
        ChildProcess(*ALARMS, is_wanted=with_alarms),
        ChildProcess(*NOTIFICATIONS, is_wanted=with_notifications),
        ChildOnDemand(*COLLECTOR, is_wanted=with_collector),
    ]
    pause_s = FIRST_PAUSE_S
    try:
        while not stop_requested():
            cluster = WatchedCluster(children)
            problem = cluster.work()
            if problem is None:
                break
            cluster.kill()
            lasted_s = time.monotonic() - cluster.began
            pause_s = next_pause_s(pause_s, lasted_s=lasted_s)
            logger.error("workers replaced: %s", problem, extra={"lasted_s": round(lasted_s)})
            interruptible_sleep(pause_s)
    finally:
        stop_all(children)
    logger.info("worker stopped")


def detection_processes() -> int:
    """Return how many processes of detection to run: no more than there are shards, which would stand by."""
    return int(min(settings.FERMON_DETECTION_PROCESSES, settings.FERMON_DETECTION_SHARDS))


def run_once() -> None:
    """Run a cluster until the queue is empty, then end; sooner at SIGTERM or SIGINT."""
    clear_stop()
    cluster = WatchedCluster()
    cluster.start()
    run_with_timeout(cluster.stop, give_up=stop_requested)
    cluster.end()


@dataclass(slots=True)
class Heartbeat:
    """Whether a source's lease is renewed; ``queue`` queues runs of a silent source.

    Ages are by the monotonic clock. Wall clocks jump, for example after a suspend.
    """

    source: str
    queue: Callable[[], None]
    heard: float = field(default_factory=time.monotonic)
    beat: datetime | None = None
    called: bool = False

    def listen(self) -> None:
        """Read the lease; queue runs if the last renewal is older than QUIET_S.

        Raises:
            django.db.Error: the database is away.
        """
        beat = heartbeat(self.source)
        if beat != self.beat:
            self.beat = beat
            self.hear()
        elif not self.called and time.monotonic() - self.heard > QUIET_S:
            self.queue()
            self.called = True

    def hear(self) -> None:
        """Count the source as heard now."""
        self.heard, self.called = time.monotonic(), False


class WatchedCluster(Cluster):  # type: ignore[misc]  # django-q2 has no types
    """A cluster that records the processes, and detects failures.

    Only the main thread of the main process calls its methods. Calls that may block for long (the
    database, a lock of a killed process) run in a thread, so that the main thread stays free for
    signals. No process is forked meanwhile.
    """

    def __init__(self, children: Sequence[ChildProcess] = ()) -> None:
        super().__init__()
        self.children = children
        self.processes: set[psutil.Process] = set()
        self.began = time.monotonic()
        self.clock_seen = self.began
        self.sources_seen = self.began - SOURCES_S
        self.clock_lead = clock_lead()
        self.simulator = Heartbeat(SIMULATOR, queue_simulator)

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        """Only request the stop: a wait for a lock in a signal handler may last for ever."""
        request_stop()
        self.start_event = None  # ends start()'s wait for the sentinel

    def work(self) -> str | None:
        """Work until the stop is requested, then stop and return None; else return the problem."""
        run_with_timeout(queue_first_runs, give_up=stop_requested)
        if stop_requested():
            return None
        self.ensure_children()
        try:
            self.start()
        except RuntimeError as error:
            return str(error)
        while not stop_requested():
            if problem := self.problem():
                return problem
            self.ensure_children()
            interruptible_sleep(LOOK_S)
        for child in self.children:
            child.terminate()  # all end in the same seconds
        self.end()
        return None

    def ensure_children(self) -> None:
        """Start the processes beside the cluster that do not run."""
        for child in self.children:
            child.ensure_running()

    def problem(self) -> str | None:
        """Return why the cluster must be replaced; None if the cluster works."""
        if not self.sentinel.is_alive():
            return "their sentinel is dead"
        before, self.clock_lead = self.clock_lead, clock_lead()
        if before - self.clock_lead > SET_BACK_S:
            return f"the clock was set back by {before - self.clock_lead:.0f} s"
        self.remember_processes()
        run_with_timeout(self.listen, give_up=stop_requested)
        now, heard = time.monotonic(), self.simulator.heard  # it ticks also when it is off
        if now - self.began > SETTLED_S and now - heard > SILENCE_S:
            return f"no heartbeat for {now - heard:.0f} s"
        return None

    def remember_processes(self) -> None:
        """Record the cluster's processes: after the death of the sentinel, its children can't be found."""
        with suppress(psutil.Error):
            sentinel = psutil.Process(self.sentinel.pid)
            family = {sentinel, *sentinel.children(recursive=True)}
            self.processes = family | {process for process in self.processes if process.is_running()}

    def listen(self) -> None:
        """Check that the simulator works, else queue runs; check the clock, and whether sources exist."""
        try:
            self.simulator.listen()
            self.look_after_clock()
            self.look_for_sources()
        except DatabaseError:
            # Replacing the workers would not mend a database that can't be read or written.
            self.simulator.hear()
        finally:
            connections.close_all()

    def look_after_clock(self) -> None:
        """Check the clock every CLOCK_S: all tasks of the worker depend on it."""
        if time.monotonic() - self.clock_seen > CLOCK_S:
            look_after_clock()
            self.clock_seen = time.monotonic()

    def look_for_sources(self) -> None:
        """Check every SOURCES_S whether a collector is needed."""
        collectors = [child for child in self.children if isinstance(child, ChildOnDemand)]
        if collectors and time.monotonic() - self.sources_seen > SOURCES_S:
            self.sources_seen = time.monotonic()
            is_needed = has_collected_sources()
            for child in collectors:
                child.is_needed = is_needed

    def end(self) -> None:
        """Stop the cluster in order within STOP_S, else kill the processes."""
        deadline = time.monotonic() + STOP_S
        if not run_with_timeout(self.stop, give_up=lambda: time.monotonic() > deadline):
            logger.warning("workers killed: they did not stop within %.0f s", STOP_S)
        self.kill()

    def kill(self) -> None:
        """Kill all remaining processes of the cluster."""
        self.remember_processes()
        for process in self.processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self.sentinel is not None:
            self.sentinel.join(JOIN_S)


def queue_first_runs() -> None:
    """Queue the first runs of a new cluster. If that fails, the scheduler queues runs later."""
    try:
        look_after_clock()  # before anything is stored by it
        keep_schedules()
        queue_replay()
        queue_simulator()
    except DatabaseError as error:
        logger.warning("first runs not queued: %s", error)
    finally:
        connections.close_all()  # a connection must not be forked


def clock_lead() -> float:
    """Return how far the wall clock is ahead of the monotonic clock, in seconds."""
    return time.time() - time.monotonic()


def run_with_timeout(work: Callable[[], object], *, give_up: Callable[[], bool]) -> bool:
    """Run the work in a thread until the end (return True) or ``give_up`` (False: work may go on)."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive() and not give_up():
        thread.join(JOIN_S)
    return not thread.is_alive()
