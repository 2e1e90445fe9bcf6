"""The stored deviations of batches: follow the computed ones, and read them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet

from monitoring.batches.reading import version_json
from monitoring.batches.watched.computing import FoundDeviation
from monitoring.kernel.clock import iso_or_none, iso_utc
from monitoring.models import Batch, Deviation

NEAR = timedelta(minutes=30)  # by late data, the begin of a deviation may move that far from its old span
COMPARED = ("profile_id", "start", "end", "peak_at", "score", "contributions", "sentence", "verdict")


class Revisions:
    """Numbers that increase with each change of a deviation; ``last`` is the last one given."""

    def __init__(self, last: int) -> None:
        self.last = last

    def next(self) -> int:
        """Return the next number."""
        self.last += 1
        return self.last


def newest_revision() -> int:
    """Return the highest revision; 0 before the first deviation."""
    return Deviation.objects.aggregate(newest=Max("revision"))["newest"] or 0


def follow_deviations(
    batch: Batch,
    profile: int | None,
    stored: Sequence[Deviation],
    found: Sequence[FoundDeviation],
    *,
    revisions: Revisions,
    now: datetime,
) -> int:
    """Make the stored deviations of a batch equal to the computed ones; return the number of changed rows.

    A deviation that goes on keeps its row, also if late data have moved its begin. Rows of deviations that
    late data have removed are deleted. In the caller's transaction.
    """
    pairs = paired(stored, found)
    kept = {row.pk for _, row in pairs if row is not None}
    gone = [row.pk for row in stored if row.pk not in kept]
    if gone:
        Deviation.objects.filter(pk__in=gone).delete()
    changed = 0
    for new, row in pairs:
        values = {**{name: getattr(new, name) for name in COMPARED[1:]}, "profile_id": profile}
        values["contributions"] = list(new.contributions)
        if row is None:
            Deviation.objects.create(batch=batch, revision=revisions.next(), changed_at=now, **values)
        elif any(getattr(row, name) != value for name, value in values.items()):
            values |= {"revision": revisions.next(), "changed_at": now}
            Deviation.objects.filter(pk=row.pk).update(**values)
        else:
            continue
        changed += 1
    return changed + len(gone)


def paired(
    stored: Sequence[Deviation], found: Sequence[FoundDeviation]
) -> list[tuple[FoundDeviation, Deviation | None]]:
    """Return each computed deviation with its row: the one with the same begin, else the nearest free one.

    Nearest by the begin, among those that overlap or are at most 30 minutes apart. A begin that another row
    has is that row's, so that updates in any order keep begins unique.
    """
    by_start = {row.start: row for row in stored}
    taken = {each.start for each in found} & set(by_start)
    free = [row for row in stored if row.start not in taken]
    pairs: list[tuple[FoundDeviation, Deviation | None]] = []
    for each in found:
        row = by_start.get(each.start)
        if row is None:
            near = [other for other in free if is_near(other, each)]
            row = min(near, key=lambda other: abs(other.start - each.start), default=None)
            free = [other for other in free if other is not row]
        pairs.append((each, row))
    return pairs


def is_near(row: Deviation, found: FoundDeviation) -> bool:
    """Return whether two spans overlap or are at most 30 minutes apart."""
    begins_in_time = row.end is None or found.start <= row.end + NEAR
    return begins_in_time and (found.end is None or row.start <= found.end + NEAR)


def read_deviations(batches: Iterable[int]) -> QuerySet[Deviation]:
    """Return the stored deviations of batches, newest first."""
    rows = Deviation.objects.filter(batch__in=list(batches)).select_related("batch__vessel", "profile")
    return rows.defer("profile__curves").order_by("-start", "-id")


def deviation_json(deviation: Deviation) -> Mapping[str, Any]:
    """Return a deviation as an item of ``/batches/<id>/deviations``."""
    return {
        "id": deviation.pk,
        "batch": deviation.batch_id,
        "batch_name": deviation.batch.name,
        "vessel": deviation.batch.vessel.name,
        "start": iso_utc(deviation.start),
        "end": iso_or_none(deviation.end),
        "peak_at": iso_utc(deviation.peak_at),
        "score": deviation.score,
        "contributions": deviation.contributions,
        "sentence": deviation.sentence,
        "verdict": deviation.verdict,
        "profile": version_json(deviation.profile),
    }
