"""The readings that wait in the task queue to be stored."""

from django_q.models import OrmQ

RETRY_TASK = "monitoring.tasks.retry_ingest"


def queued_readings() -> int:
    """How many there are, in tasks that wait or run. The queue is short: it holds what is due now."""
    return sum(len(row.args()[0]) for row in OrmQ.objects.all() if row.func() == RETRY_TASK)
