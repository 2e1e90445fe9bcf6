"""How a batch compares with golden ones, as the JSON objects of the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from monitoring.batches.compare_axes import maturity_percent
from monitoring.batches.course import MINUTE_US
from monitoring.batches.errors import BatchConflictError, BatchInputError
from monitoring.batches.reading import version_json
from monitoring.batches.watch.contributing import ChannelAt, contributions_at
from monitoring.batches.watch.display import display_statistics
from monitoring.batches.watch.extent import NO_MODEL, NO_PROFILE, NOT_STARTED, extent_message
from monitoring.batches.watch.families import FAMILIES
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.score import ALARM
from monitoring.batches.watch.watching import WatchResult, watch
from monitoring.batches.watch.wording import minute_sentence
from monitoring.batches.watched.computing import contribution_json
from monitoring.batches.watched.deviations import deviation_json, read_deviations
from monitoring.batches.watched.fitted_models import judging_profile, model_of
from monitoring.batches.watched.reading import ReadMinutes, prepare, read_minutes
from monitoring.history.trend_plan import MILLISECOND_US
from monitoring.kernel.arrays import FloatArray, number_or_none, numbers_or_none
from monitoring.kernel.clock import iso_utc, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S
from monitoring.models import Batch, Profile

Json = dict[str, Any]
DECIMALS_H = 4
NOT_COMPARED = "The batch cannot be compared with golden batches: {}"


@dataclass(frozen=True)
class Comparable:
    """A stored batch with the model that it is compared with."""

    model: WatchModel
    read: ReadMinutes
    remark: str


@dataclass(frozen=True, slots=True)
class WatchPart:
    """A part of a batch, in at most so many buckets of whole minutes."""

    start: datetime | None
    end: datetime | None
    points: int


def comparable(batch: Batch, profile: Profile | None, now: datetime) -> Comparable | str:
    """Return the batch with its model, or the reason that it has none."""
    if batch.start is None:
        return NOT_STARTED
    if profile is None:
        return NO_PROFILE
    found = model_of(profile, with_forest=batch.vessel.uses_forest)
    if found.model is None:
        return NO_MODEL
    return Comparable(found.model, read_minutes(prepare(batch, now)), found.remark)


def read_watch(batch: Batch, part: WatchPart, *, now: datetime) -> Json:
    """Return the score of each minute of a batch, and its stored deviations."""
    profile = judging_profile(batch)
    found = comparable(batch, profile, now)
    deviations = [deviation_json(each) for each in read_deviations([batch.pk])]
    lasting = [each for each in deviations if each["end"] is None]
    compared = columns_of(found, part) if isinstance(found, Comparable) else no_columns(found)
    return {
        "batch": batch.pk,
        "profile": version_json(profile),
        "limit": ALARM,
        **compared,
        "deviations": deviations,
        "verdict": lasting[0]["verdict"] if lasting else None,
    }


def no_columns(message: str) -> Json:
    """Return the columns of a batch that cannot be compared."""
    empty: Json = {name: [] for name in ("t", "eft_h", "maturity", "score")}
    families: Json = {family: [] for family in FAMILIES}
    return {
        "message": message,
        "resolution_s": RESOLUTIONS_S[0],
        **empty,
        "families": families,
        "t2": None,
        "spe": None,
    }


def columns_of(found: Comparable, part: WatchPart) -> Json:
    """Return time, score and families of a part of the batch; of a bucket the largest values."""
    read = found.read
    result = watch(found.model, read.minutes)
    shown = display_statistics(found.model, read.minutes)
    chosen = minutes_in(read, part)
    width = max(1, -(-(chosen.stop - chosen.start) // part.points))

    def column(values: FloatArray) -> list[float | None]:
        return numbers_or_none(largest_in_buckets(values[chosen], width))

    return {
        "message": extent_message(found.model, read.minutes, result, found.remark),
        "resolution_s": width * RESOLUTIONS_S[0],
        "t": (read.start_us[chosen][::width] // MILLISECOND_US).tolist(),
        "eft_h": numbers_of_hours(result, chosen)[::width],
        "maturity": numbers_or_none(maturity_of(found.model, result)[chosen][::width]),
        "score": column(result.score),
        "families": {family: column(values) for family, values in result.families.items()},
        "t2": {"value": column(shown.t2), "limit": round(shown.t2_limit, 4)},
        "spe": {"value": column(shown.spe), "limit": round(shown.spe_limit, 4)},
    }


def maturity_of(model: WatchModel, result: WatchResult) -> FloatArray:
    """Return the maturity in percent at each minute, shape (n,); NaN outside of the phases of the model."""
    track, phases = result.track, model.phases
    parts = [track.phase == index for index in range(len(phases))]
    percent = maturity_percent(
        [phase.hour for phase in phases],
        [track.along[part] for part in parts],
        [phase.reference.grid for phase in phases],
    )
    maturity = np.full(len(result.hour), np.nan)
    for part, values in zip(parts, percent, strict=True):
        if values is not None:
            maturity[track.minute[part]] = values
    return maturity


def numbers_of_hours(result: WatchResult, chosen: slice) -> list[float]:
    """Return the elapsed times in hours."""
    found: list[float] = result.hour[chosen].round(DECIMALS_H).tolist()
    return found


def minutes_in(read: ReadMinutes, part: WatchPart) -> slice:
    """Return the minutes that touch a time range."""
    begin = 0 if part.start is None else index_of(read, part.start)
    stop = len(read.start_us) if part.end is None else index_of(read, part.end) + 1
    begin, stop = (min(max(each, 0), len(read.start_us)) for each in (begin, stop))
    return slice(begin, max(stop, begin))


def index_of(read: ReadMinutes, time: datetime) -> int:
    """Return the index of the minute of a time, which may lie outside of the batch."""
    return int((to_micros(time) - int(read.start_us[0])) // MINUTE_US)


def largest_in_buckets(values: FloatArray, width: int) -> FloatArray:
    """Return the largest finite value of each ``width`` values; NaN without any."""
    if width == 1 or not len(values):
        return values
    padded = np.concatenate((values, np.full(-len(values) % width, np.nan)))
    found: FloatArray = np.fmax.reduce(padded.reshape(-1, width), axis=1)
    return found


def read_contributions(batch: Batch, at: datetime, *, now: datetime) -> Json:
    """Return the channels that differ most from golden batches in the minute of a time.

    Raises:
        BatchConflictError: the batch cannot be compared.
        BatchInputError: the time is not within the batch.
    """
    found = comparable(batch, judging_profile(batch), now)
    if isinstance(found, str):
        raise BatchConflictError(NOT_COMPARED.format(found[:1].lower() + found[1:].rstrip(".")))
    read = found.read
    minute = index_of(read, at)
    if not 0 <= minute < len(read.start_us):
        first, last = (iso_utc(read.time(each)) for each in (0, len(read.start_us)))
        raise BatchInputError(f"expected a time from {first} to {last}, within the batch", "at")
    channels = contributions_at(found.model, read.minutes, minute)
    return {
        "at": iso_utc(read.time(minute)),
        "eft_h": round(float(read.minutes.inputs.hour[minute]), DECIMALS_H),
        "score": number_or_none(channels[0].contribution.ratio) if channels else None,
        "sentence": minute_sentence(channels, limit=ALARM),
        "contributions": contributions_json(channels, read),
    }


def contributions_json(channels: Sequence[ChannelAt], read: ReadMinutes) -> list[Json]:
    """Return contributions with value and usual value."""
    return [
        {
            **contribution_json(each, read),
            "value": number_or_none(each.value),
            "usual": number_or_none(each.usual),
        }
        for each in channels
    ]
