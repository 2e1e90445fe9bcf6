"""The choice of tags for a page that cannot show all: search and group, with tags that need a person
first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from monitoring.dashboard import words
from monitoring.dashboard.moments import age_s
from monitoring.dashboard.states import is_outside
from monitoring.dashboard.view_state import ViewState, chosen_of
from monitoring.history.tags import last_points, tags_in_event
from monitoring.kernel.tag_definition import TagDefinition

# Up to here all tags are on the page. A browser bears more cards, but nobody reads them.
MOST_CARDS = 200
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Needs:
    """Urgency of each tag in use, without tags at 0; and the time of the newest measurement."""

    urgency: Mapping[str, int]
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class TagPage:
    """A page of the selected tags: ``names``; ``first`` tags come before them.

    ``found`` is the number of selected tags and ``urgent`` the number of these that need a person, of
    ``all`` tags in use. ``beside`` are tags that are on the page for comparison. ``newest`` is the time
    of the newest measurement of any tag.
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
        """Return the tags that have cards."""
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
        """Return the initial state of the scripts."""
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
    """Return the part that the parameters select, of the tags in use and their groups.

    The most urgent tags come first, then each group, "Other" last.
    """
    chosen = chosen_of(query, groups, now)
    search, urgency = search_of(query), needs.urgency
    found = asked_for(chosen, search, tags, groups)
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
    """Return the chosen tag, or the tags of the group with all words in their names or descriptions."""
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
    """Return the sort key of a group."""
    return group == words.OTHER_GROUP, group


def search_of(query: Mapping[str, str]) -> str:
    """Return the search text."""
    return " ".join(query.get("search", "").split())[:LONGEST_SEARCH].strip()


def page_of(query: Mapping[str, str]) -> int:
    """Return the page number, from 1; 1 if invalid."""
    text = query.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def read_needs(tags: Sequence[TagDefinition], now: datetime) -> Needs:
    """Return the urgency of the tags in use; the number of queries does not depend on the number of
    tags.
    """
    last, values = last_points(now)
    in_event = tags_in_event()
    found = {
        tag.name: need_of(tag, last[tag.name], now, values.get(tag.name), in_event=tag.name in in_event)
        for tag in tags
        if tag.name in last
    }
    newest = max(last.values(), default=None)
    return Needs({name: urgency for name, urgency in found.items() if urgency}, newest)


def need_of(
    tag: TagDefinition, last: datetime, now: datetime, anomalous: float | None, *, in_event: bool
) -> int:
    """Return the urgency of the tag's state; ``anomalous`` is the newest value if that is an anomaly."""
    if age_s(last, now) > tag.stale_after_s:
        return words.URGENCY["stale"]
    if in_event:
        return words.URGENCY["event"]
    return words.URGENCY["anomaly"] if anomalous is not None and is_outside(tag, anomalous) else 0
