"""A small chart that the server draws: the last minutes of a tag as SVG paths, without a script."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.history.number_formats import read_formats
from monitoring.history.trend import read_trend
from monitoring.kernel.clock import to_micros
from monitoring.kernel.rollups import Buckets
from monitoring.kernel.tag_definition import TagDefinition

LENGTH = timedelta(minutes=30)
POINTS = 150
WIDTH, HEIGHT, MARGIN = 600.0, 160.0, 6.0
GAP_US = 180_000_000  # a longer time without measurements interrupts the line


@dataclass(frozen=True, slots=True)
class SmallChart:
    """The paths in a drawing of ``WIDTH`` x ``HEIGHT``: the line, and the limit; ``text`` says the same."""

    line: str
    limit: str
    text: str
    box: str = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from time (microseconds) and value to the drawing."""

    start: int
    end: int
    low: float
    high: float

    def x(self, time_us: int) -> float:
        """Return the abscissa."""
        return WIDTH * (time_us - self.start) / (self.end - self.start)

    def y(self, value: float) -> float:
        """Return the ordinate."""
        span = self.high - self.low or 1.0
        return MARGIN + (HEIGHT - 2 * MARGIN) * (self.high - value) / span


def draw_last_minutes(tag: TagDefinition, limit: float | None, *, now: datetime) -> SmallChart | None:
    """Return the last ``LENGTH`` of a tag with a limit; None without measurements."""
    buckets = read_trend(tag.name, start=now - LENGTH, end=now, points=POINTS).buckets
    if not len(buckets):
        return None
    low, high = float(buckets.minimum.min()), float(buckets.maximum.max())
    shown = [low, high] if limit is None else [low, high, limit]
    scale = Scale(to_micros(now - LENGTH), to_micros(now), min(shown), max(shown))
    number = read_formats([tag])[tag.name]
    ends = [f"{number.text(value)} {tag.unit}".strip() for value in (low, high)]
    return SmallChart(
        line=line_of(buckets, scale),
        limit="" if limit is None else f"M0 {scale.y(limit):.1f}H{WIDTH:.0f}",
        text=f"{tag.shown_name} in the last 30 min: from {ends[0]} to {ends[1]}",
    )


def line_of(buckets: Buckets, scale: Scale) -> str:
    """Return the path through minimum and maximum of each bucket, in the order in which they came."""
    parts: list[str] = []
    before: int | None = None
    for place in range(len(buckets)):
        ends = [
            (int(buckets.minimum_at[place]), float(buckets.minimum[place])),
            (int(buckets.maximum_at[place]), float(buckets.maximum[place])),
        ]
        for time_us, value in sorted(ends):
            begins = before is None or time_us - before > GAP_US
            parts.append(f"{'M' if begins else 'L'}{scale.x(time_us):.1f} {scale.y(value):.1f}")
            before = time_us
    return "".join(parts)
