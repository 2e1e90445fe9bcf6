"""What became of readings, as whoever sent them is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from monitoring.ingest.excluded import FoundExcluded
from monitoring.ingest.parse import ReadingColumns
from monitoring.ingest.store import Written
from monitoring.ingest.validate import Reason, Rejection
from monitoring.ingest.windows import Served
from monitoring.kernel.clock import from_micros, iso_utc


class Status(StrEnum):
    """What became of a reading."""

    STORED = "success"
    DUPLICATE = "duplicate"
    KEPT_FIRST = "kept_first"
    REPLACED = "replaced"
    CONFLICT = "conflict"
    REJECTED = "error"
    KEPT = "queued_for_retry"


class Outcome(NamedTuple):
    """What became of one reading; ``id`` and ``is_anomaly`` are those of the measurement it now is.

    ``reason``, ``field`` and ``error`` say what was wrong and what was expected, if anything was.
    """

    tag: str
    status: Status
    id: int | None = None
    is_anomaly: bool | None = None
    reason: Reason | None = None
    field: str = ""
    error: str = ""


class Outcomes:
    """What became of many readings, in the order in which they came.

    Most were stored, and of these there are columns of shape (n,) only: ``tag``, ``id``,
    ``is_anomaly``. ``others`` are those of which there is something else to say, by position.
    """

    def __init__(self, count: int) -> None:
        self.tag = np.full(count, "", dtype=object)
        self.id = np.zeros(count, dtype=np.int64)
        self.is_anomaly = np.zeros(count, dtype=np.bool_)
        self.others: dict[int, Outcome] = {}

    def __len__(self) -> int:
        return len(self.id)

    def __iter__(self) -> Iterator[Outcome]:
        for position, (tag, row, flag) in enumerate(self.rows()):
            yield self.others.get(position) or Outcome(tag, Status.STORED, row, flag)

    def rows(self) -> Iterator[tuple[str, int, bool]]:
        """Tag, id and flag of each, which say nothing where ``others`` does."""
        return zip(self.tag.tolist(), self.id.tolist(), self.is_anomaly.tolist(), strict=True)

    def add(self, names: Sequence[str], served: Served, written: Written) -> None:
        """Adds readings as they were written; ``names`` are those of the tags by whose places they go."""
        readings, place = served.readings, served.place()
        self.tag[readings.position] = np.array([*names, ""], dtype=object)[readings.tag]
        self.id[readings.position] = written.id[place]
        self.is_anomaly[readings.position] = written.is_anomaly[place]
        repeated = written.timelines.position[place] != readings.position
        for number in np.flatnonzero(repeated).tolist():
            self._repeat(readings, number, names, stored=float(written.timelines.value[place[number]]))

    def add_excluded(self, names: Sequence[str], found: FoundExcluded) -> None:
        """Adds readings whose tag and time an excluded measurement holds; ``names`` as in ``add``."""
        self.tag[found.readings.position] = np.array([*names, ""], dtype=object)[found.readings.tag]
        self.id[found.readings.position] = found.id
        self.is_anomaly[found.readings.position] = found.is_anomaly
        for number, stored in enumerate(found.value.tolist()):
            self._repeat(found.readings, number, names, stored=stored)

    def _repeat(self, readings: ReadingColumns, number: int, names: Sequence[str], *, stored: float) -> None:
        position, tag = int(readings.position[number]), names[int(readings.tag[number])]
        sent = float(readings.value[number])
        if stored == sent:
            row, flag = int(self.id[position]), bool(self.is_anomaly[position])
            self.others[position] = Outcome(tag, Status.DUPLICATE, row, flag)
        else:
            time_us = int(readings.time_us[number])
            self.others[position] = conflict(tag, time_us, sent=sent, stored=stored)

    def settle(self, statuses: Mapping[int, Status], keeping_first: Callable[[str], bool]) -> None:
        """Word the conflicts that tags settle by themselves; readings in ``statuses`` have that status.

        ``keeping_first`` tells whether the tag of that name keeps the first value.
        """
        dropped = {
            position: Status.KEPT_FIRST
            for position, outcome in self.others.items()
            if outcome.status is Status.CONFLICT and keeping_first(outcome.tag)
        }
        for position, status in {**dropped, **statuses}.items():
            row, flag = int(self.id[position]), bool(self.is_anomaly[position])
            self.others[position] = Outcome(str(self.tag[position]), status, row, flag)

    def refuse(self, rejections: Mapping[int, Rejection]) -> None:
        """Adds those that can't be measurements."""
        for position, rejection in rejections.items():
            self.others[position] = refusal(rejection)


def conflict(tag: str, time_us: int, *, sent: float, stored: float) -> Outcome:
    """What to say of a reading whose tag and time hold another value."""
    return Outcome(
        tag,
        Status.CONFLICT,
        reason=Reason.CONFLICT,
        field="value",
        error=(
            f"value: {tag} at {iso_utc(from_micros(time_us))} is stored as {stored:.15g} and stays so;"
            f" {sent:.15g} was refused. Send another timestamp, or change the tag's 'on conflict'"
        ),
    )


def refusal(rejection: Rejection) -> Outcome:
    """What to say of a reading that can't be a measurement."""
    return Outcome(
        rejection.tag,
        Status.REJECTED,
        reason=rejection.reason,
        field=rejection.field,
        error=rejection.message,
    )
