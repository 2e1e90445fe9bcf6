"""Which tags the page shows where there are too many for one: those asked for, what needs a person first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from monitoring.dashboard import words
from monitoring.dashboard.chosen import Chosen, chosen_of
from monitoring.dashboard.moments import age_s
from monitoring.dashboard.states import is_outside
from monitoring.history.tags import last_points, tags_in_event
from monitoring.kernel.tag_definition import TagDefinition

# Up to here all tags are on the page. A browser bears more cards, but nobody reads them.
MOST_CARDS = 200
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Needs:
    """How much each tag in use needs a person, without those that don't; and when any was measured last."""

    urgency: Mapping[str, int]
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """A page of the tags that are asked for: ``names``, before which ``first`` others come.

    ``found`` is how many are asked for and ``urgent`` how many of them need a person, of ``all`` that are in
    use. ``beside`` are those that are on the page to be compared. ``newest`` is when any tag was measured.
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
        """The tags that have cards."""
        return [*self.names, *self.beside]

    @property
    def text(self) -> str:
        """What is shown, in words."""
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
        """What the scripts start from."""
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
) -> Part:
    """The part that the address's parameters ask for, of the tags in use and their groups.

    What needs a person most comes first, and then each group by itself, "Other" last.
    """
    chosen = chosen_of(query, groups, now)
    search, urgency = search_of(query), needs.urgency
    found = asked_for(chosen, search, tags, groups)
    found.sort(key=lambda name: (-urgency.get(name, 0), *heading(groups[name]), name))
    pages = max(1, ceil(len(found) / MOST_CARDS))
    page = min(pages, page_of(query))
    first = (page - 1) * MOST_CARDS
    names = found[first : first + MOST_CARDS]
    return Part(
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
    chosen: Chosen, search: str, tags: Sequence[TagDefinition], groups: Mapping[str, str]
) -> list[str]:
    """The tag that is chosen, or those of the group in whose names or descriptions all the words are."""
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
    """Where a group stands among the others."""
    return group == words.OTHER_GROUP, group


def search_of(query: Mapping[str, str]) -> str:
    """The words that are searched for."""
    return " ".join(query.get("search", "").split())[:LONGEST_SEARCH].strip()


def page_of(query: Mapping[str, str]) -> int:
    """The page's number, from 1; one that can't be is the first."""
    text = query.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def read_needs(tags: Sequence[TagDefinition], now: datetime) -> Needs:
    """Which of the tags in use need a person, by as many queries however many there are."""
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
    """The urgency of the tag's state; ``anomalous`` is its newest value if that is an anomaly."""
    if age_s(last, now) > tag.stale_after_s:
        return words.URGENCY["stale"]
    if in_event:
        return words.URGENCY["event"]
    return words.URGENCY["anomaly"] if anomalous is not None and is_outside(tag, anomalous) else 0
