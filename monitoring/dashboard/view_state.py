"""The view that the parameters of the address select; defaults replace invalid parameters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.kernel.clock import iso_utc, parse_bound


@dataclass(frozen=True, slots=True)
class Preset:
    """A time range that ends now: length in seconds, and label."""

    seconds: int
    label: str


PRESETS = {
    "5m": Preset(300, "5 min"),
    "1h": Preset(3_600, "1 h"),
    "8h": Preset(28_800, "8 h"),
    "24h": Preset(86_400, "24 h"),
    "7d": Preset(604_800, "7 d"),
    "30d": Preset(2_592_000, "30 d"),
}
DEFAULT_PRESET = "5m"
# Each compared tag has a line and an axis; one chart has room for this many.
MOST_COMPARED = 4
ROW_ID = re.compile(r"[0-9]{1,15}")
LONGEST = timedelta(days=36_525)
# Bookmarks from earlier versions, with other time windows, open the nearest preset.
FORMER_WINDOWS = {"2m": "5m", "10m": "5m", "1h": "1h"}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A fixed time range of the charts."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ViewState:
    """The selected view.

    ``tag`` and ``group`` restrict the cards (empty: all). ``past`` replaces the ``preset`` up to now.
    ``compare`` lists the tags that share a chart. ``anomaly`` and ``event`` are ids to highlight.
    """

    tag: str
    preset: str
    past: TimeRange | None
    group: str = ""
    compare: tuple[str, ...] = ()
    anomaly: int | None = None
    event: int | None = None

    @property
    def label(self) -> str:
        """Return the preset in words."""
        return PRESETS[self.preset].label

    def shows(self, tag: str, group: str) -> bool:
        """Return whether this tag's card is shown."""
        return self.tag in ("", tag) and self.group in ("", group)

    def as_json(self) -> dict[str, Any]:
        """Return the initial state of the scripts."""
        return {
            "tag": self.tag,
            "range": self.preset,
            "from": iso_utc(self.past.start) if self.past else None,
            "to": iso_utc(self.past.end) if self.past else None,
            "group": self.group,
            "compare": list(self.compare),
            "anomaly": self.anomaly,
            "event": self.event,
        }


def chosen_of(query: Mapping[str, str], groups: Mapping[str, str], now: datetime) -> ViewState:
    """Return the view that the parameters select; ``groups`` has the heading of each tag by name."""
    tag = query.get("tag", "")
    tag = tag if tag in groups else ""
    group = query.get("group", "")
    preset = query.get("range") or FORMER_WINDOWS.get(query.get("window", ""), "")
    return ViewState(
        tag=tag,
        preset=preset if preset in PRESETS else DEFAULT_PRESET,
        past=past_of(query.get("from", ""), query.get("to", ""), now),
        group=group if group in ({groups[tag]} if tag else set(groups.values())) else "",
        compare=compared(query.get("compare", ""), groups),
        anomaly=row_id(query.get("anomaly", "")),
        event=row_id(query.get("event", "")),
    )


def row_id(text: str) -> int | None:
    """Parse the id of a row; None if invalid."""
    return int(text) if ROW_ID.fullmatch(text) else None


def compared(names: str, groups: Mapping[str, str]) -> tuple[str, ...]:
    """Return the known tags of a comma-separated list, without duplicates, at most MOST_COMPARED."""
    found = dict.fromkeys(name for name in names.split(",") if name in groups)
    return tuple(found)[:MOST_COMPARED]


def past_of(start: str, end: str, now: datetime) -> TimeRange | None:
    """Return the time range between two bounds, cut at ``now``; None if invalid, empty or too long."""
    try:
        past = TimeRange(parse_bound(start), min(parse_bound(end, end=True), now))
    except ValueError:
        return None
    return past if timedelta(0) < past.end - past.start <= LONGEST else None
