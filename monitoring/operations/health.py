"""Compute the state of the system from a snapshot, within two seconds even if the database hangs.

The check stores nothing.
"""

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from shutil import disk_usage

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import OperationalError, connection, transaction

from monitoring.database.replica_monitor import ReplicaHealth, ReplicaState, replica_health
from monitoring.history.ahead import Times, read_times
from monitoring.history.confirmed import ConfirmedSource, confirmed_sources
from monitoring.history.heartbeats import detection_lease, oldest_waiting
from monitoring.history.learning import Learning, read_learning
from monitoring.history.rejections import Refused, refused
from monitoring.kernel.host_clock import ClockReading, jump_problem, read_clock
from monitoring.kernel.lease_names import SIMULATOR
from monitoring.kernel.outages import outages
from monitoring.kernel.redis_link import RedisLink, link_to
from monitoring.kernel.runtime import part
from monitoring.models import HostClock, Lease, Measurement
from monitoring.models.host_clock import clock_state
from monitoring.notifications.problems import delivery_problems
from monitoring.sources.problems import failing_sources, source_notices
from monitoring.storage.archiving.problems import archive_problems

# A tag whose newest reading is older has gone quiet. A worker has after as many missed heartbeats as
# another worker needs to take over.
STALE_S = 10
WORKER_STALE_S = 4.5
DETECTION_STALE_S = 60
# As far as the simulator may be ahead of a clock that was set back, before it begins anew.
AHEAD_S = 900
ANSWER_S = 2.0
LOCK_MS = 1500
NOTHING_REFUSED = Refused(0, 0, ())
NO_TIMES = Times()
NOTHING_LEARNED = Learning()

UNCONFIRMED_S = 3.0
STANDBY_AWAY = "its synchronous standby is away, see docs/high-availability.md"
LONGEST_COMMIT_POSTGRESQL = """
    SELECT extract(epoch FROM max(clock_timestamp() - query_start))::float8 FROM pg_stat_activity
    WHERE wait_event = 'SyncRep' AND datname = current_database()
"""
READ_ONLY_POSTGRESQL = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"


@dataclass(frozen=True, slots=True)
class Health:
    """The content of ``/health``. Ages are in seconds; None means never.

    ``database`` is connected, locked (readable, not writable) or away. ``problems`` says in words each
    fault and its remedy; ``since`` is the start of the first fault, as far as known.
    """

    timestamp: datetime
    database: str
    dead_letters: int
    worker_age: float | None
    simulator_age: float | None
    detection_age: float | None
    refused: Refused
    queued: int
    times: Times
    learning: Learning
    problems: tuple[str, ...]
    since: datetime | None
    confirmed: tuple[ConfirmedSource, ...] = ()
    replica: ReplicaHealth | None = None

    @property
    def status(self) -> str:
        """Return healthy, degraded or unhealthy."""
        if self.database == "away":
            return "unhealthy"
        return "degraded" if self.problems else "healthy"


@dataclass(frozen=True, slots=True)
class Seen:
    """A snapshot of the database.

    ``detection_overdue``: detection has never run, although old measurements wait for it.
    ``oldest_waiting``: the time of the first one that waits for detectors that have never caught up.
    """

    database: str
    error: str = ""
    lease: Lease | None = None
    detection: Lease | None = None
    detection_overdue: bool = False
    refused: Refused = NOTHING_REFUSED
    queued: int = 0
    clock_problems: tuple[str, ...] = ()
    clock_good_until: datetime | None = None
    times: Times = NO_TIMES
    learning: Learning = NOTHING_LEARNED
    delivery_problems: tuple[str, ...] = ()
    source_problems: tuple[str, ...] = ()
    confirmed: tuple[ConfirmedSource, ...] = ()
    oldest_waiting: datetime | None = None


class HealthProbes:
    """The threads of this process that ask the database and Redis. A thread that hangs is not waited for."""

    def __init__(self) -> None:
        self._database = ThreadPoolExecutor(max_workers=2, thread_name_prefix="health")
        self._redis = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health-redis")

    def look_at_redis(self, redis: RedisLink) -> "Future[str]":
        """Begin to ask Redis; the result is why Redis can't be used, empty if Redis works."""
        return self._redis.submit(redis.look)

    def look(self, now: datetime, queued: Callable[[], int]) -> Seen:
        """Return a snapshot of the database, within ``ANSWER_S`` seconds."""
        probe = self._database.submit(probe_database, now, queued)
        try:
            seen = probe.result(timeout=ANSWER_S)
        except FutureTimeoutError:
            probe.cancel()
            seen = Seen("away", f"it did not answer within {ANSWER_S:.0f} s")
        if seen.database == "connected":
            outages().database.end()
        else:
            outages().database.begin(seen.error)
        return seen

    def stop(self) -> None:
        """End the threads once their questions are answered."""
        self._database.shutdown(wait=False, cancel_futures=True)
        self._redis.shutdown(wait=False, cancel_futures=True)


