"""What a clock that was ahead and came back would leave undone for as long as it was ahead.

Schedules, queued tasks and locked accounts carry times of the host's clock. The worker mends them each
minute; ``ingest.leases`` and ``ingest.host_clock`` see to the rest.
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
    """Keep whether the clock is good, and make due what lies further ahead than it can.

    Raises:
        django.db.Error: the database is away.
    """
    now = host_clock.check_clock().reading.now
    with transaction.atomic():
        pull_back(now)
        free_queue(now)
        date_attempts(now)


def free_queue(now: datetime) -> None:
    """Let tasks be taken again that are locked for longer than any delivery lasts."""
    longest = timedelta(seconds=settings.Q_CLUSTER["retry"])
    OrmQ.objects.filter(lock__gt=now + longest + SLACK).update(lock=now)


def date_attempts(now: datetime) -> None:
    """Let failed logins of the future count from now: their accounts open again after 15 minutes."""
    AccessAttempt.objects.filter(attempt_time__gt=now + SLACK).update(attempt_time=now)
