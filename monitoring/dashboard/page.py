"""The initial content of the dashboard page: the same values that the scripts then update."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from django.conf import settings
from django.db import Error as DatabaseError

from monitoring.dashboard import words
from monitoring.dashboard.cards import Card, Group, card_of, cards_of, groups_of, in_groups, other_last
from monitoring.dashboard.events import Events
from monitoring.dashboard.link import Link, link_of, link_without_database
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.tag_page import MOST_CARDS, Needs, TagPage, part_of, read_needs
from monitoring.dashboard.tag_values import TagValues, read_values
from monitoring.dashboard.view_state import saved_view_of, with_saved
from monitoring.history.ahead import Ahead
from monitoring.history.archived import read_what_can_be
from monitoring.history.confirmed import ConfirmedSource
from monitoring.history.learning import Learning
from monitoring.history.measurements import Point, Reason
from monitoring.history.quality import has_sources
from monitoring.history.saved_views import read_views
from monitoring.history.stats import Totals, totals
from monitoring.history.tags import raw_from
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.number_format import NumberFormat
from monitoring.kernel.tag_definition import STALE_AFTER_S, TagDefinition
from monitoring.models import SavedView
from monitoring.operations.definitions import digest_of
from monitoring.operations.health import Health, check_health
from monitoring.sources.simulator.demo_tags import names_shown, simulated_tags, unused_names
from monitoring.spool import spool_files


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


@dataclass(frozen=True, slots=True)
class ShownTags:
    """The tags of a page: all tags by name, the names not in use, the headings of those in use, and the part.

    ``part`` is None if all tags in use fit on the page.
    """

    tags: Mapping[str, TagDefinition]
    unused: Collection[str]
    headings: Mapping[str, str]
    part: TagPage | None

    @property
    def used(self) -> list[TagDefinition]:
        """Return the tags in use."""
        return [self.tags[name] for name in self.headings]

    @property
    def on_page(self) -> dict[str, str]:
        """Return the heading of each tag with a card."""
        names = self.part.on_page if self.part else self.headings
        return {name: self.headings[name] for name in names}


def read_shown(query: Mapping[str, str], now: datetime) -> ShownTags:
    """Return the tags of the page for the parameters of the address."""
    tags, unused = tag_cache().read(), unused_names()
    used = [tag for tag in tags.values() if tag.active and tag.name not in unused]
    groups = groups_of(used)
    part = part_of(query, used, groups, now, read_needs(used, now)) if len(used) > MOST_CARDS else None
    return ShownTags(tags, unused, groups, part)


def read_page_at(now: datetime, health: Health, given: Mapping[str, str]) -> DashboardPage:
    """Read the page from the database, with a number of queries that is independent of the number of tags."""
    saved = saved_view_of(given)
    query = with_saved(given, saved)
    shown = read_shown(query, now)
    tags, part, groups = shown.tags, shown.part, shown.on_page
    names = list(groups)
    values = read_values(tags, names, health.confirmed, now, is_part=part is not None)
    ahead = {one.tag: one for one in health.times.ahead}
    newest = part.newest if part else max((point.timestamp for point in values.latest), default=None)
    return DashboardPage(
        now=now,
        tags=tags,
        headings=shown.headings,
        part=part,
        link=link_of(values.known_until(newest), stale_after_s(tags.values()), now),
        cards=cards_of(tags, groups, values, ahead, now, is_wall=query.get("kiosk") == "1"),
        latest=values.latest,
        raw_from=raw_from(names),
        newest_anomalies=values.newest_anomalies,
        outside_since=values.outside_since,
        formats=values.formats,
        ahead=ahead,
        violations=values.violations,
        anomalies=[
            anomaly_row(point, tags[point.tag], values, now, of_part=part is not None)
            for point in values.anomalies
        ],
        events=values.events,
        totals=totals(),
        problems=words.problem_lines(health.problems, health.since, now),
        notices=health.refused.notices,
        learning=health.learning,
        fed_by=values.fed_by,
        confirmed=health.confirmed,
        simulated=simulated_tags(shown.used),
        definitions=digest_of(tags, shown.unused),
        query=query,
        saved=saved,
        views=read_views(),
        has_sources=has_sources(),
    )


def anomaly_row(
    point: Point, tag: TagDefinition, values: TagValues, now: datetime, *, of_part: bool
) -> AnomalyRow:
    """Return the row of an anomaly.

    If the page has a part of the tags (``of_part``), the address names the tag, since the page may not show
    the tag otherwise.
    """
    number = values.formats[tag.name]
    return AnomalyRow(
        time=moment(point.timestamp, now),
        address=words.address_around(point.timestamp, point.id, tag.name if of_part else ""),
        tag=tag.name,
        name=words.name_parts(tag.shown_name),
        value=words.value_text(tag, number, point.value),
        unit=tag.unit,
        reason=words.reasons_text(values.reasons[point.id], number),
    )


def stale_after_s(tags: Iterable[TagDefinition]) -> int:
    """Return the seconds without readings after which the connection counts as stale.

    This is the longest such time of the active tags.
    """
    return max((tag.stale_after_s for tag in tags if tag.active), default=STALE_AFTER_S)
