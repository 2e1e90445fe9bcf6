"""Convert domain objects to the JSON objects of responses."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from monitoring.history.ahead import Ahead
from monitoring.history.measurements import Point, Reason
from monitoring.history.statistics import TagStatistics
from monitoring.history.trend import Trend
from monitoring.history.trend_plan import MILLISECOND_US, means
from monitoring.kernel.clock import iso_texts, iso_utc
from monitoring.kernel.number_format import NumberFormat
from monitoring.kernel.tag_definition import TagDefinition


def anomaly(item: dict[str, Any], reasons: list[Reason]) -> dict[str, Any]:
    """Return an item of ``/anomalies``: an item of ``/data`` with the violated rules added."""
    return {
        **item,
        "reasons": [reason.reason for reason in reasons],
        "findings": [
            {"reason": reason.reason, "lower": reason.lower, "upper": reason.upper} for reason in reasons
        ],
    }


def tag(
    definition: TagDefinition,
    latest: Point | None,
    ahead: Ahead | None,
    clock_error_s: float | None,
    number: NumberFormat,
    rate: float | None,
) -> dict[str, Any]:
    """Return a tag with the newest measurement, the readings ahead of time and the clock error in seconds.

    ``rate`` is the growth per hour of a counter.
    """
    return {
        "name": definition.name,
        "display_name": definition.display_name,
        "description": definition.description,
        "group": definition.group,
        "kind": definition.kind,
        "states": {str(number): name for number, name in definition.states},
        "unit": definition.unit,
        "active": definition.active,
        "valid_range": {"min": definition.valid_min, "max": definition.valid_max},
        "limits": {"lower": definition.lower_limit, "upper": definition.upper_limit},
        "decimals": number.decimals,
        "most_decimals": number.most,
        "on_conflict": definition.on_conflict,
        "latest": latest.as_json() if latest else None,
        "state": definition.state_of(latest.value) if latest else None,
        "rate_per_hour": rate,
        "ahead": ahead.readings if ahead else 0,
        "ahead_up_to_s": ahead.up_to_s if ahead else None,
        "clock_error_s": clock_error_s,
    }


def statistics(found: TagStatistics) -> dict[str, Any]:
    """Return the statistics of a tag; times in ISO 8601."""
    low, high, gaps = found.minimum, found.maximum, found.gaps
    return {
        "tag": found.tag,
        "from": iso_utc(found.start),
        "to": iso_utc(found.end),
        "count": found.count,
        "anomalies": found.anomalies,
        "mean": found.mean,
        "sd": found.sd,
        "min": low and low.value,
        "min_at": low and iso_utc(low.at),
        "max": high and high.value,
        "max_at": high and iso_utc(high.at),
        "outside_percent": found.outside_percent,
        "gaps": {
            "count": gaps.count,
            "total_s": gaps.total_s,
            "longest_s": gaps.longest_s,
            "longer_than_s": gaps.longer_than_s,
        },
        "resolution_s": found.resolution_s,
    }


def trend(name: str, found: Trend) -> dict[str, Any]:
    """Return the buckets of a tag as columns of equal length; times in milliseconds since 1970."""
    buckets = found.buckets
    columns = {
        "t": buckets.start // MILLISECOND_US,
        "min": buckets.minimum,
        "max": buckets.maximum,
        "mean": means(buckets),
        "count": buckets.count,
        "anomalies": buckets.anomalies,
        "min_t": buckets.minimum_at // MILLISECOND_US,
        "max_t": buckets.maximum_at // MILLISECOND_US,
    }
    return {
        "tag": name,
        "resolution_s": found.step.seconds,
        **{key: column.tolist() for key, column in columns.items()},
    }


def trend_rows(trends: Mapping[str, Trend]) -> list[dict[str, Any]]:
    """Return the buckets of several tags as one list of objects, in order of time, then of the tags.

    Readers that pivot such a list, as Grafana does, need the order of time.
    """
    rows = [row for name, found in trends.items() for row in bucket_rows(name, found)]
    return [row for _, row in sorted(rows, key=itemgetter(0))]


def bucket_rows(name: str, found: Trend) -> list[tuple[int, dict[str, Any]]]:
    """Return the start of each bucket in microseconds since 1970, and the bucket as an object."""
    buckets = found.buckets
    columns = (buckets.minimum, buckets.maximum, means(buckets), buckets.count, buckets.anomalies)
    cells = zip(
        buckets.start.tolist(),
        iso_texts(buckets.start),
        *(column.tolist() for column in columns),
        strict=True,
    )
    return [
        (
            start,
            {
                "time": time,
                "tag": name,
                "min": low,
                "max": high,
                "mean": mean,
                "count": count,
                "anomalies": anomalies,
            },
        )
        for start, time, low, high, mean, count, anomalies in cells
    ]
