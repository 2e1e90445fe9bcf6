"""The newest watching of running batches, for tiles: score against its limit, and the open deviation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitoring.dashboard import words
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.verdicts import verdict_card
from monitoring.models import BatchWatch, Deviation

BAR_END = 2.0  # score at the right end of a bar
LIMIT_PERCENT = 100 / BAR_END


@dataclass(frozen=True, slots=True)
class OpenDeviation:
    """A deviation that lasts, as a tile tells it."""

    pk: int
    start: Moment
    lasts: str
    sentence: str
    verdict: str


@dataclass(frozen=True, slots=True)
class WatchState:
    """The score of a batch, where 1 is the limit; None without a value. ``message``: why or how far."""

    score: float | None
    message: str
    deviation: OpenDeviation | None

    @property
    def score_text(self) -> str:
        """Return the score with two decimals; empty without one."""
        return "" if self.score is None else f"{self.score:.2f}"

    @property
    def percent(self) -> float:
        """Return the length of the score's bar."""
        return round(100 * min(self.score or 0.0, BAR_END) / BAR_END, 1)

    @property
    def limit_percent(self) -> float:
        """Return the place of the limit on the bar."""
        return LIMIT_PERCENT

    @property
    def is_watched(self) -> bool:
        """Return whether there is a score or a deviation to show."""
        return self.score is not None or self.deviation is not None


def read_watch_states(batches: Iterable[int], now: datetime) -> dict[int, WatchState]:
    """Return the state of watching of each batch that has been watched, by its id."""
    ids = list(batches)
    if not ids:
        return {}
    opened = {each.batch_id: open_deviation(each, now) for each in open_deviations(ids)}
    watches = {each.batch_id: each for each in BatchWatch.objects.filter(batch__in=ids)}
    return {
        pk: WatchState(
            score=watches[pk].score if pk in watches else None,
            message=watches[pk].message if pk in watches else "",
            deviation=opened.get(pk),
        )
        for pk in {*opened, *watches}
    }


def open_deviations(batches: Iterable[int]) -> list[Deviation]:
    """Return the deviations of these batches that last, the newest of each batch last."""
    return list(Deviation.objects.filter(batch__in=list(batches), end=None).order_by("start", "id"))


def open_deviation(deviation: Deviation, now: datetime) -> OpenDeviation:
    """Return a deviation that lasts in words."""
    return OpenDeviation(
        pk=deviation.pk,
        start=moment(deviation.start, now),
        lasts=words.duration_text(max(0.0, (now - deviation.start).total_seconds())),
        sentence=deviation.sentence,
        verdict=verdict_card(deviation.verdict, now - deviation.start).line,
    )


def deviating(batches: Iterable[int]) -> frozenset[int]:
    """Return the batches that have a deviation that lasts."""
    return frozenset(each.batch_id for each in open_deviations(batches))
