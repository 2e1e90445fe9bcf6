"""Values and usual values of the channels that make a batch unlike golden ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.members import ChannelInfo
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.score import CAUSE_MINUTES, Contribution, Deviation
from monitoring.batches.watch.watching import WatchResult, score_minutes, watch
from monitoring.kernel.arrays import FloatArray

MEAN_MINUTES, STILL_MINUTES = 5, 10
MOST = 12


@dataclass(frozen=True, slots=True)
class ChannelAt:
    """A contribution with the channel's value and usual value, means of 5 minutes in its unit; NaN: none.

    ``is_still``: the value has not changed at all for 10 minutes.
    """

    channel: ChannelInfo
    contribution: Contribution
    value: float
    usual: float
    is_still: bool = False


def channel_at(result: WatchResult, contribution: Contribution, minute: int) -> ChannelAt:
    """Return a contribution with the values of its channel up to a minute."""
    row = channel_row(result, contribution)
    part = slice(max(minute + 1 - MEAN_MINUTES, 0), minute + 1)
    value, usual = (mean_of(each[row, part]) for each in (result.values, result.usual))
    is_still = stands_still(result.values[row, max(minute + 1 - STILL_MINUTES, 0) : minute + 1])
    return ChannelAt(result.channels[row], contribution, value, usual, is_still)


def stands_still(values: FloatArray) -> bool:
    """Return whether 10 values are all the same."""
    return len(values) == STILL_MINUTES and bool((values == values[0]).all())


def channel_row(result: WatchResult, contribution: Contribution) -> int:
    """Return the row of the contribution's channel."""
    return next(row for row, channel in enumerate(result.channels) if channel.name == contribution.channel)


def contributions_of(deviation: Deviation, result: WatchResult) -> list[ChannelAt]:
    """Return the contributions to a deviation, with the values in the minute of the largest ratio."""
    first = max(deviation.start - 1, 0)
    found = []
    for each in deviation.contributions:
        ratios = result.ratios[each.family][channel_row(result, each), first : first + 1 + CAUSE_MINUTES]
        found.append(channel_at(result, each, first + int(np.nan_to_num(ratios).argmax())))
    return found


def mean_of(values: FloatArray) -> float:
    """Return the mean of the finite values; NaN without any."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def contributions_at(model: WatchModel, batch: BatchMinutes, minute: int) -> list[ChannelAt]:
    """Return the channels that have a ratio in a minute, at most 12, the largest first."""
    result, scored = watch(model, batch), score_minutes(model, batch)
    place = np.searchsorted(scored.track.minute, minute)
    if place == len(scored.track.minute) or scored.track.minute[place] != minute:
        return []
    families = tuple(scored.ratios)
    ratios = np.stack([scored.ratios[family][:, place] for family in families])
    statistics = np.stack([scored.statistics[family][:, place] for family in families])
    found = largest_of(families, ratios, statistics, model.channels)
    return [channel_at(result, each, minute) for each in found[:MOST]]


def largest_of(
    families: Sequence[str], ratios: FloatArray, statistics: FloatArray, channels: Sequence[ChannelInfo]
) -> list[Contribution]:
    """Return the largest ratio of each channel, the largest first; arrays of shape (families, channels)."""
    known = np.where(np.isfinite(ratios), ratios, -1.0)
    best = known.argmax(axis=0)
    found = [
        Contribution(
            channel.name, families[best[row]], float(known[best[row], row]), float(statistics[best[row], row])
        )
        for row, channel in enumerate(channels)
        if known[best[row], row] >= 0
    ]
    return sorted(found, key=lambda each: (-each.ratio, each.channel))
