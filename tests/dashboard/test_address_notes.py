"""Parameters of the address that the page cannot follow are told, each with the way out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from monitoring.dashboard.address_notes import MOST_NOTES, address_notes
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import SavedView

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = ("co2", "ph", "temp", "rpm", "od", "old")


@dataclass
class Page:
    now: datetime = NOON
    tags: dict[str, TagDefinition] = field(
        default_factory=lambda: {name: TagDefinition(name, "", 0, 1) for name in NAMES}
    )
    headings: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES[:-1], "Reactor 1"))
    saved: SavedView | None = None


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"tga": "co2"}, "“tga”, which this page does not know: it is ignored. Is “tag” meant?"),
        ({"zzz": "1"}, "“zzz”, which this page does not know: it is ignored."),
        ({"tag": "co3"}, "“co3” does not exist: all tags are shown."),
        ({"tag": "old"}, "“old” is not in use"),
        ({"group": "Reactor 9"}, "“Reactor 9”: all groups are shown"),
        ({"range": "2h"}, "range=2h is not one of 5m, 1h, 8h, 24h, 7d, 30d: the last 5 min are shown."),
        ({"window": "3y"}, "window=3y is not known"),
        ({"show": "pie"}, "show=pie is not one of charts, values"),
        ({"page": "two"}, "page=two is not a number"),
        ({"view": "gone"}, "no saved view “gone”"),
        ({"compare": "co2,co4"}, "compare: “co4” is not in use: left out."),
        ({"compare": "co2,ph,temp,rpm,od"}, "only the first 4 tags"),
        ({"charts": "a,b,c,d,co2"}, "charts: “a”, “b”, “c” and 1 more are not in use"),
        ({"from": "2026-01-30"}, "needs both “from” and “to”"),
        ({"from": "soon", "to": "2026-01-30"}, "The range cannot be read"),
        ({"from": "2026-01-30", "to": "2026-01-29"}, "“from” is not earlier than “to”"),
        ({"from": "2026-02-01", "to": "2026-02-02"}, "lies in the future"),
        ({"from": "0900-01-01", "to": "2026-01-01"}, "longer than 100 years"),
        ({"anomaly": "first"}, "anomaly=first is not the number of an anomaly"),
        ({"event": "x"}, "event=x is not the number of an event"),
    ],
)
def test_what_cannot_be_followed_is_told(query: dict[str, str], sentence: str) -> None:
    (note,) = address_notes(query, Page())
    assert sentence in note


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"tag": "co2", "group": "Reactor 1", "range": "24h", "compare": "co2,ph", "charts": "ph,co2"},
        {"from": "2026-01-30", "to": "2026-01-30", "anomaly": "7", "search": "anything", "page": "2"},
        {"kiosk": "1", "window": "10m", "show": "values", "tag": "", "group": ""},
    ],
)
def test_what_can_be_followed_is_not_told(query: dict[str, str]) -> None:
    assert address_notes(query, Page()) == []


def test_many_are_counted_and_long_ones_are_cut() -> None:
    notes = address_notes({f"unknown{number}": "1" for number in range(30)}, Page())
    assert (len(notes), notes[-1]) == (MOST_NOTES, "25 more parameters are ignored.")
    (note,) = address_notes({"tag": "x" * 5000}, Page())
    assert len(note) < 200
