"""The initial content of the dashboard page: the same values that the scripts then update."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from django.conf import settings
from django.db import Error as DatabaseError

from monitoring.alarms.reading import PresentAlarm, alarms_of_tags
from monitoring.dashboard import words
from monitoring.dashboard.events import Events, read_events
from monitoring.dashboard.link import Link, link_of, link_without_database
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.states import NOTHING, Evidence, lasting_text, outside_side, state_of
from monitoring.dashboard.tag_page import MOST_CARDS, Needs, TagPage, part_of, read_needs
from monitoring.dashboard.view_state import saved_view_of, with_saved
from monitoring.history.ahead import Ahead
from monitoring.history.archived import read_what_can_be
from monitoring.history.confirmed import ConfirmedSource, latest_confirmed, sources_by_tag
from monitoring.history.excursions import outside_since
from monitoring.history.learning import Learning
from monitoring.history.measurements import Point, Reason, Selection, read_page, reasons_for
from monitoring.history.number_formats import format_of, read_formats
from monitoring.history.quality import has_sources
from monitoring.history.saved_views import read_views
from monitoring.history.stats import Totals, totals
from monitoring.history.tags import latest_of, newest_anomalies, raw_from
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.number_format import NumberFormat
from monitoring.kernel.tag_definition import STALE_AFTER_S, TagDefinition
from monitoring.models import SavedView
from monitoring.operations.definitions import digest_of
from monitoring.operations.health import Health, check_health
from monitoring.sources.simulator.demo_tags import names_shown, simulated_tags, unused_names
from monitoring.sources.simulator.vessel.channels import VESSEL
from monitoring.spool import spool_files

ANOMALY_ROWS = 20
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


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """A recent anomaly; ``address`` links to the measurements around the anomaly.

    ``name`` is that of the tag for people, in parts between which a line may break.
    """

    time: Moment
    address: str
    tag: str
    name: Sequence[str]
    value: str
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """All database content of the page, as of ``now``.

    ``tags`` has all tags by name, active or not; ``headings`` has the heading of each tag in use.
    ``cards`` covers all tags in use, or those of ``part`` if there are more than MOST_CARDS. ``violations``
    are those of the newest measurements, by id. ``simulated`` has the tags with simulated data,
    ``definitions`` is the digest of the tags. ``query`` has the parameters of the address, completed by those
    of the ``saved`` view that the address names; ``views`` lists all saved views. ``fed_by`` has the sources
    of tags, ``confirmed`` the sources that confirm values; ``has_sources``: whether there can be times
    without good values. ``is_archive_away``: the archive could not be read.
    """

    now: datetime
    tags: Mapping[str, TagDefinition]
    headings: Mapping[str, str]
    part: TagPage | None
    link: Link
    cards: list[Card]
    latest: list[Point] = field(default_factory=list)
    raw_from: Mapping[str, datetime] = field(default_factory=dict)
    newest_anomalies: Mapping[str, datetime] = field(default_factory=dict)
    outside_since: Mapping[str, datetime] = field(default_factory=dict)
    formats: Mapping[str, NumberFormat] = field(default_factory=dict)
    ahead: Mapping[str, Ahead] = field(default_factory=dict)
    violations: Mapping[int, list[Reason]] = field(default_factory=dict)
    anomalies: list[AnomalyRow] = field(default_factory=list)
    is_archive_away: bool = False
    events: Events = field(default_factory=Events)
    totals: Totals | None = None
    problems: Sequence[str] = ()
    notices: tuple[str, ...] = ()
    simulated: Sequence[TagDefinition] = ()
    definitions: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    saved: SavedView | None = None
    views: Sequence[SavedView] = ()
    learning: Learning = field(default_factory=Learning)
    fed_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    confirmed: Sequence[ConfirmedSource] = ()
    has_sources: bool = False

    @property
    def simulated_names(self) -> list[str]:
        """Return the names of simulated tags for people."""
        return names_shown(self.simulated)

    @property
    def no_events_text(self) -> str:
        """Return the text of an empty list of events."""
        text = self.learning.text(self.now)
        return words.PATTERNS["noEventsYet" if text else "noEvents"].format(text)

    @property
    def learning_lines(self) -> list[str]:
        """Return a line for each tag that the detectors are learning."""
        return [
            words.PATTERNS["learning"].format(tag=one.tag, text=one.text(self.now))
            for one in self.learning.tags
        ]

    @property
    def group_names(self) -> list[str]:
        """Return the headings to choose from; with more than MOST_CARDS, only those on the page."""
        names = other_last(self.headings.values())
        return names if len(names) <= MOST_CARDS else other_last(card.group for card in self.cards)

    def groups(self, charts: Sequence[str]) -> list[Group]:
        """Return the chosen charts in their order under one heading, and the other cards by group.

        The most urgent groups, and cards in a group, come first.
        """
        by_name = {card.tag.name: card for card in self.cards}
        chosen = [by_name.pop(name) for name in charts if name in by_name]
        rest = in_groups(by_name.values())
        return [Group("", chosen, is_chosen=True), *rest] if chosen else rest

    @property
    def told_tags(self) -> list[TagDefinition]:
        """Return the tags for the scripts: all, or with more than MOST_CARDS only those on the page."""
        if len(self.tags) <= MOST_CARDS:
            return list(self.tags.values())
        mentioned = [*(event.tag for event in self.events.all), *(row.tag for row in self.anomalies)]
        names = dict.fromkeys([*(card.tag.name for card in self.cards), *mentioned])
        return [self.tags[name] for name in names if name in self.tags]


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


def read_dashboard(query: Mapping[str, str]) -> DashboardPage:
    """Return the page for the parameters of the address.

    While the database is unavailable, return a page without measurements, events and totals.
    """
    health = check_health(
        simulator_on=settings.FERMON_SIMULATOR,
        dead_letters=spool_files.pending_count(),
        waiting_since=spool_files.pending_since(),
        queued=int,
    )
    now = datetime.now(UTC)
    try:
        page, is_archive_away = read_what_can_be(partial(read_page_at, now, health, query))
        return replace(page, is_archive_away=is_archive_away)
    except DatabaseError:
        tags = tag_cache().definitions or {}
        used = [tag for tag in tags.values() if tag.active]
        groups = groups_of(used)
        part = part_of(query, used, groups, now, Needs({}, None)) if len(used) > MOST_CARDS else None
        names = part.on_page if part else list(groups)
        cards = [card_of(tags[name], None, now, group=groups[name]) for name in names]
        link = link_without_database(now)
        problems = words.problem_lines(health.problems, health.since, now)
        return DashboardPage(now, tags, groups, part, link, cards, problems=problems, query=query)


def read_page_at(now: datetime, health: Health, given: Mapping[str, str]) -> DashboardPage:
    """Read the page from the database, with a number of queries that is independent of the number of tags."""
    saved = saved_view_of(given)
    query = with_saved(given, saved)
    tags, unused = tag_cache().read(), unused_names()
    used = [tag for tag in tags.values() if tag.active and tag.name not in unused]
    groups = groups_of(used)
    part = part_of(query, used, groups, now, read_needs(used, now)) if len(used) > MOST_CARDS else None
    names = part.on_page if part else list(groups)
    newest, anomalous = latest_of(names, now), newest_anomalies(names, now)
    anomalies = read_page(Selection(anomalies_only=True), limit=ANOMALY_ROWS).points
    events = read_events(tags, names if part else None)
    known = [newest[name] for name in names if name in newest]
    reasons = reasons_for([*anomalies, *(point for point in known if point.is_anomaly)])
    is_wall = query.get("kiosk") == "1"
    mentioned = [*names, *(point.tag for point in anomalies), *(event.tag for event in events.all)]
    formats = read_formats(tags[name] for name in mentioned if name in tags)
    lasting, alarms, since = events.open_by_tag(), alarms_of_tags(names), excursions(tags, known, now)
    ahead = {one.tag: one for one in health.times.ahead}
    fed_by = sources_by_tag()
    confirmed = latest_confirmed(names, health.confirmed, fed_by)
    cards = [
        card_of(
            tags[name],
            newest.get(name),
            now,
            group=groups[name],
            evidence=Evidence(
                reasons=words.reasons_texts(
                    reasons.get(newest[name].id, []) if name in newest else [], formats[name]
                ),
                events=lasting.get(name, []),
                alarm=alarms.get(name),
                outside_since=since.get(name),
                confirmed=confirmed.get(name),
                is_wall=is_wall,
            ),
            normal_since=anomalous.get(name),
            ahead=ahead[name].text if name in ahead else "",
            number=formats[name],
        )
        for name in names
    ]
    last = part.newest if part else max((point.timestamp for point in known), default=None)
    if last is not None:
        last = max([last, *confirmed.values()])
    return DashboardPage(
        now=now,
        tags=tags,
        headings=groups,
        part=part,
        link=link_of(last, stale_after_s(tags.values()), now),
        cards=cards,
        latest=known,
        raw_from=raw_from(names),
        newest_anomalies=anomalous,
        outside_since=since,
        formats=formats,
        ahead=ahead,
        violations={point.id: reasons[point.id] for point in known if point.is_anomaly},
        anomalies=[
            anomaly_row(point, tags[point.tag], reasons[point.id], now, part, formats[point.tag])
            for point in anomalies
        ],
        events=events,
        totals=totals(),
        problems=words.problem_lines(health.problems, health.since, now),
        notices=health.refused.notices,
        learning=health.learning,
        fed_by={name: fed_by[name] for name in names if name in fed_by},
        confirmed=health.confirmed,
        simulated=simulated_tags(used),
        definitions=digest_of(tags, unused),
        query=query,
        saved=saved,
        views=read_views(),
        has_sources=has_sources(),
    )


def excursions(
    tags: Mapping[str, TagDefinition], newest: Iterable[Point], now: datetime
) -> dict[str, datetime]:
    """Return since when newest values are outside a limit, by tag; tags within their limits are left out."""
    sides: dict[str, list[str]] = {"above": [], "below": [], "": []}
    for point in newest:
        side = outside_side(tags[point.tag], point.value) if point.is_anomaly else ""
        sides[side].append(point.tag)
    return outside_since(sides["above"], sides["below"], now)


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


def anomaly_row(
    point: Point,
    tag: TagDefinition,
    reasons: list[Reason],
    now: datetime,
    part: TagPage | None,
    number: NumberFormat,
) -> AnomalyRow:
    """Return the row of an anomaly.

    With a ``part`` of the tags, the address names the tag, since the page may not show the tag otherwise.
    """
    return AnomalyRow(
        time=moment(point.timestamp, now),
        address=words.address_around(point.timestamp, point.id, tag.name if part else ""),
        tag=tag.name,
        name=words.name_parts(tag.shown_name),
        value=words.value_text(tag, number, point.value),
        unit=tag.unit,
        reason=words.reasons_text(reasons, number),
    )


def stale_after_s(tags: Iterable[TagDefinition]) -> int:
    """Return the seconds without readings after which the connection counts as stale.

    This is the longest such time of the active tags.
    """
    return max((tag.stale_after_s for tag in tags if tag.active), default=STALE_AFTER_S)
