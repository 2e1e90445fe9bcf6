"""The simulator as a source: write every due second of each tag exactly once.

Several runs overlap; the owner of the lease writes, the others stand by. Each tick is one transaction that
renews the lease, writes every second since the watermark, and moves the watermark. So seconds that a killed
worker did not commit are still due, and committed ones are not.
"""

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from monitoring.database import leases
from monitoring.database.connections import close_if_replaced
from monitoring.history.tags import active_tags
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.failpoints import failpoint
from monitoring.kernel.lease_names import SIMULATOR
from monitoring.kernel.tag_definition import DEFAULT_TAGS, DefaultTag, TagDefinition
from monitoring.sources.simulator.demo_vessel.making import is_live
from monitoring.sources.simulator.requested_faults import RequestedFault, fault_at, requested_faults
from monitoring.sources.simulator.simulated_tag import DemoTag, SimulatedTag, simulated_values
from monitoring.sources.simulator.vessel.channels import COLUMNS
from monitoring.sources.simulator.vessel.cycle import vessel_readings

logger = logging.getLogger(__name__)

SEED = 1
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=3)
FILL_LIMIT = timedelta(minutes=15)
SLEEP_SLICE_S = 0.1
PROFILES = {tag.definition.name: tag.profile for tag in DEFAULT_TAGS}

Item = dict[str, Any]
HandOver = Callable[[list[Item]], object]


def run_simulator(*, duration_s: float, should_stop: Callable[[], bool], hand_over: HandOver) -> None:
    """Tick just after each whole second, writing or standing by, for ``duration_s`` seconds.

    ``hand_over`` receives readings that could not be written; it runs in a transaction and queues them for a
    retry. With the simulator switched off, the ticks still serve as the heartbeat of the worker.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    end = time.monotonic() + duration_s
    healthy = True
    warm_up()
    while not should_stop() and time.monotonic() < end:
        healthy = tick_safely(owner, hand_over, was_healthy=healthy)
        sleep_to_next_second(should_stop)
    with suppress(DatabaseError):  # the lease expires instead
        leases.release(SIMULATOR, owner)


def warm_up() -> None:
    """Compute the present block of the demo vessel, which takes up to a second late in a batch.

    While another run writes, this run stands by and loses no time.
    """
    with suppress(DatabaseError):
        if is_live():
            now = int(time.time())
            vessel_readings(SEED, now, now + 1)


def tick_safely(owner: str, hand_over: HandOver, *, was_healthy: bool) -> bool:
    """Run a tick, and log the begin and the end of a series of failures; return whether the tick succeeded.

    Readings of a failed tick are handed over; if this fails too, they stay due for the next tick.
    """
    close_if_replaced()
    try:
        tick(owner, now=datetime.now(UTC), write=write_readings)
    except DatabaseError as error:
        if was_healthy:
            logger.error("simulator can't write; it goes on trying", extra={"error": str(error)})
        connection.close()
        return hand_over_due(owner, hand_over)
    if not was_healthy:
        logger.info("simulator writes again")
    return True


def write_readings(items: list[Item]) -> object:
    return ingest_readings(items, source=SIMULATOR)


def hand_over_due(owner: str, hand_over: HandOver) -> bool:
    """Hand over the due readings and move the watermark; return False if the database fails again."""
    try:
        if tick(owner, now=datetime.now(UTC), write=hand_over):
            logger.warning("simulated readings handed over to a task")
    except DatabaseError:
        connection.close()
        return False
    return True


def tick(owner: str, *, now: datetime, write: HandOver) -> bool:
    """Acquire or renew the lease and write due readings in one transaction; return False if standing by."""
    with leases.holding(SIMULATOR, owner, now=now, duration=LEASE) as held:
        if held is None:
            return False
        first, last = due(held.written_until, now)
        if settings.FERMON_SIMULATOR and first <= last:
            write(readings_between(simulated_tags(), first, last))
            leases.advance(held, last)
            failpoint("simulator.before_commit")
    failpoint("simulator.after_commit")
    return True


def due(written_until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the first and last whole second to write (none if first > last).

    Fill a gap of up to ``FILL_LIMIT`` second by second. After a longer gap, on the first run, or when the
    clock was set back by more than ``FILL_LIMIT``, start now. When the clock was set back by less, wait until
    the watermark is reached.
    """
    last = now.replace(microsecond=0)
    if written_until is None:
        return last, last
    if abs(last - written_until) <= FILL_LIMIT:
        return written_until + SECOND, last
    logger.warning(
        "simulator was away for longer than it fills, or the clock was set; it starts at now",
        extra={"written_until": iso_utc(written_until), "now": iso_utc(last)},
    )
    return last, last


def simulated_tags() -> list[SimulatedTag]:
    """Return the active tags that the simulator feeds now, with their current limits."""
    return known_tags(with_vessel=is_live())


def known_tags(*, with_vessel: bool) -> list[SimulatedTag]:
    """Return the active tags that the simulator knows, with or without those of the demo vessel."""
    tags = active_tags()
    default = [DefaultTag(tag, PROFILES[tag.name]) for tag in tags if tag.name in PROFILES]
    return [*default, *(DemoTag(tag) for tag in tags if with_vessel and tag.name in COLUMNS)]


def readings_between(tags: Iterable[SimulatedTag], first: datetime, last: datetime) -> list[Item]:
    """Return the tags' readings at each whole second from first to last (inclusive), in order of time."""
    start, stop = int(first.timestamp()), int(last.timestamp()) + 1
    signals = [(tag.definition, simulated_values(tag, seed=SEED, start=start, stop=stop)) for tag in tags]
    items: list[Item] = [
        {"timestamp": iso_utc(first + place * SECOND), "tag": tag.name, "value": float(values[place])}
        for place in range(stop - start)
        for tag, values in signals
    ]
    faults = [fault for fault in requested_faults() if fault.start < stop and fault.stop > start]
    return with_faults(items, faults, {tag.name: tag for tag, _ in signals}) if faults else items


def with_faults(
    items: Iterable[Item], faults: list[RequestedFault], tags: Mapping[str, TagDefinition]
) -> list[Item]:
    """Return the readings with the requested faults."""
    faulty = []
    for item in items:
        second = int(datetime.fromisoformat(item["timestamp"]).timestamp())
        fault = fault_at(faults, item["tag"], second)
        value = item["value"] if fault is None else fault.value(tags[item["tag"]], item["value"])
        if value is not None:
            faulty.append(item | {"value": value})
    return faulty


def sleep_to_next_second(should_stop: Callable[[], bool]) -> None:
    """Sleep until just after the next whole second; return early when asked to stop.

    The end is measured by the monotonic clock, so setting the wall clock back does not prolong the sleep.
    """
    end = time.monotonic() + 1 - time.time() % 1
    while (left := end - time.monotonic()) > 0 and not should_stop():
        time.sleep(min(left, SLEEP_SLICE_S))
