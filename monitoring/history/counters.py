"""Growth and rate of a counter: a total that grows, and sometimes starts again at zero."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from monitoring.history.measurements import Selection, read_page
from monitoring.kernel.source_clock import latest_plausible
from monitoring.kernel.tag_definition import TagDefinition, TagKind

WINDOW = timedelta(minutes=10)  # up to the newest measurement
MOST = 10_000  # measurements in the window
HOUR_MS = 3_600_000.0

Timed = tuple[float, float]  # milliseconds since 1970, value


def growth(values: Iterable[float]) -> float:
    """Return by how much a counter grew over its values, in order of time; at least 0.

    A value below the one before means that the counter has started again at zero in between.
    """
    return sum(value - before if value >= before else max(value, 0.0) for before, value in pairwise(values))


def rate_per_hour(points: list[Timed]) -> float | None:
    """Return the growth per hour over points in order of time; None for fewer than two times.

    ``static/monitoring/js/base/counters.js`` has the same rule; ``tests/js/cases/counters.json`` holds for
    both.
    """
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return None
    return growth(value for _, value in points) * HOUR_MS / (points[-1][0] - points[0][0])


def read_rates(tags: Iterable[TagDefinition], now: datetime) -> dict[str, float]:
    """Return the rate per hour of each counter among the tags, over ``WINDOW`` up to its newest measurement.

    A counter with a single measurement in that time is measured from the one before. Those with fewer than
    two measurements are left out, like tags of other kinds.
    """
    found = {
        tag.name: rate_per_hour(newest_points(tag.name, now)) for tag in tags if tag.kind == TagKind.COUNTER
    }
    return {name: rate for name, rate in found.items() if rate is not None}


def newest_points(name: str, now: datetime) -> list[Timed]:
    """Return the newest measurements of a tag in order of time: at least two, if so many exist."""
    selection = Selection((name,), end=latest_plausible(now))
    newest = read_page(selection, limit=2).points
    if newest:
        within = replace(selection, start=newest[0].timestamp - WINDOW)
        newest = max(newest, read_page(within, limit=MOST).points, key=len)
    return [(point.timestamp.timestamp() * 1000, point.value) for point in reversed(newest)]
