"""The past of the demo vessel at the first start: five batches and the present one, a reading each 10 s.

It is stored in pieces, oldest first, each in one transaction with the watermark of the lease ``demo_vessel``:
a killed worker's work continues at the watermark.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from monitoring.database import leases
from monitoring.database.write_lock import write_lock
from monitoring.history.heartbeats import detection_lease
from monitoring.ingest.columns import Batch
from monitoring.ingest.pipeline import ingest_columns
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.lease_names import DEMO_VESSEL
from monitoring.models import Lease
from monitoring.sources.simulator.vessel.channels import NAMES
from monitoring.sources.simulator.vessel.cycle import batch_at, vessel_readings
from monitoring.sources.simulator.vessel.moments import moments_of
from monitoring.storage.partitions import create_partitions

PAST_BATCHES = 5
SPACING_S = 10
PIECE_S = 5 * 3600  # 28,800 readings
HOLD = timedelta(seconds=10)
LAG, LONGEST_WAIT_S = timedelta(seconds=20), 30  # an alarm comes after 60 s

Clock = Callable[[], datetime]


def store_past(*, seed: int, should_stop: Callable[[], bool], clock: Clock) -> bool:
    """Store the missing pieces; return whether the past is complete, so that live readings can follow.

    Raises:
        django.db.Error: the database is unavailable; the next call continues.
    """
    owner = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    is_complete = False
    while not is_complete and not should_stop():
        lease = Lease.objects.get(source=DEMO_VESSEL)
        now = int(clock().timestamp())
        start = first_second(now) if lease.written_until is None else int(lease.written_until.timestamp())
        if not store_piece(owner, start, min(start + PIECE_S, now), seed=seed, clock=clock):
            return False
        is_complete = leases.position_of(DEMO_VESSEL) is not None
        wait_for_detection(should_stop)
    leases.release(DEMO_VESSEL, owner)
    return is_complete


def wait_for_detection(should_stop: Callable[[], bool]) -> None:
    """Wait while detection, which reads the past too, is far behind: an alarm of that would be false.

    If it is not fast enough, go on after ``LONGEST_WAIT_S``.
    """
    end = time.monotonic() + LONGEST_WAIT_S
    while detection_lag() > LAG and time.monotonic() < end and not should_stop():
        time.sleep(0.5)


def detection_lag() -> timedelta:
    """Return for how long detection has not been up to date; zero if it does not run."""
    now = datetime.now(UTC)
    lease = detection_lease()
    if lease is None or lease.renewed_at is None or lease.renewed_at <= now - LAG:
        return timedelta(0)
    return now - lease.written_until if lease.written_until else timedelta(0)


def first_second(now: int) -> int:
    """Return the start of the oldest of the past batches, in Unix time."""
    number, _ = batch_at(now)
    return moments_of(number - PAST_BATCHES).start


def store_piece(owner: str, start: int, stop: int, *, seed: int, clock: Clock) -> bool:
    """Store the readings from ``start`` to ``stop`` (exclusive) and move the watermark.

    The last piece, which reaches the present, makes the vessel live. Return False if another worker stores.
    """
    readings = columns_between(start, stop, seed=seed)
    create_partitions(start * SECOND_US, stop * SECOND_US)
    now = clock()
    with write_lock(), leases.holding(DEMO_VESSEL, owner, now=now, duration=HOLD) as held:
        if held is None or not continues(held, start):
            return False
        ingest_columns(NAMES, readings)
        leases.advance(held, datetime.fromtimestamp(stop, UTC))
        if now.timestamp() - stop < SPACING_S:
            leases.keep_position(held, batch_at(stop)[0] - PAST_BATCHES)
    return True


def continues(held: leases.Hold, start: int) -> bool:
    """Return whether no other worker has stored since the watermark was read."""
    return held.written_until is None or int(held.written_until.timestamp()) == start


def columns_between(start: int, stop: int, *, seed: int) -> Batch:
    """Return the readings at each tenth second from ``start`` on, by tag."""
    seconds = np.arange(-(-start // SPACING_S) * SPACING_S, stop, SPACING_S)
    values = vessel_readings(seed, start, stop)[seconds - start]
    return Batch(
        tag=np.repeat(np.arange(len(NAMES)), len(seconds)),
        position=np.arange(values.size),
        time_us=np.tile(seconds, len(NAMES)) * SECOND_US,
        value=values.T.ravel(),
    )
