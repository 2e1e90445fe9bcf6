"""A batch compared with golden ones, as its page shows it: state, deviations, contributions and a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.batches.watch.wording import FAMILY_WORDS
from monitoring.batches.watched.fitted_models import judging_profile
from monitoring.dashboard import words
from monitoring.dashboard.alarm_pages import id_of
from monitoring.dashboard.batch_rows import hours_since
from monitoring.dashboard.batch_words import elapsed_text
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.verdicts import VerdictCard, verdict_card
from monitoring.dashboard.watch_states import WatchState, read_watch_states
from monitoring.models import Batch, BatchState, BatchWatch, Deviation, Profile

MOST = 200
MOST_CONTRIBUTIONS = 8
LIMIT = 1.0
LEAST_SCALE = 2.0  # of the bars: the ratio at their right end
FAMILY_TITLES = {
    "E": "off the golden course",
    "S": "change within an hour",
    "L": "slow drift",
    "I": "unusual movement",
    "F": "isolation forest",
}


@dataclass(frozen=True, slots=True)
class ContributionRow:
    """A channel of a deviation: its largest ratio to its limit, as text and as the length of a bar."""

    title: str
    tag: str
    ratio: float
    percent: float
    limit_percent: float
    text: str

    @property
    def ratio_text(self) -> str:
        """Return the ratio with one decimal."""
        return f"{self.ratio:.1f}"

    @property
    def is_above(self) -> bool:
        """Return whether the channel is beyond its limit."""
        return self.ratio > 1


@dataclass(frozen=True, slots=True)
class DeviationRow:
    """A deviation in the list; ``end_hours`` None: it lasts."""

    deviation: Deviation
    at: Moment
    peak: Moment
    hours: float
    end_hours: float | None
    elapsed: str
    lasted: str
    verdict: VerdictCard
    contributions: Sequence[ContributionRow]

    @property
    def label(self) -> str:
        """Return a short text for charts: the channel that differs most."""
        return self.contributions[0].title if self.contributions else self.deviation.sentence

    @property
    def score_text(self) -> str:
        """Return the largest score with two decimals."""
        return f"{self.deviation.score:.2f}"

    def as_mark(self) -> dict[str, Any]:
        """Return the deviation for the charts; ``tags``: those that contribute, empty: it is about all."""
        return {
            "id": self.deviation.pk,
            "x": self.hours,
            "until": self.end_hours,
            "label": self.label,
            "tags": [each.tag for each in self.contributions if each.tag],
        }


@dataclass(frozen=True, slots=True)
class ComparedBatch:
    """How a batch is compared with golden ones; ``chosen`` is the deviation of card and bars."""

    state: WatchState
    profile: Profile | None
    upto: Moment | None
    rows: Sequence[DeviationRow]
    chosen: DeviationRow | None
    is_cut: bool
    is_running: bool

    @property
    def text(self) -> str:
        """Return whether the batch is like golden ones; of a batch that has ended, whether it was."""
        if not self.is_running:
            return ended_text(len(self.rows))
        if self.state.score is None:
            return "" if self.state.message or not self.upto else "No score now: values are missing."
        return "Like the golden batches." if self.state.score <= LIMIT else "The score is above its limit."

    def as_json(self) -> dict[str, Any]:
        """Return the marks for the charts, and the minute up to which the batch is watched."""
        return {
            "deviations": [row.as_mark() for row in self.rows],
            "watchedUpto": self.upto.iso if self.upto else "",
        }


def read_compared(batch: Batch, chosen: str, origin: datetime, now: datetime) -> ComparedBatch:
    """Return the deviations of a batch and the state of its watching.

    ``chosen`` is the id of a deviation as text; without such a one, the newest is chosen, of a
    batch that has ended the one with the largest score.
    """
    found = list(Deviation.objects.filter(batch=batch).order_by("-start", "-id")[:MOST])
    rows = [deviation_row(each, origin, now) for each in found]
    rows_of_watch = BatchWatch.objects.select_related("profile").defer("profile__curves")
    watch = rows_of_watch.filter(batch=batch).first()
    return ComparedBatch(
        state=read_watch_states([batch.pk], now).get(batch.pk) or WatchState(None, "", None),
        profile=(watch and watch.profile) or judging_profile(batch),
        upto=moment(watch.upto, now) if watch and watch.upto else None,
        rows=rows,
        chosen=chosen_row(rows, id_of(chosen), is_running=batch.state == BatchState.RUNNING),
        is_cut=len(found) == MOST,
        is_running=batch.state == BatchState.RUNNING,
    )


def ended_text(deviations: int) -> str:
    """Return how many deviations a batch had."""
    if not deviations:
        return "Like the golden batches throughout."
    return f"{deviations} {'deviation' if deviations == 1 else 'deviations'} from the golden batches."


def chosen_row(rows: Sequence[DeviationRow], pk: int | None, *, is_running: bool) -> DeviationRow | None:
    """Return the row of this id, else the newest, of a batch that has ended the largest; None without any."""
    found = next((row for row in rows if row.deviation.pk == pk), None)
    if found or not rows:
        return found
    return rows[0] if is_running else max(rows, key=lambda row: row.deviation.score)


def deviation_row(deviation: Deviation, origin: datetime, now: datetime) -> DeviationRow:
    """Return a deviation as a row; ``origin`` is the time of 0 h."""
    start, end = deviation.start, deviation.end
    length = words.duration_text(max(0.0, ((end or now) - start).total_seconds()))
    hours = hours_since(origin, start)
    return DeviationRow(
        deviation=deviation,
        at=moment(start, now),
        peak=moment(deviation.peak_at, now),
        hours=hours,
        end_hours=hours_since(origin, end) if end else None,
        elapsed=elapsed_text(hours),
        lasted=length if end else f"{length} so far",
        verdict=verdict_card(deviation.verdict, now - start),
        contributions=contribution_rows(deviation.contributions),
    )


def contribution_rows(contributions: Sequence[Mapping[str, Any]]) -> list[ContributionRow]:
    """Return the channels with the largest ratios as bars of a common scale, the largest first."""
    shown = contributions[:MOST_CONTRIBUTIONS]
    ratios = [float(each.get("ratio") or 0.0) for each in shown]
    scale = max([LEAST_SCALE, *ratios])
    return [
        ContributionRow(
            title=str(each.get("title") or each.get("channel", "")),
            tag=str(each.get("tag") or ""),
            ratio=ratio,
            percent=round(100 * ratio / scale, 1),
            limit_percent=round(100 / scale, 1),
            text=family_text(str(each.get("family", "")), float(each.get("statistic") or 0.0)),
        )
        for each, ratio in zip(shown, ratios, strict=True)
    ]


def family_text(family: str, statistic: float) -> str:
    """Return in words how a channel differs; empty for an unknown family."""
    above, below = FAMILY_WORDS.get(family, ("", ""))
    return below if statistic < 0 else above
