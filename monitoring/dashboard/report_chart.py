"""Small charts of a batch report, drawn by the server as SVG paths over the elapsed time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.kernel.clock import parse_timestamp, to_micros
from monitoring.kernel.number_format import NumberFormat

WIDTH, HEIGHT = 720.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 16.0, 16.0, 22.0  # margins for labels
HOUR_MS = 3_600_000
FAR = 0.5  # limits and setpoints farther outside than this share of the shown range are left out

Json = dict[str, Any]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ChartLabel:
    """A text of the chart at a place; ``at`` is the abscissa or ordinate of its line."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ReportChart:
    """The paths of a chart in a drawing of ``box``; empty paths are not drawn. ``text`` says the same."""

    text: str
    band: str
    line: str
    setpoint: str
    dots: tuple[Point, ...]
    limits: tuple[float, ...]
    phases: tuple[ChartLabel, ...]
    samples: tuple[float, ...]
    x_ticks: tuple[ChartLabel, ...]
    y_ticks: tuple[ChartLabel, ...]
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM
    box: str = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"


@dataclass(frozen=True, slots=True)
class ReportAxes:
    """Linear maps from elapsed hours and value to the drawing."""

    start_h: float
    end_h: float
    low: float
    high: float

    def x(self, hours: float) -> float:
        """Return the abscissa."""
        share = (hours - self.start_h) / ((self.end_h - self.start_h) or 1.0)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 1)

    def y(self, value: float) -> float:
        """Return the ordinate."""
        share = (self.high - value) / ((self.high - self.low) or 1.0)
        return round(TOP + (HEIGHT - TOP - BOTTOM) * share, 1)


class ElapsedHours:
    """Elapsed time of the times in a report."""

    def __init__(self, report: Json) -> None:
        batch = report["batch"]
        self._zero_us = micros(batch["inoculated_at"] or batch["start"])
        self.start = self.of(batch["start"])
        self.end = max(self.of(batch["until"]), self.start)

    def of(self, text: str) -> float:
        """Return the hours of a time in ISO 8601."""
        return (micros(text) - self._zero_us) / 3.6e9

    def of_ms(self, time_ms: int) -> float:
        """Return the hours of a time in milliseconds since 1970."""
        return (time_ms * 1_000 - self._zero_us) / 3.6e9


def draw_tag(tag: Json, report: Json, number: NumberFormat) -> ReportChart | None:
    """Return the chart of a tag: band of extremes, mean, setpoint, limits; None without a measurement."""
    course, hours = tag["course"], ElapsedHours(report)
    if not course["t"]:
        return None
    steps = setpoint_points(tag, report, hours)
    axes = axes_for([*course["min"], *course["max"]], hours, [value for _, value in steps])
    limits = [limit for limit in tag["limits"].values() if limit is not None]
    return ReportChart(
        text=f"{tag['title']} over the batch",
        band=band_path(course, hours, axes),
        line=mean_path(course, hours, axes),
        setpoint=clipped_path(steps, axes),
        dots=(),
        limits=tuple(axes.y(limit) for limit in limits if axes.low <= limit <= axes.high),
        **frame_of(report, hours, axes, number),
    )


def draw_results(name: str, points: Sequence[Point], report: Json, number: NumberFormat) -> ReportChart:
    """Return the chart of the results of an analyte; ``points`` are hours and values."""
    hours = ElapsedHours(report)
    axes = axes_for([value for _, value in points], hours, [])
    return ReportChart(
        text=f"{name} over the batch",
        band="",
        line="",
        setpoint="",
        dots=tuple((axes.x(hour), axes.y(value)) for hour, value in points),
        limits=(),
        **frame_of(report, hours, axes, number),
    )


def frame_of(report: Json, hours: ElapsedHours, axes: ReportAxes, number: NumberFormat) -> Json:
    """Return the parts common to all charts of a report: ticks, phases, times of samples."""
    samples = [each for each in report["samples"] if each["withdrawn_at"] is None]
    return {
        "phases": tuple(
            ChartLabel(axes.x(hours.of(each["start"])), each["name"]) for each in report["phases"]
        ),
        "samples": tuple(axes.x(each["elapsed_h"]) for each in samples),
        "x_ticks": tuple(ChartLabel(axes.x(at), f"{at:g} h") for at in ticks(axes.start_h, axes.end_h, 10)),
        "y_ticks": tuple(ChartLabel(axes.y(at), number.trimmed(at)) for at in ticks(axes.low, axes.high, 4)),
    }


