"""Jobs that people ask of the collector: claimed by one process, written step by step, deleted next day."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import SourceJob
from monitoring.sources.session import Step

ABANDONED_AFTER = timedelta(minutes=3)  # longer than any job: the collector that ran it has died
KEPT = timedelta(days=1)
UNFINISHED = (SourceJob.State.WAITING, SourceJob.State.RUNNING)


def claim_jobs(of_others: Callable[[], Collection[int]]) -> list[SourceJob]:
    """Take the jobs that wait, but for those of the sources that other collectors run.

    A test may need the source's own connection, so the collector that runs the source takes its jobs.
    """
    waiting = list(SourceJob.objects.filter(state__in=UNFINISHED).select_related("source").order_by("id"))
    if not waiting:
        return []
    claimed, elsewhere = [], of_others()
    for job in waiting:
        if job.state == SourceJob.State.RUNNING:
            end_abandoned(job)
        elif job.source_id not in elsewhere and claim(job):
            claimed.append(job)
    if claimed:
        SourceJob.objects.filter(asked_at__lt=datetime.now(UTC) - KEPT).exclude(state__in=UNFINISHED).delete()
    return claimed


def claim(job: SourceJob) -> bool:
    """Take a job, unless another process has."""
    with write_lock(), transaction.atomic():
        rows = SourceJob.objects.filter(pk=job.pk, state=SourceJob.State.WAITING)
        return rows.update(state=SourceJob.State.RUNNING) == 1


def end_abandoned(job: SourceJob) -> None:
    """Fail a job whose collector has died."""
    if datetime.now(UTC) - job.asked_at > ABANDONED_AFTER:
        write_job(
            job.pk, [Step("Collector", False, "The collector ended meanwhile. Ask again.")], is_failed=True
        )


def write_job(
    job: int, steps: Sequence[Step], result: object = None, *, is_failed: bool | None = None
) -> None:
    """Write the steps of a job; ``is_failed`` is None while it runs."""
    fields: dict[str, object] = {
        "steps": [{"name": step.name, "is_done": step.is_done, "text": step.text} for step in steps]
    }
    if result is not None:
        fields["result"] = result
    if is_failed is not None:
        fields["state"] = SourceJob.State.FAILED if is_failed else SourceJob.State.DONE
        fields["ended_at"] = datetime.now(UTC)
    with write_lock(), transaction.atomic():
        SourceJob.objects.filter(pk=job).update(**fields)
