"""Watch a stored batch: its score, its deviations with sentences and verdicts, and how far it is watched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from monitoring.batches.verdict.judging import Verdict, judge
from monitoring.batches.verdict.words import verdict_json
from monitoring.batches.watch.channels import RATE
from monitoring.batches.watch.contributing import ChannelAt, contributions_of
from monitoring.batches.watch.extent import extent_message
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.residuals import RESIDUALS
from monitoring.batches.watch.score import Deviation
from monitoring.batches.watch.watching import WatchResult, watch
from monitoring.batches.watch.wording import deviation_sentence, title_of
from monitoring.batches.watched.reading import ChannelTag, ReadMinutes
from monitoring.kernel.arrays import number_or_none
from monitoring.kernel.clock import iso_utc

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FoundDeviation:
    """A deviation as stored, see ``models.Deviation``."""

    start: datetime
    end: datetime | None
    peak_at: datetime
    score: float
    contributions: Sequence[Json]
    sentence: str
    verdict: Json | None


@dataclass(frozen=True)
class WatchedMinutes:
    """The result of watching a stored batch; ``message`` says how far it is watched."""

    result: WatchResult
    deviations: Sequence[FoundDeviation]
    message: str

    @property
    def families(self) -> Mapping[str, float | None]:
        """Return the ratio of each family in the last minute."""
        return {name: number_or_none(float(row[-1])) for name, row in self.result.families.items()}

    @property
    def score(self) -> float | None:
        """Return the score of the last minute."""
        return number_or_none(float(self.result.score[-1]))


def watch_minutes(model: WatchModel, read: ReadMinutes, remark: str = "") -> WatchedMinutes:
    """Watch a batch by the model of its profile; ``remark`` is about the model."""
    result = watch(model, read.minutes)
    message = extent_message(model, read.minutes, result, remark)
    return WatchedMinutes(result, found_deviations(model, read, result), message)


def found_deviations(model: WatchModel, read: ReadMinutes, result: WatchResult) -> list[FoundDeviation]:
    """Return the deviations of a batch, the first one first."""
    return [
        found_deviation(each, contributions_of(each, result), judge(model, read.minutes, result, each), read)
        for each in result.deviations
    ]


def found_deviation(
    deviation: Deviation,
    contributions: Sequence[ChannelAt],
    verdict: Verdict,
    read: ReadMinutes,
) -> FoundDeviation:
    """Return a deviation with times, words and verdict."""
    stop = deviation.end
    if stop is None and read.batch.end is not None:
        stop = len(read.start_us)  # it lasted until the end of the batch
    minutes = None if stop is None else stop - deviation.start
    return FoundDeviation(
        start=read.time(deviation.start),
        end=None if stop is None else read.time(stop),
        peak_at=read.time(deviation.peak),
        score=rounded(deviation.score),
        contributions=[contribution_json(each, read) for each in contributions],
        sentence=deviation_sentence(contributions, minutes),
        verdict=stored_verdict(verdict, read),
    )


def stored_verdict(verdict: Verdict, read: ReadMinutes) -> Json:
    """Return a verdict as stored: with the time of its strongest minute, numbers rounded."""
    found = verdict_json(verdict)
    minute = found.pop("minute")
    estimates = [{**each, "difference": rounded_or_none(each["difference"])} for each in found["estimates"]]
    at = iso_utc(read.time(minute))
    return {**found, "evidence": rounded(verdict.evidence), "at": at, "estimates": estimates}


def contribution_json(found: ChannelAt, read: ReadMinutes) -> Json:
    """Return a contribution as a JSON object, without value and usual value."""
    each, tag = found.contribution, tag_of_channel(found.contribution.channel, read)
    has_role = bool(found.channel.title)
    return {
        "channel": each.channel,
        "title": title_of(found) if has_role or not tag else tag.title,
        "unit": found.channel.unit if has_role or not tag else tag.unit,
        "tag": tag.name if tag else None,
        "family": each.family,
        "ratio": rounded(each.ratio),
        "statistic": rounded(each.statistic),
    }


def tag_of_channel(channel: str, read: ReadMinutes) -> ChannelTag | None:
    """Return the tag of a channel; of a control error that of the role; None of a balance."""
    role = RESIDUALS[channel].role if channel in RESIDUALS else ""
    return read.tags.get(role or channel.removesuffix(RATE))


def rounded_or_none(value: float | None) -> float | None:
    """Return a value with 4 significant digits; None for None."""
    return None if value is None else rounded(value)


def rounded(value: float) -> float:
    """Return a value with 4 significant digits: sums of readings in another order differ in later ones."""
    return float(f"{value:.4g}") if np.isfinite(value) else 0.0
