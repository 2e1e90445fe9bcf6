"""Samples of drivers as columns, rounded to the decimals of their tags."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from monitoring.ingest.reading_columns import ReadingColumns
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.tag_definition import TagDefinition

MOST_DECIMALS = 15  # beyond, ten to that power is no help


def columns_of(
    samples: Sequence[tuple[str, int, float]], tags: Mapping[str, TagDefinition]
) -> ReadingColumns:
    """Return samples (tag, microseconds since 1970, value) as columns.

    A device's float32 gets the decimals that a person has set for its tag, live and from a history alike:
    else the same value read again as another float would be a conflict.
    """
    names = [name for name, _, _ in samples]
    time_us = integers([time for _, time, _ in samples])
    value = numbers([value for _, _, value in samples])
    return ReadingColumns(names, time_us, rounded(names, value, tags))


def rounded(names: Sequence[str], value: FloatArray, tags: Mapping[str, TagDefinition]) -> FloatArray:
    """Return the values rounded to the decimals of their tags, where these are set."""
    decimals = {name: tags[name].decimals for name in set(names) if name in tags}
    wanted = {name: count for name, count in decimals.items() if count is not None and count <= MOST_DECIMALS}
    if not wanted:
        return value
    places = np.array([wanted.get(name, -1) for name in names])
    for count in set(wanted.values()):
        value[places == count] = np.round(value[places == count], count)
    return value


def integers(times_us: Iterable[int]) -> IntArray:
    """Return times as an array; a time that does not fit becomes one that validation rejects."""
    times = list(times_us)
    try:
        return np.array(times, dtype=np.int64)
    except OverflowError:
        limits = np.iinfo(np.int64)
        return np.array([min(max(time, limits.min), limits.max) for time in times], dtype=np.int64)


def numbers(values: Iterable[float]) -> FloatArray:
    """Return values as an array; a value that no float holds becomes NaN, which validation rejects."""
    values = list(values)
    try:
        return np.array(values, dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        return np.array([number(value) for value in values], dtype=np.float64)


def number(value: object) -> float:
    """Return a value as a float; NaN if that can't be."""
    try:
        return float(value) if isinstance(value, int | float) else np.nan
    except OverflowError:
        return np.nan
