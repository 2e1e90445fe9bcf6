"""Run the jobs that people ask of the collector: connection tests, discovery, a look at what arrives."""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, cast

from monitoring.kernel.clock import current_micros
from monitoring.models import SourceJob
from monitoring.models.source import MOST_POINTS
from monitoring.sources.config import SourceConfig
from monitoring.sources.driving import load_probe
from monitoring.sources.job_claims import write_job
from monitoring.sources.job_requests import DISCOVER, LISTEN, TEST
from monitoring.sources.live_session import without_secrets
from monitoring.sources.loading import load_config
from monitoring.sources.points import SeenPoint, write_points
from monitoring.sources.session import Point, Probe, SourceError, Step

logger = logging.getLogger(__name__)

LIMIT_S = {TEST: 15.0, DISCOVER: 60.0, LISTEN: 30.0}
APART_S = 1.0  # between two jobs of one source
WRITTEN_EVERY_S = 0.5
MOST_HEARD = 20

# Calls a function in the thread of the database.
InDatabase = Callable[[Callable[[], Any]], Awaitable[Any]]


class JobRunner:
    """Runs jobs, of each source one at a time and at most one a second."""

    def __init__(self, in_database: InDatabase) -> None:
        self._in_database = in_database
        self._tasks: set[asyncio.Task[None]] = set()
        self._locks: dict[int, asyncio.Lock] = {}

    def start(self, job: SourceJob) -> None:
        """Run a job beside all else."""
        task = asyncio.create_task(self._run(job), name=f"job {job.pk}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, within_s: float) -> None:
        """Cancel all jobs; another collector reports them as abandoned."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within_s)

    async def _run(self, job: SourceJob) -> None:
        async with self._locks.setdefault(job.source_id, asyncio.Lock()):
            began = time.monotonic()
            try:
                await JobRun(job, self._in_database).run()
            except Exception:  # one job never ends another
                logger.exception("job %s of source %s was not written", job.kind, job.source.name)
            await asyncio.sleep(max(0.0, began + APART_S - time.monotonic()))


class JobRun:
    """One job: its steps so far, and its result."""

    def __init__(self, job: SourceJob, in_database: InDatabase) -> None:
        self._job, self._in_database = job, in_database
        self._steps: list[Step] = []
        self._result: Any = None
        self._written_at = 0.0

    async def run(self) -> None:
        """Run the job and write its end, in any case."""
        secrets: frozenset[str] = frozenset()
        limit_s = LIMIT_S.get(self._job.kind, 15.0)
        try:
            config = await self._in_database(partial(load_config, self._job.source))
            secrets = config.secrets
            await asyncio.wait_for(self._work(config), limit_s)
            error = ""
        except TimeoutError:
            error = f"Not finished after {limit_s:.0f} s. Check the address, and the way to it."
        except SourceError as found:
            error = str(found)
        except asyncio.CancelledError:
            await self._write(
                [Step("Collector", False, "The collector was stopped. Ask again.")], is_failed=True
            )
            raise
        except Exception as found:  # noqa: BLE001 - a driver's mistake: a person reads it in the job
            logger.error("job failed:\n%s", without_secrets(traceback.format_exc(), secrets))
            error = f"Unexpected error {type(found).__name__}: {found}. The log has the details."
        if error:
            self._steps = [step for step in self._steps if step.is_done is not None]
            self._steps.append(Step(self._job.kind.capitalize(), False, error))
        self._steps = [step._replace(text=without_secrets(step.text, secrets)) for step in self._steps]
        await self._write(is_failed=any(step.is_done is False for step in self._steps))

    async def _work(self, config: SourceConfig) -> None:
        probe = await asyncio.to_thread(load_probe, config.protocol)
        if self._job.kind == TEST:
            await self._test(probe, config)
        elif self._job.kind == DISCOVER:
            await self._discover(probe, config)
        elif self._job.kind == LISTEN and hasattr(probe, "listen"):
            await self._listen(cast(Any, probe).listen, config)
        else:
            raise SourceError(f"A source of this protocol has no job {self._job.kind!r}.")

    async def _test(self, probe: Probe, config: SourceConfig) -> None:
        async with closing(probe.check_connection(config)) as steps:
            async for step in steps:
                public = step._replace(text=without_secrets(step.text, config.secrets))
                if self._steps and self._steps[-1].name == step.name:
                    self._steps[-1] = public
                else:
                    self._steps.append(public)
                await self._write()

    async def _discover(self, probe: Probe, config: SourceConfig) -> None:
        """Write points as they come; the result counts them, and has the children of a browsed folder."""
        found: list[Point] = []
        written = 0
        step = Step("Discover", None)
        self._steps = [step]
        async with closing(probe.discover(config, self._job.parameters)) as points:
            async for point in points:
                found.append(point)
                if time.monotonic() - self._written_at > WRITTEN_EVERY_S:
                    await self._write_points(found[written:])
                    written = len(found)
                    self._steps = [step._replace(text=f"{written} points so far.")]
                    await self._write()
                if len(found) >= MOST_POINTS:
                    break
        await self._write_points(found[written:])
        self._steps = [Step("Discover", True, f"{len(found)} points found.")]
        self._result = {
            "points": [
                {
                    "address": each.address,
                    "raw": each.raw,
                    "suggestion": dict(each.suggestion),
                    "children": each.children,
                }
                for each in found
            ]
        }

    async def _write_points(self, points: list[Point]) -> None:
        """Add points that have values to the source's; a folder has none."""
        now_us = current_micros()
        seen = [
            SeenPoint(point.address, now_us, now_us, point.raw, 0, point.suggestion)
            for point in points
            if not point.children
        ]
        if seen:
            await self._in_database(partial(write_points, self._job.source_id, seen))

    async def _listen(
        self,
        listen: Callable[[SourceConfig, Mapping[str, object]], AsyncIterator[object]],
        config: SourceConfig,
    ) -> None:
        """Keep the newest messages in the result while they come."""
        heard: list[object] = []
        self._steps = [Step("Listen", None)]
        async with closing(listen(config, self._job.parameters)) as messages:
            async for message in messages:
                heard = [*heard, message][-MOST_HEARD:]
                self._result = {"messages": heard}
                if time.monotonic() - self._written_at > WRITTEN_EVERY_S:
                    await self._write()
        self._steps = [Step("Listen", True, f"{len(heard)} messages.")]

    async def _write(self, more: "list[Step] | None" = None, *, is_failed: bool | None = None) -> None:
        self._written_at = time.monotonic()
        steps = [*self._steps, *(more or [])]
        await self._in_database(partial(write_job, self._job.pk, steps, self._result, is_failed=is_failed))


def closing(iterator: AsyncIterator[Any]) -> "aclosing[Any]":
    """Close the generator of a probe at the end of a block, so that its connection is closed."""
    return aclosing(cast(Any, iterator))
