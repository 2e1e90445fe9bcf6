"""The cards of the dashboard page: a tag's newest value and state, in groups, the most urgent first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from monitoring.alarms.reading import PresentAlarm
from monitoring.dashboard import words
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.states import NOTHING, Evidence, lasting_text, state_of
from monitoring.dashboard.tag_values import TagValues
from monitoring.history.ahead import Ahead
from monitoring.history.events import StoredEvent
from monitoring.history.measurements import Point
from monitoring.history.number_formats import format_of
from monitoring.kernel.number_format import NumberFormat
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.sources.simulator.vessel.channels import VESSEL

LINE_LETTERS = 23  # that fit into a line of a card on a wall screen
NARROW_LETTERS = 27  # that fit into a line in smaller type
WIDEST = 12.0  # digits that a card keeps free for a value


@dataclass(frozen=True, slots=True)
class Card:
    """The card of a tag: newest value and state.

    ``value`` is the newest value that is not ahead of time; ``ahead`` describes newer ones. ``state`` is
    a key of CARD_WORDS, ``word`` the text for display, ``icon`` the symbol. ``group`` is the heading above
    the card, ``lasting`` the time in the present state. ``urgency`` orders the tags that need a person; 0
    means that the tag does not need one. ``alarm`` is the tag's most urgent alarm.
    """

    tag: TagDefinition
    group: str
    digits: float
    limits: str
    value: str
    state: str
    word: str
    icon: str
    lasting: str
    detail: str
    time: Moment | None
    urgency: int
    ahead: str
    alarm: PresentAlarm | None = None

    @property
    def name(self) -> list[str]:
        """Return the tag's name for people, in parts between which a line may break."""
        return words.name_parts(self.tag.shown_name)

    @property
    def letters(self) -> int:
        """Return how many letters group and name have."""
        return len(self.tag.group) + len(self.tag.shown_name)

    @property
    def is_name_narrow(self) -> bool:
        """Return whether group and name fit into one line of a wall screen in smaller type only."""
        return LINE_LETTERS <= self.letters < NARROW_LETTERS

    @property
    def name_lines(self) -> int:
        """Return how many lines, up to three, group and name need on a wall screen."""
        return 1 if self.is_name_narrow else min(3, 1 + self.letters // LINE_LETTERS)


@dataclass(frozen=True, slots=True)
class Group:
    """The cards under one heading.

    ``name`` is empty if no tag has a group, and for the charts that the viewer chose (``is_chosen``).
    """

    name: str
    cards: list[Card]
    is_chosen: bool = False


def in_groups(cards: Iterable[Card]) -> list[Group]:
    """Return the cards by group, the most urgent groups and cards first, the demo vessel's group last.

    Otherwise cards stay in order; groups are in the order of their first cards, "Other" last.
    ``static/monitoring/js/app/card-order.js`` has the same rule.
    """
    members: dict[str, list[Card]] = {}
    for card in cards:
        members.setdefault(card.group, []).append(card)
    groups = [Group(name, urgent_first(members[name])) for name in other_last(members)]
    return sorted(groups, key=lambda group: (group.name == VESSEL, -group.cards[0].urgency))


def other_last(names: Iterable[str]) -> list[str]:
    """Return the headings without duplicates, in order of first occurrence, with "Other" last."""
    return sorted(dict.fromkeys(names), key=lambda name: name == words.OTHER_GROUP)


def urgent_first(cards: Iterable[Card]) -> list[Card]:
    """Sort the cards by urgency, highest first; cards of equal urgency stay in order."""
    return sorted(cards, key=lambda card: -card.urgency)


def groups_of(tags: Iterable[TagDefinition]) -> dict[str, str]:
    """Return the heading of each tag by name: the group, or "Other"; empty if no tag has a group.

    The demo vessel's group does not count: beside it, tags without a group have no heading and come first.
    """
    grouped = list(tags)
    other = words.OTHER_GROUP if any(tag.group not in {"", VESSEL} for tag in grouped) else ""
    return {tag.name: tag.group or other for tag in grouped}


def cards_of(
    tags: Mapping[str, TagDefinition],
    groups: Mapping[str, str],
    values: TagValues,
    ahead: Mapping[str, Ahead],
    now: datetime,
    *,
    is_wall: bool,
) -> list[Card]:
    """Return the card of each tag that has a heading in ``groups``, in their order."""
    open_events = values.events.open_by_tag()
    return [
        card_of(
            tags[name],
            values.newest.get(name),
            now,
            group=group,
            evidence=evidence_of(name, values, open_events.get(name, []), is_wall=is_wall),
            normal_since=values.newest_anomalies.get(name),
            ahead=ahead[name].text if name in ahead else "",
            number=values.formats[name],
        )
        for name, group in groups.items()
    ]


def evidence_of(name: str, values: TagValues, events: list[StoredEvent], *, is_wall: bool) -> Evidence:
    """Return the data from which the state of the tag derives."""
    newest = values.newest.get(name)
    violated = values.reasons.get(newest.id, []) if newest else []
    return Evidence(
        reasons=words.reasons_texts(violated, values.formats[name]),
        events=events,
        alarm=values.alarms.get(name),
        outside_since=values.outside_since.get(name),
        confirmed=values.confirmed.get(name),
        is_wall=is_wall,
    )


def card_of(
    tag: TagDefinition,
    newest: Point | None,
    now: datetime,
    *,
    group: str = "",
    evidence: Evidence = NOTHING,
    normal_since: datetime | None = None,
    ahead: str = "",
    number: NumberFormat | None = None,
) -> Card:
    """Return the card of a tag with its newest measurement, if any.

    ``normal_since`` is the time of the newest anomaly. ``ahead`` describes measurements ahead of time.
    ``number`` is the format of the values; None while it is not known.
    """
    number = number or format_of(tag, [])
    found = state_of(tag, newest, now, evidence)
    return Card(
        tag=tag,
        group=group,
        digits=min(WIDEST, words.value_width(tag, number, newest.value if newest else None)),
        limits=words.limits_text(tag),
        value=words.value_text(tag, number, newest.value) if newest else "–",
        state=found.state,
        word=found.word or words.CARD_WORDS[found.state],
        icon=f"priority-{found.alarm.priority}" if found.alarm else found.state,
        lasting=lasting_text(found, normal_since, now),
        detail=found.detail,
        time=moment(newest.timestamp, now) if newest else None,
        urgency=found.urgency,
        ahead=ahead,
        alarm=found.alarm,
    )
