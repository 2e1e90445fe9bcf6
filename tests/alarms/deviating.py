"""A vessel with running batches, and deviations as the watching of batches stores them."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from monitoring.models import Batch, BatchState, Deviation, Vessel
from tests.alarms.plant import NOON

SENTENCE = "dissolved oxygen is 12 % higher than usual."


def make_vessel(name: str = "f3", title: str = "Fermenter 3", **fields: Any) -> Vessel:
    return Vessel.objects.create(name=name, title=title, made_at=NOON, **fields)


def make_batch(vessel: Vessel, name: str = "B-12", **fields: Any) -> Batch:
    """A batch that has run since an hour before noon."""
    start = NOON - timedelta(hours=1)
    return Batch.objects.create(vessel=vessel, name=name, start=start, changed_at=start, **fields)


def end_batch(batch: Batch, at_s: float) -> None:
    batch.state, batch.end = BatchState.COMPLETE, seconds(at_s)
    batch.save()


def deviate(batch: Batch, start_s: float, end_s: float | None = None, **fields: Any) -> Deviation:
    """A deviation of the batch; times in seconds after noon."""
    start = seconds(start_s)
    return Deviation.objects.create(
        batch=batch,
        start=start,
        end=None if end_s is None else seconds(end_s),
        peak_at=start,
        revision=next_revision(),
        changed_at=start,
        **{"score": 1.5, "sentence": SENTENCE, **fields},
    )


def change(deviation: Deviation, **fields: Any) -> None:
    Deviation.objects.filter(pk=deviation.pk).update(revision=next_revision(), **fields)


def next_revision() -> int:
    newest = Deviation.objects.aggregate(newest=Max("revision"))["newest"]
    return (newest or 0) + 1


def seconds(after_noon: float) -> datetime:
    return NOON + timedelta(seconds=after_noon)
