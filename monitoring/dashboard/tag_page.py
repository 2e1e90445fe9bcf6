"""Paging, search and group for a page that cannot show all tags; the most urgent tags come first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from monitoring.alarms.reading import worst_of_tags
from monitoring.dashboard import words
from monitoring.dashboard.alarm_words import alarm_urgency
from monitoring.dashboard.moments import age_s
from monitoring.dashboard.states import outside_side
from monitoring.dashboard.view_state import ViewState, chosen_of
from monitoring.history.confirmed import confirmed_until, later_of
from monitoring.history.tags import last_points, tags_in_event
from monitoring.kernel.tag_definition import TagDefinition

# Up to this number, all tags are on the page. A browser can show more cards, but a person cannot read them.
MOST_CARDS = 200
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Needs:
    """The urgency of tags in use, without tags of urgency 0, and the time of the newest measurement."""

    urgency: Mapping[str, int]
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class TagPage:
    """One page of the selected tags, ``names``; ``first`` selected tags are on the pages before.

    ``all`` is the number of tags in use, ``found`` the number of selected tags, and ``urgent`` the number
    of selected tags that need a person. ``beside`` lists further tags on the page, for comparison.
    ``newest`` is the time of the newest measurement of any tag.
    """

    names: Sequence[str]
    first: int
    found: int
    urgent: int
    all: int
    beside: Sequence[str] = ()
    group: str = ""
    search: str = ""
    page: int = 1
    pages: int = 1
    newest: datetime | None = None

    @property
    def on_page(self) -> list[str]:
        """Return the names of the tags with cards: selected, then for comparison."""
        return [*self.names, *self.beside]

    @property
    def text(self) -> str:
        """Return a sentence about the tags shown."""
        return words.part_text(
            shown=len(self.names),
            first=self.first,
            found=self.found,
            urgent=self.urgent,
            group=self.group,
            search=self.search,
            in_use=self.all,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the initial state for the scripts; ``newest`` in milliseconds since 1970."""
        return {
            "beside": list(self.beside),
            "search": self.search,
            "page": self.page,
            "text": self.text,
            "newest": self.newest and int(self.newest.timestamp() * 1000),
        }


def part_of(
    query: Mapping[str, str],
    tags: Sequence[TagDefinition],
    groups: Mapping[str, str],
    now: datetime,
    needs: Needs,
) -> TagPage:
    """Return the page of tags that the parameters select.

    ``tags`` are the tags in use, ``groups`` has the heading of each by name. Sort by urgency, highest
    first, then by group ("Other" last) and name.
    """
    chosen = chosen_of(query, groups, now)
    search, urgency = search_of(query), needs.urgency
    found = asked_for(chosen, search, tags, groups)
    if chosen.charts and not chosen.tag:
        found.sort(key=chosen.charts.index)
    else:
        found.sort(key=lambda name: (-urgency.get(name, 0), *heading(groups[name]), name))
    pages = max(1, ceil(len(found) / MOST_CARDS))
    page = min(pages, page_of(query))
    first = (page - 1) * MOST_CARDS
    names = found[first : first + MOST_CARDS]
    return TagPage(
        names=names,
        first=first,
        found=len(found),
        urgent=sum(name in urgency for name in found),
        all=len(tags),
        beside=[name for name in chosen.compare if name not in names],
        group=chosen.group,
        search="" if chosen.tag else search,
        page=page,
        pages=pages,
        newest=needs.newest,
    )


def asked_for(
    chosen: ViewState, search: str, tags: Sequence[TagDefinition], groups: Mapping[str, str]
) -> list[str]:
    """Return the chosen tag, or the tags of the chosen group that match all words of the search.

    A word matches in name, description or group, regardless of case.
    """
    if chosen.tag:
        return [chosen.tag]
    sought = search.casefold().split()
    return [
        tag.name
        for tag in tags
        if chosen.shows(tag.name, groups[tag.name])
        and all(word in f"{tag.name} {tag.description} {tag.group}".casefold() for word in sought)
    ]


def heading(group: str) -> tuple[bool, str]:
    """Return the sort key of a group: by name, "Other" last."""
    return group == words.OTHER_GROUP, group


def search_of(query: Mapping[str, str]) -> str:
    """Return the search text, with single spaces, at most LONGEST_SEARCH characters."""
    return " ".join(query.get("search", "").split())[:LONGEST_SEARCH].strip()


def page_of(query: Mapping[str, str]) -> int:
    """Return the page number, from 1; 1 if invalid."""
    text = query.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def read_needs(tags: Sequence[TagDefinition], now: datetime) -> Needs:
    """Read the urgency of the tags in use, with a number of queries that is independent of the number of
    tags.
    """
    last, values = last_points(now)
    in_event, alarms = tags_in_event(), worst_of_tags()
    confirmed = confirmed_until(last)
    found = {
        tag.name: need_of(
            tag,
            last.get(tag.name),
            now,
            values.get(tag.name),
            in_event=tag.name in in_event,
            alarm=alarms.get(tag.name),
            confirmed=confirmed.get(tag.name),
        )
        for tag in tags
    }
    newest = max(last.values(), default=None)
    return Needs({name: urgency for name, urgency in found.items() if urgency}, newest)


def need_of(
    tag: TagDefinition,
    last: datetime | None,
    now: datetime,
    anomalous: float | None,
    *,
    in_event: bool,
    alarm: tuple[str, bool] | None,
    confirmed: datetime | None = None,
) -> int:
    """Return the urgency of the tag's state, as ``states.state_of`` does.

    ``last`` is the time of the newest measurement; ``anomalous`` the value, if an anomaly; ``alarm`` has
    priority and "is acknowledged" of the most urgent alarm; ``confirmed`` is the time until which a source
    confirms the newest measurement.
    """
    if alarm:
        return alarm_urgency(alarm[0], is_acknowledged=alarm[1])
    if last is None:
        return 0
    if anomalous is not None and outside_side(tag, anomalous):
        return words.URGENCY["outside"]
    if age_s(later_of(last, confirmed), now) > tag.stale_after_s:
        return words.URGENCY["stale"]
    return words.URGENCY["event"] if in_event else 0
