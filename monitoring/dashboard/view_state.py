"""The view that the parameters of the address select; defaults replace invalid parameters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.history.saved_views import MOST_CHARTS as MOST_CHOSEN
from monitoring.history.saved_views import MOST_COMPARED, SHOWS, find_view
from monitoring.kernel.clock import iso_utc, parse_bound
from monitoring.models import SavedView


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
# Up to this many cards have charts beside their values without a choice.
MOST_CHARTS = 8
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
    ``charts`` lists the tags that are shown, in this order (empty: all, by urgency). ``show`` is "charts" or
    "values" (empty: see ``layout``).
    """

    tag: str
    preset: str
    past: TimeRange | None
    group: str = ""
    compare: tuple[str, ...] = ()
    anomaly: int | None = None
    event: int | None = None
    charts: tuple[str, ...] = ()
    show: str = ""

    @property
    def label(self) -> str:
        """Return the preset in words."""
        return PRESETS[self.preset].label

    def shows(self, tag: str, group: str) -> bool:
        """Return whether this tag's card is shown."""
        if self.tag:
            return tag == self.tag
        return self.group in ("", group) and (not self.charts or tag in self.charts)

    def layout(self, shown: int, headings: int) -> str:
        """Return the layout of so many cards under so many headings.

        "one" card, "all" with charts, a "stack" of flat charts, or values side by side ("many").
        ``static/monitoring/js/app/card-list.js`` has the same rule.
        """
        if self.tag:
            return "one"
        if self.show == "values":
            return "many"
        if shown <= MOST_CHARTS:
            return "all"
        return "stack" if self.show or self.charts or headings == 1 else "many"

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
            "charts": list(self.charts),
            "show": self.show,
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
        charts=chosen_charts(query.get("charts", ""), groups),
        show=query["show"] if query.get("show") in SHOWS else "",
    )


def saved_view_of(query: Mapping[str, str]) -> SavedView | None:
    """Read the saved view that the address names; None without one."""
    slug = query.get("view", "")
    return find_view(slug) if slug else None


def with_saved(query: Mapping[str, str], saved: SavedView | None) -> dict[str, str]:
    """Return the parameters, with those of the saved view where the address has none."""
    if saved is None:
        return dict(query)
    stored = {
        "group": saved.group,
        "charts": ",".join(saved.charts),
        "compare": ",".join(saved.compare),
        "show": saved.show,
        "range": saved.range,
    }
    return {**{name: text for name, text in stored.items() if text}, **query}


def chosen_charts(names: str, groups: Mapping[str, str]) -> tuple[str, ...]:
    """Return the known tags of a comma-separated list, without duplicates, at most MOST_CHOSEN."""
    found = dict.fromkeys(name for name in names.split(",") if name in groups)
    return tuple(found)[:MOST_CHOSEN]


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
