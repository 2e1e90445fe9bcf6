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
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.residuals import RESIDUALS
from monitoring.batches.watch.score import Deviation
from monitoring.batches.watch.watching import WatchResult, watch
from monitoring.batches.watch.wording import deviation_sentence, title_of
from monitoring.batches.watch_extent import extent_message
from monitoring.batches.watch_reading import ReadMinutes
from monitoring.kernel.arrays import number_or_none
from monitoring.kernel.clock import iso_utc
from monitoring.models import Profile

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
    """The result of watching a stored batch with the model of a profile."""

    profile: Profile
    model: WatchModel
    read: ReadMinutes
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


def watch_minutes(profile: Profile, model: WatchModel, read: ReadMinutes) -> WatchedMinutes:
    """Watch a batch by the model of its profile."""
    result = watch(model, read.minutes)
    return WatchedMinutes(
        profile=profile,
        model=model,
        read=read,
        result=result,
        deviations=found_deviations(model, read, result),
        message=extent_message(model, read.minutes, result),
    )


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
    estimates = [
        {**each, "difference": None if each["difference"] is None else rounded(each["difference"])}
        for each in found["estimates"]
    ]
    at = iso_utc(read.time(minute))
    return {**found, "evidence": rounded(found["evidence"] or 0.0), "at": at, "estimates": estimates}


def contribution_json(found: ChannelAt, read: ReadMinutes) -> Json:
    """Return a contribution as a JSON object, without value and usual value."""
    each = found.contribution
    tag = read.tags.get(each.channel.removesuffix(RATE))
    role = RESIDUALS[each.channel].role if each.channel in RESIDUALS else ""
    tag = read.tags.get(role) if role else tag
    return {
        "channel": each.channel,
        "title": tag.title if tag and not found.channel.title else title_of(found),
        "unit": found.channel.unit or (tag.unit if tag and not found.channel.title else ""),
        "tag": tag.name if tag else None,
        "family": each.family,
        "ratio": rounded(each.ratio),
        "statistic": rounded(each.statistic),
    }


def rounded(value: float) -> float:
    """Return a value with 4 significant digits: sums of readings in another order differ in later ones."""
    return float(f"{value:.4g}") if np.isfinite(value) else 0.0