def check_health(
    *, simulator_on: bool, dead_letters: int, waiting_since: datetime | None, queued: Callable[[], int]
) -> Health:
    """Return the state now.

    ``dead_letters`` and ``waiting_since`` describe the readings on disk; ``queued`` counts the readings
    in the task queue.
    """
    now = datetime.now(UTC)
    redis = link_to(settings.REDIS_URL)
    probes = part(HealthProbes)
    redis_error = probes.look_at_redis(redis) if redis else None
    seen = probes.look(now, queued)
    replica = replica_health()
    worker_age = seconds_since(seen.lease.renewed_at if seen.lease else None, now)
    simulator_age = seconds_since(seen.lease.written_until if seen.lease and simulator_on else None, now)
    detection_age = seconds_since(seen.detection.written_until if seen.detection else None, now)
    problems = database_problems(seen)
    problems += storing_problems(seen)
    problems += seen.clock_problems
    if seen.database == "connected" and not outages().storing.since:
        problems += worker_problems(worker_age, simulator_age, simulator_on=simulator_on)
        problems += detection_problems(seen, worker_age, now)
    problems += redis_problems(redis_error.result() if redis_error else "")
    problems += replica_problems(replica)
    if dead_letters:
        problems.append(f"{dead_letters} readings wait on disk, where they are safe, to be stored.")
    if seen.refused.set_aside:
        problems.append(
            f"{seen.refused.set_aside} readings that waited on disk can't be stored:"
            " see 'readings set aside' in the admin."
        )
    problems += seen.times.problems
    problems += seen.delivery_problems
    problems += seen.source_problems
    return Health(
        now,
        seen.database,
        dead_letters,
        worker_age,
        simulator_age,
        detection_age,
        seen.refused,
        seen.queued,
        seen.times,
        seen.learning,
        tuple(problems),
        began(seen, waiting_since, worker_age, redis, now, replica) if problems else None,
        seen.confirmed,
        replica,
    )


def probe_database(now: datetime, queued: Callable[[], int]) -> Seen:
    """Read the state, then test whether a write would succeed. Runs in a thread of its own."""
    try:
        seen = read_state(now, queued)
        error = write_error() if seen.database == "connected" else ""
        return replace(seen, database="locked", error=error) if error else seen
    finally:
        connection.close()


def read_state(now: datetime, queued: Callable[[], int]) -> Seen:
    """Read the state of sources, detection, queue, clocks, notifications and field sources."""
    try:
        detection = detection_lease()
        return Seen(
            "connected",
            "",
            Lease.objects.filter(source=SIMULATOR).first(),
            detection,
            is_detection_overdue(detection, now),
            refused(now=now),
            queued(),
            *clock_jumps(read_clock()),
            read_times(now),
            read_learning(),
            tuple(delivery_problems(now)),
            (*failing_sources(now), *source_notices(now), *archive_problems(now)),
            confirmed_sources(),
            oldest_waiting(),
        )
    except DatabaseError as error:
        return Seen("away", str(error))


def is_detection_overdue(lease: Lease | None, now: datetime) -> bool:
    """Return whether detection has never run, and the first measurement is older than a minute."""
    if lease is not None and lease.renewed_at is not None:
        return False
    first = Measurement.objects.order_by("id").values_list("timestamp", flat=True).first()
    return first is not None and now - first > timedelta(seconds=DETECTION_STALE_S)


def clock_jumps(reading: ClockReading) -> tuple[tuple[str, ...], datetime | None]:
    """Return in words which clocks have jumped, and until when the first of them was known good.

    The clock of this host is compared now. The workers of other hosts have recorded the jumps there.
    """
    own = clock_state(reading)
    jumps = [(own.problem, own.good_until)] if own.jump else []
    others = HostClock.objects.exclude(jump_s=0).exclude(boot=reading.boot)
    jumps += [(jump_problem(row.host, row.jump), row.good_until) for row in others]
    return tuple(problem for problem, _ in jumps), min((since for _, since in jumps), default=None)


def write_error() -> str:
    """Return why no write can succeed; empty if one can. The transaction writes nothing."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {LOCK_MS}")
    try:
        with transaction.atomic():
            if is_read_only():
                return "it is read-only"
            take_write_lock()
            return unconfirmed()
    except OperationalError as error:
        return str(error)


def is_read_only() -> bool:
    """Return whether PostgreSQL accepts no writes, for example as a standby."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(READ_ONLY_POSTGRESQL)
        return bool(cursor.fetchone()[0])


def take_write_lock() -> None:
    """Take the lock that an INSERT needs on PostgreSQL. On SQLite each transaction has it from its start.

    Raises:
        OperationalError: another transaction holds the lock for long.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
            cursor.execute("LOCK TABLE ONLY measurements IN ROW EXCLUSIVE MODE")


def unconfirmed() -> str:
    """Return in words that commits wait for the synchronous standby; empty if none has waited for long."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute(LONGEST_COMMIT_POSTGRESQL)
        waiting_s = cursor.fetchone()[0] or 0.0
    if waiting_s <= UNCONFIRMED_S:
        return ""
    return f"no commit has been confirmed for {waiting_s:.0f} s: {STANDBY_AWAY}"