def axes_for(values: Sequence[float], hours: ElapsedHours, near: Sequence[float]) -> ReportAxes:
    """Return the axes that show all values, and those of ``near`` that are not far outside."""
    low, high = min(values), max(values)
    room = FAR * (high - low)
    shown = [each for each in near if low - room <= each <= high + room]
    low, high = min([low, *shown]), max([high, *shown])
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return ReportAxes(hours.start, hours.end, low - margin, high + margin)


def setpoint_points(tag: Json, report: Json, hours: ElapsedHours) -> list[Point]:
    """Return hours and values of the setpoint of the tag's role, as steps; none without one.

    A setpoint that has ramps is drawn through its means.
    """
    partner = setpoint_of(tag, report)
    if partner is None:
        return []
    changes = next(each for each in report["setpoints"] if each["tag"] == partner["tag"])
    if changes["more_changes"] or any(each["steps"] > 1 for each in changes["changes"]):
        course = partner["course"]
        return [(hours.of_ms(t), mean) for t, mean in zip(course["t"], course["mean"], strict=True)]
    return list(step_points(changes, hours))


def setpoint_of(tag: Json, report: Json) -> Json | None:
    """Return the setpoint of the tag's role; None without one. A tag of role "other" has none."""
    if tag["role"] == "other" or tag["function"] != "measured":
        return None
    same = (each for each in report["tags"] if (each["role"], each["function"]) == (tag["role"], "setpoint"))
    return next(same, None)


def step_points(changes: Json, hours: ElapsedHours) -> Iterator[Point]:
    """Yield the corners of the steps from the start of the batch to its end."""
    value = changes["initial"]
    if value is not None:
        yield hours.start, value
    for change in changes["changes"]:
        at = max(hours.start, hours.of(change["start"]))
        if value is not None:
            yield at, value
        value = change["to"]
        yield at, value
    if value is not None:
        yield hours.end, value


def segments(course: Json) -> Iterator[range]:
    """Yield the ranges of buckets that follow each other without a gap."""
    times, step_ms = course["t"], course["resolution_s"] * 1_000
    first = 0
    for place in range(1, len(times) + 1):
        if place == len(times) or times[place] - times[place - 1] > step_ms:
            yield range(first, place)
            first = place


def band_path(course: Json, hours: ElapsedHours, axes: ReportAxes) -> str:
    """Return the closed path around the extremes, interrupted in gaps."""
    times, low, high = course["t"], course["min"], course["max"]
    half_ms = course["resolution_s"] * 500
    parts = []
    for places in segments(course):
        ends = [(places[0], -half_ms), *((place, 0) for place in places), (places[-1], half_ms)]
        xs = [axes.x(hours.of_ms(times[place] + half_ms + shift)) for place, shift in ends]
        upper = [f"{x} {axes.y(high[place])}" for x, (place, _) in zip(xs, ends, strict=True)]
        lower = [f"{x} {axes.y(low[place])}" for x, (place, _) in zip(xs, ends, strict=True)]
        parts.append(f"M{'L'.join([*upper, *reversed(lower)])}Z")
    return "".join(parts)


def mean_path(course: Json, hours: ElapsedHours, axes: ReportAxes) -> str:
    """Return the path through the means, interrupted in gaps."""
    half_ms = course["resolution_s"] * 500
    parts = []
    for places in segments(course):
        points = [
            f"{axes.x(hours.of_ms(course['t'][place] + half_ms))} {axes.y(course['mean'][place])}"
            for place in places
        ]
        parts.append(f"M{'L'.join(points)}" + ("h1" if len(points) == 1 else ""))
    return "".join(parts)


def clipped_path(points: Sequence[Point], axes: ReportAxes) -> str:
    """Return the path through the points; values outside the axes lie on their edge."""
    texts = [f"{axes.x(hour)} {axes.y(min(max(value, axes.low), axes.high))}" for hour, value in points]
    return f"M{'L'.join(texts)}" if texts else ""


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return up to ``most`` + 1 round numbers from ``low`` to ``high``, evenly spaced."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def micros(text: str) -> int:
    """Return a time in ISO 8601 in microseconds since 1970."""
    return to_micros(parse_timestamp(text))
