"""The worker: django-q2's cluster, replaced when it stops working and stopped within seconds.

What the stock cluster does not heal: a worker killed while it reads the queue takes the queue's
lock with it, and nobody gets another task; a killed sentinel leaves its children behind. What it
may never end: its signal handler waits for locks that a killed process took along.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType

import psutil
from django.db import Error as DatabaseError
from django.db import connections
from django_q.cluster import Cluster

from monitoring.history.heartbeats import heartbeat
from monitoring.kernel.lease_names import DETECTION, SIMULATOR
from monitoring.kernel.stop_flag import clear_stop, request_stop, stop_requested
from monitoring.operations.after_jump import look_after_clock
from monitoring.operations.schedules import keep_schedules, queue_judge, queue_replay, queue_simulator

logger = logging.getLogger(__name__)

NAP_S = 0.1
LOOK_S = 1.0
# Without a heartbeat for so long, and not just started: nobody works.
SILENCE_S = 15.0
# Before that, another run is queued: perhaps all that ran were killed, or could not be queued.
QUIET_S = 5.0
SETTLED_S = 30.0
# Less than the 5 s that start.sh waits after it stopped the server.
STOP_S = 4.0
LONGEST_PAUSE_S = 60.0
# django-q2's sentinel waits by the wall clock: one that is set back stops it for as long.
SET_BACK_S = 5.0
# How often the clock is looked at, and what a jump has left is mended.
CLOCK_S = 20.0
# A cluster that lasted so long did not fail at once: the pauses begin anew.
LASTING_S = 300.0


def leave_pool() -> None:
    """Gives each process and thread from now on connections of its own: a pool's can't be forked."""
    for connection in connections.all():
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]
            connection.settings_dict["OPTIONS"].pop("pool", None)
            connection.settings_dict["CONN_MAX_AGE"] = None


def run_worker() -> None:
    """Runs a cluster, and another whenever it no longer works, until SIGTERM or SIGINT."""
    clear_stop()
    logger.info("worker started")
    pause_s = 1.0
    while not stop_requested():
        cluster = WatchedCluster()
        problem = cluster.work()
        if problem is None:
            break
        cluster.kill()
        lasted_s = time.monotonic() - cluster.began
        pause_s = 1.0 if lasted_s > LASTING_S else min(2 * pause_s, LONGEST_PAUSE_S)
        logger.error("workers replaced: %s", problem, extra={"lasted_s": round(lasted_s)})
        nap(pause_s)
    logger.info("worker stopped")


def run_once() -> None:
    """Runs a cluster for what waits in the queue, then ends; sooner at SIGTERM or SIGINT."""
    clear_stop()
    cluster = WatchedCluster()
    cluster.start()
    beside(cluster.stop, give_up=stop_requested)
    cluster.end()


@dataclass(slots=True)
class Pulse:
    """Whether a source's lease is renewed; ``queue`` queues runs of it, once when it has gone quiet.

    It compares no clocks: they jump, as after a suspend.
    """

    source: str
    queue: Callable[[], None]
    heard: float = field(default_factory=time.monotonic)
    beat: datetime | None = None
    called: bool = False

    def listen(self) -> None:
        """Raises django.db.Error where the database is away."""
        beat = heartbeat(self.source)
        if beat != self.beat:
            self.beat = beat
            self.hear()
        elif not self.called and time.monotonic() - self.heard > QUIET_S:
            self.queue()
            self.called = True

    def hear(self) -> None:
        """It counts as heard."""
        self.heard, self.called = time.monotonic(), False


class WatchedCluster(Cluster):  # type: ignore[misc]  # django-q2 has no types
    """A cluster that knows its processes, and whether they work.

    Only the main thread of the main process calls it. What may block for long (the database, a
    lock of a killed process) runs beside that thread, which stays free for signals. No process is
    forked meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        self.processes: set[psutil.Process] = set()
        self.began = time.monotonic()
        self.clock_seen = self.began
        self.clock_lead = clock_lead()
        self.simulator, self.judge = Pulse(SIMULATOR, queue_simulator), Pulse(DETECTION, queue_judge)

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        """Asks for the stop, no more: to wait for locks in a signal handler may be for ever."""
        request_stop()
        self.start_event = None  # ends start()'s wait for the sentinel

    def work(self) -> str | None:
        """Works until the stop is asked for, then stops (None), or until it no longer works (why)."""
        beside(queue_first_runs, give_up=stop_requested)
        if stop_requested():
            return None
        try:
            self.start()
        except RuntimeError as error:
            return str(error)
        while not stop_requested():
            if problem := self.problem():
                return problem
            nap(LOOK_S)
        self.end()
        return None

    def problem(self) -> str | None:
        """Why the cluster must be replaced; None as long as it works."""
        if not self.sentinel.is_alive():
            return "their sentinel is dead"
        before, self.clock_lead = self.clock_lead, clock_lead()
        if before - self.clock_lead > SET_BACK_S:
            return f"the clock was set back by {before - self.clock_lead:.0f} s"
        self.remember_processes()
        beside(self.listen, give_up=stop_requested)
        now, heard = time.monotonic(), self.simulator.heard  # it ticks also when it is off
        if now - self.began > SETTLED_S and now - heard > SILENCE_S:
            return f"no heartbeat for {now - heard:.0f} s"
        return None

    def remember_processes(self) -> None:
        """Notes who belongs to the cluster: once the sentinel is dead, its children can't be found."""
        with suppress(psutil.Error):
            sentinel = psutil.Process(self.sentinel.pid)
            family = {sentinel, *sentinel.children(recursive=True)}
            self.processes = family | {process for process in self.processes if process.is_running()}

    def listen(self) -> None:
        """Listens whether simulator and judge work; where one does not, runs are queued."""
        try:
            self.simulator.listen()
            self.judge.listen()
            self.look_after_clock()
        except DatabaseError:
            # It can't be read or not be written: not the workers' fault, nor healed by replacing them.
            self.simulator.hear()
            self.judge.hear()
        finally:
            connections.close_all()

    def look_after_clock(self) -> None:
        """Looks at the clock now and then; each run of the worker's tasks goes by it."""
        if time.monotonic() - self.clock_seen > CLOCK_S:
            look_after_clock()
            self.clock_seen = time.monotonic()

    def end(self) -> None:
        """Stops the cluster in order, or kills it when that takes too long."""
        deadline = time.monotonic() + STOP_S
        if not beside(self.stop, give_up=lambda: time.monotonic() > deadline):
            logger.warning("workers killed: they did not stop within %.0f s", STOP_S)
        self.kill()

    def kill(self) -> None:
        """Kills all that is left of the cluster."""
        self.remember_processes()
        for process in self.processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self.sentinel is not None:
            self.sentinel.join(NAP_S)


def queue_first_runs() -> None:
    """Queues what a new cluster begins with; failing that, the scheduler's runs come later."""
    try:
        look_after_clock()  # before anything is stored by it
        keep_schedules()
        queue_replay()
        queue_simulator()
        queue_judge()
    except DatabaseError as error:
        logger.warning("first runs not queued: %s", error)
    finally:
        connections.close_all()  # a connection must not be forked


def clock_lead() -> float:
    """Return how far the wall clock is ahead of the monotonic one; setting the former changes that."""
    return time.time() - time.monotonic()


def beside(work: Callable[[], object], *, give_up: Callable[[], bool]) -> bool:
    """Runs the work in a thread, until it is done (True) or given up (False: it may still run)."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive() and not give_up():
        thread.join(NAP_S)
    return not thread.is_alive()


def nap(duration_s: float) -> None:
    """Sleeps, unless the stop is asked for."""
    end = time.monotonic() + duration_s
    while (left := end - time.monotonic()) > 0 and not stop_requested():
        time.sleep(min(left, NAP_S))
