"""Repair times that a clock running ahead has left in the future.

Schedules, queued tasks and locked accounts carry times of the host's clock. Without this repair they would
stay idle for as long as the clock was ahead. The worker runs the repair each minute; ``database.leases`` and
``storage.host_clock`` handle leases and retention.
"""

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db import transaction
from django_q.models import OrmQ

from monitoring.operations.schedules import pull_back
from monitoring.storage import host_clock

SLACK = timedelta(minutes=1)


def look_after_clock() -> None:
    """Record whether the clock is good, and pull back times that lie further ahead than possible.

    Raises:
        django.db.Error: the database is away.
    """
    now = host_clock.check_clock().reading.now
    with transaction.atomic():
        pull_back(now)
        free_queue(now)
        date_attempts(now)


def free_queue(now: datetime) -> None:
    """Unlock tasks that are locked for longer than any delivery lasts."""
    longest = timedelta(seconds=settings.Q_CLUSTER["retry"])
    OrmQ.objects.filter(lock__gt=now + longest + SLACK).update(lock=now)


def date_attempts(now: datetime) -> None:
    """Date failed logins of the future to now, so that their accounts open again after 15 minutes."""
    AccessAttempt.objects.filter(attempt_time__gt=now + SLACK).update(attempt_time=now)
