"""Watch a batch: its score a minute by a model of good batches, and its deviations.

No state is kept between calls: the same minutes give the same deviations, in whatever order they arrived.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from monitoring.batches.golden.members import ChannelInfo
from monitoring.batches.watch.channels import BatchMinutes, watched
from monitoring.batches.watch.families import (
    FAMILIES,
    FOREST,
    NO_TRACK,
    SURPRISE,
    Statistics,
    Track,
    statistics,
    track_of,
    usual_course,
)
from monitoring.batches.watch.limits import WARM_UP, bins_of
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.score import CAUSE_MINUTES, CLEAR, Contribution, Deviation, deviation_spans
from monitoring.kernel.arrays import FloatArray


@dataclass(frozen=True)
class WatchResult:
    """The score of each minute of a batch, and its deviations.

    ``score`` and the arrays of ``families`` have shape (n,), those of ``ratios`` shape (channels, n), for all
    minutes of the batch: the limit is 1; NaN without a value and outside of the model's phases. Family I is
    about tags alone: NaN for residuals. ``values`` and ``usual``, the golden mean at the same progress, have
    shape (channels, n), in the units of the channels; ``track`` has the minutes in the model's phases.
    """

    hour: FloatArray
    channels: tuple[ChannelInfo, ...]
    score: FloatArray
    families: Mapping[str, FloatArray]
    ratios: Mapping[str, FloatArray]
    deviations: tuple[Deviation, ...]
    values: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    usual: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    track: Track = NO_TRACK


@dataclass(frozen=True)
class Scored:
    """Statistics and ratios by family along the track, a row a channel; and the values (channels, n)."""

    track: Track
    values: FloatArray
    statistics: Statistics
    ratios: Mapping[str, FloatArray]


def watch(model: WatchModel, batch: BatchMinutes) -> WatchResult:
    """Return the score of each minute of a batch, and its deviations."""
    scored = score_minutes(model, batch)
    minutes = len(batch.inputs.hour)
    families = {family: largest(ratios) for family, ratios in scored.ratios.items()}
    score = largest(np.stack(list(families.values())))
    return WatchResult(
        hour=batch.inputs.hour,
        channels=model.channels,
        score=over_batch(score, scored.track, minutes),
        families={name: over_batch(row, scored.track, minutes) for name, row in families.items()},
        ratios={name: over_batch(rows, scored.track, minutes) for name, rows in scored.ratios.items()},
        deviations=tuple(
            deviation_of(model, scored, score, start, end) for start, end in deviation_spans(score, WARM_UP)
        ),
        values=scored.values,
        usual=over_batch(
            usual_course(len(model.channels), scored.track, model.comparison.references),
            scored.track,
            minutes,
        ),
        track=scored.track,
    )


def score_minutes(model: WatchModel, batch: BatchMinutes) -> Scored:
    """Return statistics and ratios of all channels in the minutes of the model's phases."""
    member = watched(batch).member
    track = track_of(member, model.phases)
    values = member.matrix(model.channels)
    found = statistics(values[:, track.minute], track, model.comparison)
    bins = bins_of(track, model.phases)
    ratios = {family: model.limits[family].ratios(found[family], bins, model.room) for family in FAMILIES}
    every = {family: (found[family], ratios[family]) for family in FAMILIES}
    every[SURPRISE] = nearest_to_limit(*every[SURPRISE], tags=len(model.tags), channels=len(model.channels))
    if model.forest is not None:
        every[FOREST] = model.forest.ratios(found, bins, model.room)
    kept, ratio = ({name: both[at] for name, both in every.items()} for at in (0, 1))
    return Scored(track, values, kept, ratio)


def nearest_to_limit(
    statistics: FloatArray, ratios: FloatArray, *, tags: int, channels: int
) -> tuple[FloatArray, FloatArray]:
    """Return of several statistics of the tags the one nearest to its limit, and its ratio, a row a channel.

    The rows of ``statistics`` are all tags by the first statistic, all by the second ... Rows of channels
    beyond the tags are NaN.
    """
    by_kind = (len(ratios) // tags, tags, ratios.shape[1])
    nearest = np.nan_to_num(ratios, nan=-1.0).reshape(by_kind).argmax(axis=0)[None]
    more = np.full((channels - tags, ratios.shape[1]), np.nan)
    statistic, ratio = (
        np.concatenate((np.take_along_axis(rows.reshape(by_kind), nearest, axis=0)[0], more))
        for rows in (statistics, ratios)
    )
    return statistic, ratio


def largest(rows: FloatArray) -> FloatArray:
    """Return the largest finite value of each column; NaN without any."""
    found: FloatArray = np.fmax.reduce(rows, axis=0)
    return found


def over_batch(values: FloatArray, track: Track, minutes: int) -> FloatArray:
    """Return values along the track at their minutes of the batch, NaN elsewhere."""
    found = np.full((*values.shape[:-1], minutes), np.nan)
    found[..., track.minute] = values
    return found


def deviation_of(
    model: WatchModel, scored: Scored, score: FloatArray, start: int, end: int | None
) -> Deviation:
    """Return the deviation in a part of the track, as indices of the batch."""
    within = np.nan_to_num(score[start:end])
    peak = start + int(within.argmax())
    minute = scored.track.minute
    return Deviation(
        start=int(minute[start]),
        end=None if end is None else int(minute[end - 1]) + 1,
        peak=int(minute[peak]),
        score=float(score[peak]),
        contributions=contributions(model, scored, slice(start - 1, start + CAUSE_MINUTES)),
    )


def contributions(model: WatchModel, scored: Scored, part: slice) -> tuple[Contribution, ...]:
    """Return the channels with a ratio above 0.8 in a part of the track, each once, the largest first."""
    families = list(scored.ratios)
    ratios = np.nan_to_num(np.stack([scored.ratios[family][:, part] for family in families]))
    found = []
    for row, channel in enumerate(model.channels):
        family, minute = divmod(int(ratios[:, row].argmax()), ratios.shape[2])
        ratio = float(ratios[family, row, minute])
        if ratio > CLEAR:
            statistic = float(scored.statistics[families[family]][row, part][minute])
            found.append(Contribution(channel.name, families[family], ratio, statistic))
    return tuple(sorted(found, key=lambda each: (-each.ratio, each.channel)))
