"""The collector: one process that runs the drivers of field sources, each under a lease of its own."""

import asyncio
import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from functools import partial

from django.db import Error as DatabaseError

from monitoring.kernel.outages import Outage
from monitoring.sources.database_thread import DatabaseThread
from monitoring.sources.jobs import JobRunner
from monitoring.sources.live_session import Queue, SourceRecord
from monitoring.sources.rounds import CollectorRounds, Round
from monitoring.sources.sample_queue import SampleQueue
from monitoring.sources.source_run import Assignment, SourceRun
from monitoring.sources.writer import Writer

logger = logging.getLogger(__name__)

EVERY_S = 1.0  # a round
FIGURES_EVERY = 2  # rounds
LOOK_S = 0.1  # for a stop
# Of the 4 s in which the process has to end: drivers, then what is enqueued, then the last records. Where the
# first steps are quick, the others may take longer, until END_S have passed in all.
END_DRIVERS_S, END_WRITER_S, END_RECORDS_S = 2.2, 0.8, 0.5
END_S = 3.0


class Collector:
    """Runs all sources whose leases are free; other collectors run the others."""

    def __init__(self) -> None:
        owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.runs: dict[int, SourceRun] = {}
        self._queue: Queue = SampleQueue()
        self._rounds = CollectorRounds(owner)
        self._writer = Writer(self._queue, self._rounds.guard)
        self._database = DatabaseThread()
        self._jobs = JobRunner(self._database.call)
        self._outage = Outage(began="sources can't be looked after", ended="sources are looked after again")
        self._number = 0

    async def run(self, should_stop: Callable[[], bool]) -> None:
        """Work until ``should_stop``; then end all drivers, store what is enqueued, release the leases."""
        self._writer.start()
        try:
            while not should_stop():
                began = time.monotonic()
                work = asyncio.create_task(self.round())
                while not work.done() or time.monotonic() < began + EVERY_S:
                    await asyncio.sleep(LOOK_S)
                    if should_stop():
                        break
                if work.done():
                    work.result()
                else:
                    work.cancel()
        finally:
            await self._leave()

    async def round(self) -> None:
        """Write what the sources told, look for changed sources and jobs, and act on them."""
        await self._end([source for source, run in self.runs.items() if run.is_lost], is_lost=True)
        self._number += 1
        is_full = self._number % FIGURES_EVERY == 1
        logs = [run.log for run in self.runs.values() if is_full or run.log.is_urgent]
        records = [log.take() for log in logs]
        held = {source: run.revision for source, run in self.runs.items()}
        try:
            found: Round = await self._database.call(partial(self._rounds.work, held, records))
        except DatabaseError as error:
            self._outage.begin(error)
            for log, record in zip(logs, records, strict=True):
                log.put_back(record)
            return
        self._outage.end()
        for log, record in zip(logs, records, strict=True):
            log.written(record)
        await self._act_on(found)

    async def _act_on(self, found: Round) -> None:
        """Start, change and end sources, and start jobs."""
        await self._end(found.lost, is_lost=True)
        await self._end(found.ended)
        await asyncio.gather(*map(self._assign, found.assigned))
        for job in found.jobs:
            self._jobs.start(job)
        for run in self.runs.values():
            run.hold(found.hold_us)

    async def _assign(self, assignment: Assignment) -> None:
        run = self.runs.get(assignment.source)
        if run is not None:
            logger.info("source %s changed", assignment.name)
            await run.change(assignment)
        else:
            logger.info("source %s started", assignment.name)
            self.runs[assignment.source] = SourceRun(assignment, self._queue, self._newest)

    async def _end(self, sources: Collection[int], *, is_lost: bool = False) -> None:
        runs = [self.runs.pop(source) for source in sources if source in self.runs]
        for run in runs:
            logger.info(
                "source %s %s", run.assignment.name, "lost to another collector" if is_lost else "ended"
            )
        await asyncio.gather(*(run.lose() if is_lost else run.stop() for run in runs))

    async def _newest(self, source: int, tags: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = await self._database.call(partial(self._rounds.newest, source, tags))
        return found

    async def _leave(self) -> None:
        end = time.monotonic() + END_S
        await self._jobs.stop(END_RECORDS_S)
        stops = [asyncio.create_task(run.stop()) for run in self.runs.values()]
        if stops:
            await asyncio.wait(stops, timeout=END_DRIVERS_S)
        writer_s = max(END_WRITER_S, end - END_RECORDS_S - time.monotonic())
        if not await asyncio.to_thread(self._writer.stop, writer_s):
            logger.warning("readings were not stored in time: sources send them again")
        records: list[SourceRecord] = [run.log.take() for run in self.runs.values()]
        try:
            leave = partial(self._rounds.leave, records, set(self.runs))
            records_s = max(END_RECORDS_S, end - time.monotonic())
            await asyncio.wait_for(self._database.call(leave), records_s)
        except (DatabaseError, TimeoutError):
            logger.warning("leases of sources were not released: they expire")
        finally:
            self._database.stop()


def run(*, should_stop: Callable[[], bool]) -> None:
    """Collect from all sources whose leases are free, until ``should_stop``."""
    asyncio.run(Collector().run(should_stop))
