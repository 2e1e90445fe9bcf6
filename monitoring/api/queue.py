"""Count the readings that wait in the task queue."""

from django_q.models import OrmQ

RETRY_TASK = "monitoring.tasks.retry_ingest"


def queued_readings() -> int:
    """Return the number of readings in waiting and running tasks. The queue is short: only due tasks."""
    return sum(len(row.args()[0]) for row in OrmQ.objects.all() if row.func() == RETRY_TASK)
