"""Send a load test's readings over HTTP, as sensors would: on schedule, however slow the answers are.

A lane is one persistent connection. Its requests are due at fixed times, and the latency of an answer counts
from the time when its request was due, not from the time of sending. So a server that stalls for ten seconds
gets no credit for requests that were delayed meanwhile.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson

from monitoring.lab.load.http import ANSWER_S, Connection, Target
from monitoring.lab.load.plan import LoadPlan, Request
from monitoring.lab.load.signals import Signals
from monitoring.lab.load.tags import name_of
from monitoring.lab.load.tally import Tally

PAUSE_S = 0.5  # before a failed connection is retried
GRACE_S = 30.0  # for requests still due at the end
SHOWN = 200  # characters of an error's text


@dataclass(slots=True)
class Run:
    """State shared by all lanes of one load test; ``start_us`` is the start in microseconds since 1970."""

    target: Target
    tags: int
    start_us: int
    is_single: bool = False
    end_s: float = float("inf")
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    tally: Tally = field(init=False)
    names: list[str] = field(init=False)
    signals: Signals = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally(self.tags)
        self.names = [name_of(index) for index in range(self.tags)]
        self.signals = Signals(self.tags, seed=self.start_us)
        self._began = time.perf_counter() + self.start_us / 1e6 - time.time()

    @property
    def now_s(self) -> float:
        """Return seconds since the start; negative before."""
        return time.perf_counter() - self._began

    @property
    def is_over(self) -> bool:
        """Whether no further request is to be sent."""
        return self.stopped.is_set() or self.now_s >= self.end_s

    def body(self, request: Request) -> bytes:
        """Return a request's readings as JSON."""
        time_us = self.start_us + request.offset_us
        moments, index = np.unique(time_us, return_inverse=True)
        texts = np.datetime_as_string(moments.astype("datetime64[us]"), timezone="UTC").tolist()
        values = self.signals.values(request.tag, time_us).tolist()
        readings = [
            {"timestamp": texts[moment], "tag": self.names[tag], "value": value}
            for moment, tag, value in zip(index.tolist(), request.tag.tolist(), values, strict=True)
        ]
        return orjson.dumps(readings[0] if self.is_single else readings)

    async def wait_for(self, due_s: float) -> None:
        """Wait until ``due_s`` after the start, or until the run is stopped."""
        if (left := due_s - self.now_s) > 0:
            try:
                await asyncio.wait_for(self.stopped.wait(), left)
            except TimeoutError:
                return


class Lane:
    """Send requests one after the other, each when due or as soon as possible after that."""

    def __init__(self, run: Run, requests: Iterator[Request]) -> None:
        self._run, self._requests = run, requests
        self._connection = Connection(run.target, "/ingest" if run.is_single else "/ingest/batch")
        self._next = next(requests, None)
        self.unsent = 0

    @property
    def lag_s(self) -> float:
        """Return for how long the next request has been due."""
        due_s = self._next.due_s if self._next else None
        return 0.0 if due_s is None else max(0.0, self._run.now_s - due_s)

    async def work(self) -> None:
        """Send all requests; at the end of the run, count the requests that were due and not sent."""
        await self._run.wait_for(0.0)
        while (request := self._next) is not None:
            if request.due_s is not None:
                await self._run.wait_for(request.due_s)
            if self._run.is_over:
                break
            self._next = next(self._requests, None)
            await self._send(request)
        if self._next is not None and self._next.due_s is not None:
            self._count_unsent(self._next)
        self._connection.close()

    def _count_unsent(self, request: Request | None) -> None:
        while request and request.due_s is not None and request.due_s <= self._run.now_s:
            self.unsent += len(request.tag)
            request = next(self._requests, None)

    async def _send(self, request: Request) -> None:
        body, tally = self._run.body(request), self._run.tally
        try:
            await asyncio.wait_for(self._connection.open(), ANSWER_S)
        except OSError as error:
            tally.fail(request.tag, f"no connection: {error}", was_sent=False)
            await self._run.wait_for(self._run.now_s + PAUSE_S)
            return
        since_s = self._run.now_s if request.due_s is None else request.due_s
        tally.sent += len(request.tag)
        try:
            status, text = await asyncio.wait_for(self._connection.post(body), ANSWER_S)
        except (OSError, EOFError) as error:
            self._connection.close()
            tally.fail(request.tag, f"no answer: {error!r}", was_sent=True)
            return
        tally.latencies.append(self._run.now_s - since_s)
        self._count(request, status, text)

    def _count(self, request: Request, status: int, text: bytes) -> None:
        tally = self._run.tally
        try:
            if status < 300:
                answer = orjson.loads(text)
                tally.answered(request.tag, [answer] if self._run.is_single else answer["results"])
                return
        except (ValueError, KeyError, TypeError):  # not an answer from Fermon
            pass
        reason = f"{status}: {text[:SHOWN].decode(errors='replace')}"
        if 400 <= status < 500:
            tally.refuse(request.tag, reason)
        else:
            tally.fail(request.tag, reason, was_sent=True)


Report = Callable[[Run, Sequence[Lane]], None]


def drive(run: Run, plan: LoadPlan, *, is_burst: bool, report: Report) -> bool:
    """Send the plan's requests and report once a second; return whether the run was completed.

    Ctrl-C stops the run early, after the pending answers.
    """
    sends = plan.burst if is_burst else plan.paced
    run.end_s = plan.seconds if is_burst else plan.seconds + GRACE_S
    lanes = [Lane(run, sends(number)) for number in range(plan.lanes)]
    return asyncio.run(work(run, lanes, report))


async def work(run: Run, lanes: Sequence[Lane], report: Report) -> bool:
    """Run the lanes, as ``drive``, until they have nothing more to send."""
    tasks = [asyncio.create_task(lane.work()) for lane in lanes]
    reporter = asyncio.create_task(keep_reporting(run, lanes, report))
    try:
        await asyncio.gather(*map(asyncio.shield, tasks))
    except asyncio.CancelledError:
        run.stopped.set()
        await asyncio.wait(tasks)
    finally:
        reporter.cancel()
    report(run, lanes)
    return not run.stopped.is_set()


async def keep_reporting(run: Run, lanes: Sequence[Lane], report: Report) -> None:
    """Report at each whole second, without end."""
    while True:
        await asyncio.sleep(1 - run.now_s % 1)
        if run.now_s >= 1:
            report(run, lanes)
