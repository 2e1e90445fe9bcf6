"""The outcome of each reading, as reported to the source."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from monitoring.ingest.columns import Batch, StoredRows
from monitoring.ingest.excluded import ExcludedMatches
from monitoring.ingest.validate import Rejection, RejectionReason
from monitoring.kernel.clock import from_micros, iso_utc


class Status(StrEnum):
    """The outcome of a reading in one word."""

    STORED = "success"
    DUPLICATE = "duplicate"
    KEPT_FIRST = "kept_first"
    REPLACED = "replaced"
    CONFLICT = "conflict"
    REJECTED = "error"
    KEPT = "queued_for_retry"


class Outcome(NamedTuple):
    """The outcome of one reading; ``id`` and ``is_anomaly`` belong to its measurement.

    Of a rejected reading, ``reason``, ``field`` and ``error`` name the fault and the expected input.
    """

    tag: str
    status: Status
    id: int | None = None
    is_anomaly: bool | None = None
    reason: RejectionReason | None = None
    field: str = ""
    error: str = ""


class Outcomes:
    """The outcomes of n readings, in the order of the request.

    Stored readings have only an entry in the columns ``tag``, ``id`` and ``is_anomaly``, shape (n,).
    ``others`` has the outcome of every other reading, by position.
    """

    def __init__(self, count: int, rejections: Mapping[int, Rejection] = MappingProxyType({})) -> None:
        self.tag = np.full(count, "", dtype=object)
        self.id = np.zeros(count, dtype=np.int64)
        self.is_anomaly = np.zeros(count, dtype=np.bool_)
        self.others: dict[int, Outcome] = {
            position: outcome_of_rejection(rejection) for position, rejection in rejections.items()
        }

    def __len__(self) -> int:
        return len(self.id)

    def __iter__(self) -> Iterator[Outcome]:
        for position, (tag, row, flag) in enumerate(self.rows()):
            yield self.others.get(position) or Outcome(tag, Status.STORED, row, flag)

    def parts(self, slices: Sequence[slice]) -> list["Outcomes"]:
        """Return the outcomes at the positions of each slice; the slices divide all positions, in order."""
        if len(slices) == 1:
            return [self]
        parts = [self._part(each) for each in slices]
        ends = [each.stop for each in slices]
        for position, outcome in self.others.items():
            number = bisect_right(ends, position)
            parts[number].others[position - slices[number].start] = outcome
        return parts

    def _part(self, positions: slice) -> "Outcomes":
        part = Outcomes(0)
        part.tag, part.id = self.tag[positions], self.id[positions]
        part.is_anomaly = self.is_anomaly[positions]
        return part

    def rows(self) -> Iterator[tuple[str, int, bool]]:
        """Return tag, id and flag of each reading; placeholders for readings in ``others``."""
        return zip(self.tag.tolist(), self.id.tolist(), self.is_anomaly.tolist(), strict=True)

    def add(self, names: Sequence[str], batch: Batch, rows: StoredRows) -> None:
        """Add a batch and the rows that contain its readings; ``batch.tag`` holds indices in ``names``."""
        position = batch.position
        self.tag[position] = np.array([*names, ""], dtype=object)[batch.tag]
        if len(batch) == len(rows.id) and rows.is_new.all():  # row by row the readings
            self.id[position] = rows.id
            self.is_anomaly[position] = rows.is_anomaly
            return
        index = rows.index_of(batch)
        self.id[position] = rows.id[index]
        self.is_anomaly[position] = rows.is_anomaly[index]
        for number in np.flatnonzero(rows.position[index] != position).tolist():
            self._repeat(batch, number, names, stored=float(rows.value[index[number]]))

    def add_excluded(self, names: Sequence[str], found: ExcludedMatches) -> None:
        """Add readings whose tag and time belong to an excluded measurement; ``names`` as in ``add``."""
        self.tag[found.batch.position] = np.array([*names, ""], dtype=object)[found.batch.tag]
        self.id[found.batch.position] = found.id
        self.is_anomaly[found.batch.position] = found.is_anomaly
        for number, stored in enumerate(found.value.tolist()):
            self._repeat(found.batch, number, names, stored=stored)

    def _repeat(self, batch: Batch, number: int, names: Sequence[str], *, stored: float) -> None:
        position, tag = int(batch.position[number]), names[int(batch.tag[number])]
        sent = float(batch.value[number])
        if stored == sent:
            row, flag = int(self.id[position]), bool(self.is_anomaly[position])
            self.others[position] = Outcome(tag, Status.DUPLICATE, row, flag)
        else:
            time_us = int(batch.time_us[number])
            self.others[position] = conflict(tag, time_us, sent=sent, stored=stored)

    def settle(self, statuses: Mapping[int, Status], keeping_first: Callable[[str], bool]) -> None:
        """Replace conflicts by the status that the settings of their tags give.

        ``statuses`` are those already settled, by position. ``keeping_first`` returns whether the named tag
        keeps the first value.
        """
        dropped = {
            position: Status.KEPT_FIRST
            for position, outcome in self.others.items()
            if outcome.status is Status.CONFLICT and keeping_first(outcome.tag)
        }
        for position, status in {**dropped, **statuses}.items():
            row, flag = int(self.id[position]), bool(self.is_anomaly[position])
            self.others[position] = Outcome(str(self.tag[position]), status, row, flag)


def conflict(tag: str, time_us: int, *, sent: float, stored: float) -> Outcome:
    """Return the outcome of a reading whose tag and time have another stored value."""
    return Outcome(
        tag,
        Status.CONFLICT,
        reason=RejectionReason.CONFLICT,
        field="value",
        error=(
            f"value: {tag} at {iso_utc(from_micros(time_us))} is stored as {stored:.15g} and stays so;"
            f" {sent:.15g} was refused. Send another timestamp, or change the tag's 'on conflict'"
        ),
    )


def outcome_of_rejection(rejection: Rejection) -> Outcome:
    """Return the outcome of a reading that failed validation."""
    return Outcome(
        rejection.tag,
        Status.REJECTED,
        reason=rejection.reason,
        field=rejection.field,
        error=rejection.message,
    )
