"""Soft sensors and computed tags of a batch as series of minutes, and as JSON."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.batches.soft_sensors.thinning import thinned
from monitoring.history.trend_plan import MILLISECOND_US
from monitoring.kernel.arrays import FloatArray, IntArray, number_or_none, numbers_or_none


@dataclass(frozen=True, slots=True)
class SensorSeries:
    """A soft sensor or computed tag over a batch; ``values`` has shape (n,), NaN in gaps.

    ``decimals`` is the usual number of decimals (None: automatic). ``inputs`` are roles, of a computed tag
    the tags. ``missing`` has sentences on needed inputs that are not there, ``remarks`` on other ones.
    """

    name: str
    title: str
    unit: str
    decimals: int | None
    formula: str
    source: str
    is_computed: bool
    inputs: tuple[str, ...]
    constants: tuple[dict[str, Any], ...]
    missing: tuple[str, ...]
    remarks: tuple[str, ...]
    values: FloatArray


@dataclass(frozen=True, slots=True)
class BatchSensors:
    """Series on the minutes of a batch; ``start_us`` (n,) since 1970, ``hour`` (n,) of elapsed time."""

    start_us: IntArray
    hour: FloatArray
    series: tuple[SensorSeries, ...]


def sensors_json(found: BatchSensors, points: int) -> list[dict[str, Any]]:
    """Return the JSON objects of the series, each with at most ``points`` values; gaps are null."""
    return [series_json(each, found, points) for each in found.series]


def series_json(series: SensorSeries, found: BatchSensors, points: int) -> dict[str, Any]:
    """Return the JSON object of a series."""
    index = thinned(series.values, points)
    return {
        "name": series.name,
        "title": series.title,
        "unit": series.unit,
        "decimals": series.decimals,
        "formula": series.formula,
        "source": series.source,
        "computed": series.is_computed,
        "inputs": list(series.inputs),
        "constants": list(series.constants),
        "missing": list(series.missing),
        "remarks": list(series.remarks),
        "last": last_json(series.values, found),
        "t": (found.start_us[index] // MILLISECOND_US).tolist(),
        "eft_h": np.round(found.hour[index], 4).tolist(),
        "value": numbers_or_none(series.values[index]),
    }


def last_json(values: FloatArray, found: BatchSensors) -> dict[str, Any] | None:
    """Return the last value with its time; None if there is none."""
    known = np.isfinite(values).nonzero()[0]
    if not len(known):
        return None
    at = known[-1]
    return {
        "t": int(found.start_us[at]) // MILLISECOND_US,
        "eft_h": round(float(found.hour[at]), 4),
        "value": number_or_none(float(values[at])),
    }