def database_problems(seen: Seen) -> list[str]:
    """Return the faults of the database, in words."""
    if seen.database == "connected":
        return []
    state = "is away" if seen.database == "away" else "takes no writes now"
    is_unconfirmed = seen.error.endswith(STANDBY_AWAY)
    readings = "not acknowledged until it is back" if is_unconfirmed else "kept safe on disk"
    return [f"The database {state} ({seen.error}). Readings that come in are {readings}."]


def storing_problems(seen: Seen) -> list[str]:
    """Return in words why readings can't be stored although the database answers."""
    known = outages()
    problems = []
    free = free_bytes()
    if seen.database == "connected" and free >= settings.FERMON_DISK_RESERVE_BYTES:
        known.storing.end_if_quiet()
        known.keeping.end_if_quiet()
    if known.storing.since and seen.database == "connected":
        safe = "" if known.keeping.since else "; they are kept safe on disk"
        problems.append(f"Readings can't be stored ({known.storing.error}){safe}.")
    if known.keeping.since:
        error = known.keeping.error
        problems.append(f"Readings are turned away, for their sources to send again: {error}.")
    elif free < settings.FERMON_DISK_RESERVE_BYTES:
        problems.append(f"The disk is full: {free / 2**20:.0f} MiB are left. Make room.")
    return problems


def free_bytes() -> float:
    """Return the free bytes on the data directory's disk; infinite if unknown."""
    try:
        return disk_usage(settings.FERMON_DATA_DIR).free
    except OSError:
        return math.inf


def worker_problems(
    worker_age: float | None, simulator_age: float | None, *, simulator_on: bool
) -> list[str]:
    """Return the faults of the worker, in words."""
    if worker_age is None or worker_age > WORKER_STALE_S:
        since = "has never run" if worker_age is None else f"was last heard of {worker_age:.0f} s ago"
        return [f"The worker {since}: start it with 'manage.py qcluster'."]
    if simulator_on and (simulator_age is None or simulator_age > WORKER_STALE_S):
        return ["The worker runs, but the simulator writes nothing: see the log."]
    return []


def detection_problems(seen: Seen, worker_age: float | None, now: datetime) -> list[str]:
    """Return the faults of detection, in words; none while the worker, which starts detection, is silent."""
    if worker_age is None or worker_age > WORKER_STALE_S:
        return []
    start = "start it with 'manage.py run_detection', or see the log."
    if seen.detection_overdue:
        return [f"Detection has never run: {start}"]
    silent_s = silence_of_detection(seen, now)
    if silent_s is not None:
        return [f"Detection was last heard of {silent_s:.0f} s ago: {start}"]
    age = seconds_since(seen.detection.written_until if seen.detection else None, now)
    if age is not None and age > DETECTION_STALE_S:
        return [f"The detectors are {age:.0f} s behind the readings: see the log."]
    if seen.oldest_waiting and now - seen.oldest_waiting > timedelta(seconds=DETECTION_STALE_S):
        oldest = f"{seen.oldest_waiting:%Y-%m-%d %H:%M:%S} UTC"
        return [f"Some detectors have never caught up with the readings, from {oldest} on: see the log."]
    return []


def silence_of_detection(seen: Seen, now: datetime) -> float | None:
    """Return for how many seconds detection has been silent; None if it renewed its lease lately."""
    age = seconds_since(seen.detection.renewed_at if seen.detection else None, now)
    return age if age is not None and age > DETECTION_STALE_S else None


def redis_problems(error: str) -> list[str]:
    """Return the faults of Redis, in words. No reading depends on Redis."""
    if not error:
        return []
    return [
        f"Redis is away ({error}). Each process counts calls by itself and streams look for what is new;"
        " nothing is lost."
    ]


def replica_problems(replica: ReplicaHealth | None) -> list[str]:
    """Return the faults of the replica, in words. Reads that the replica can't answer go to the primary."""
    if replica is None or replica.state in {ReplicaState.CURRENT, ReplicaState.UNKNOWN}:
        return []
    return [f"The replica is not used ({replica.error}). Reads go to the primary; nothing is lost."]


def began(
    seen: Seen,
    waiting_since: datetime | None,
    worker_age: float | None,
    redis: RedisLink | None,
    now: datetime,
    replica: ReplicaHealth | None,
) -> datetime | None:
    """Return the start of the first problem, as far as known."""
    found = outages()
    known = [
        waiting_since,
        found.database.since,
        found.storing.since,
        found.keeping.since,
        redis.outage.since if redis else None,
        replica.since if replica else None,
        seen.clock_good_until,
    ]
    if worker_age is not None and worker_age > WORKER_STALE_S:
        known.append(seen.lease.renewed_at if seen.lease else None)
    elif seen.detection and silence_of_detection(seen, now):
        known.append(seen.detection.renewed_at)
    return min((moment for moment in known if moment is not None), default=None)


def seconds_since(moment: datetime | None, now: datetime) -> float | None:
    """Return the age of a moment in seconds, rounded to tenths; None for None.

    A moment far ahead was written while the clock was ahead: the distance counts as the age.
    """
    if moment is None:
        return None
    age = (now - moment).total_seconds()
    return round(-age if age < -AHEAD_S else max(0.0, age), 1)
