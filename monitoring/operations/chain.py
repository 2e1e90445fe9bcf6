"""The chain from a reading to a person: worker, evaluation of alarms, delivery. Report each broken link."""

from datetime import UTC, datetime, timedelta

from django.db import Error as DatabaseError
from django.db import connection

from monitoring.kernel.lease_names import ALARMS, NOTIFICATIONS, SIMULATOR
from monitoring.models import Lease
from monitoring.notifications.problems import delivery_problems
from monitoring.operations.health import seconds_since, worker_problems, write_error

# A process renews its lease each second, or a few seconds later on a busy machine.
SILENT_S = 15.0
BEHIND_S = 10.0
WORKER_SILENT_S = 15.0


def chain_problems(now: datetime | None = None) -> list[str]:
    """Return the faults that keep an alarm from reaching a person, in words; none while all works.

    The connection is closed afterwards: the caller asks once a minute.
    """
    now = now or datetime.now(UTC)
    try:
        return [*stored_problems(now), *read_only_problems()]
    except DatabaseError as error:
        return [f"The database is away ({error})."]
    finally:
        connection.close()


def stored_problems(now: datetime) -> list[str]:
    """Return the faults that stored data shows.

    Raises:
        django.db.Error: the database is away.
    """
    leases = Lease.objects.in_bulk([SIMULATOR, ALARMS, NOTIFICATIONS])
    worker = leases.get(SIMULATOR)
    age = seconds_since(worker.renewed_at if worker else None, now)
    found = worker_problems(age, None, simulator_on=False) if age is None or age > WORKER_SILENT_S else []
    found += silent("The evaluation of alarms", "run_alarms", leases.get(ALARMS), now)
    found += behind(leases.get(ALARMS), now)
    found += silent("The delivery of notifications", "run_notifications", leases.get(NOTIFICATIONS), now)
    return [*found, *delivery_problems(now)]


def silent(subject: str, command: str, lease: Lease | None, now: datetime) -> list[str]:
    """Return that a process has not renewed its lease for long; nothing if it has."""
    age = seconds_since(lease.renewed_at if lease else None, now)
    if age is not None and age <= SILENT_S:
        return []
    since = "has never run" if age is None else f"was last heard of {age:.0f} s ago"
    return [f"{subject} {since}: start it with 'manage.py {command}', or see the log."]


def behind(lease: Lease | None, now: datetime) -> list[str]:
    """Return that the evaluation, which runs, is behind the readings; nothing if it is not."""
    if lease is None or lease.renewed_at is None or lease.written_until is None:
        return []
    lag = now - lease.written_until
    is_running = now - lease.renewed_at <= timedelta(seconds=SILENT_S)
    if not is_running or lag <= timedelta(seconds=BEHIND_S):
        return []
    return [f"The evaluation of alarms is {lag.total_seconds():.0f} s behind the readings: see the log."]


def read_only_problems() -> list[str]:
    """Return that the database takes no writes; nothing if it does."""
    error = write_error()
    return [f"The database takes no writes ({error})."] if error else []
