"""Whether the system does its work."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import Error as DatabaseError

from monitoring.models import Lease

STALE_S = 10


@dataclass(frozen=True, slots=True)
class Health:
    """What ``/health`` tells. Ages are in seconds, None where there has never been any.

    ``problems`` names in words what is wrong and what to do; empty if nothing is.
    """

    timestamp: datetime
    database: bool
    dead_letters: int
    worker_age: float | None
    simulator_age: float | None
    problems: tuple[str, ...]

    @property
    def status(self) -> str:
        """One word for all of it."""
        if not self.database:
            return "unhealthy"
        return "degraded" if self.problems else "healthy"


def check_health(*, simulator_on: bool, dead_letters: int, refused: int) -> Health:
    """The state now, given how many readings wait on disk and how many of those were refused for good."""
    now = datetime.now(UTC)
    problems = []
    try:
        lease = Lease.objects.first()
        database = True
    except DatabaseError as error:
        lease, database = None, False
        problems.append(f"The database is away ({error}). Readings that come in are kept safe on disk.")
    worker_age = seconds_since(lease.renewed_at if lease else None, now)
    simulator_age = seconds_since(lease.written_until if lease and simulator_on else None, now)
    if database:
        problems += worker_problems(worker_age, simulator_age, simulator_on=simulator_on)
    if dead_letters:
        problems.append(f"{dead_letters} readings wait on disk to be stored.")
    if refused:
        problems.append(f"{refused} readings from disk were refused: see dead_letters/refused.jsonl.")
    return Health(now, database, dead_letters, worker_age, simulator_age, tuple(problems))


def worker_problems(
    worker_age: float | None, simulator_age: float | None, *, simulator_on: bool
) -> list[str]:
    """What is wrong with the worker, in words."""
    if worker_age is None or worker_age > STALE_S:
        since = "has never run" if worker_age is None else f"was last heard of {worker_age:.0f} s ago"
        return [f"The worker {since}: start it with 'manage.py qcluster'."]
    if simulator_on and (simulator_age is None or simulator_age > STALE_S):
        return ["The worker runs, but the simulator writes nothing: see the log."]
    return []


def seconds_since(moment: datetime | None, now: datetime) -> float | None:
    """The age of a moment in seconds, to the tenth; None of none."""
    return None if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)
