"""What the page shows when it is first painted: the same values that the scripts then keep up to date."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db import Error as DatabaseError

from monitoring.dashboard import words
from monitoring.dashboard.events import Events, read_events
from monitoring.dashboard.moments import Moment, age_s, moment
from monitoring.dashboard.states import state_of
from monitoring.domain.tags import STALE_AFTER_S, TagDefinition
from monitoring.ingest import dead_letters
from monitoring.ingest.tags import last_known_definitions, tag_definitions
from monitoring.queries.events import StoredEvent
from monitoring.queries.health import Health, check_health
from monitoring.queries.series import Point, Reason, Selection, read_page, reasons_for
from monitoring.queries.stats import Totals, totals
from monitoring.queries.tags import latest, newest_anomalies, raw_from

ANOMALY_ROWS = 20


@dataclass(frozen=True, slots=True)
class Card:
    """One tag: its newest value, and ``state`` as a key of CARD_WORDS, which ``word`` names.

    ``group`` is the heading that it stands under, ``lasting`` for how long it has been in its state,
    ``urgency`` how much it needs a person: 0 is not at all.
    """

    tag: TagDefinition
    group: str
    digits: float
    limits: str
    value: str
    state: str
    word: str
    lasting: str
    detail: str
    time: Moment | None
    urgency: int


@dataclass(frozen=True, slots=True)
class Group:
    """The cards under one heading; ``name`` is empty where no tag has a group."""

    name: str
    cards: list[Card]


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """One of the recent anomalies; ``address`` shows it among the measurements around it."""

    time: Moment
    address: str
    tag: str
    value: str
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """Whether data comes; ``state`` is a key of LINK_WORDS."""

    state: str
    word: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """All of the page that comes from the database, as it was at ``now``."""

    now: datetime
    tags: Mapping[str, TagDefinition]
    link: Link
    cards: list[Card]
    latest: list[Point] = field(default_factory=list)
    raw_from: Mapping[str, datetime] = field(default_factory=dict)
    newest_anomalies: Mapping[str, datetime] = field(default_factory=dict)
    anomalies: list[AnomalyRow] = field(default_factory=list)
    events: Events = field(default_factory=Events)
    totals: Totals | None = None
    problems: tuple[str, ...] = ()
    since: datetime | None = None
    notices: tuple[str, ...] = ()

    @property
    def group_names(self) -> list[str]:
        """The headings in the order of their first tags, "Other" last."""
        names = dict.fromkeys(card.group for card in self.cards)
        return sorted(names, key=lambda name: name == words.OTHER_GROUP)

    @property
    def groups(self) -> list[Group]:
        """The cards by group; groups and cards that need a person come first."""
        groups = [
            Group(name, urgent_first(card for card in self.cards if card.group == name))
            for name in self.group_names
        ]
        return sorted(groups, key=lambda group: -group.cards[0].urgency)


def urgent_first(cards: Iterable[Card]) -> list[Card]:
    """The cards that need a person most before the others, otherwise as they were."""
    return sorted(cards, key=lambda card: -card.urgency)


def groups_of(tags: Iterable[TagDefinition]) -> dict[str, str]:
    """The heading of each tag, by its name: its group, or "Other"; empty if none of them has a group."""
    grouped = list(tags)
    other = words.OTHER_GROUP if any(tag.group for tag in grouped) else ""
    return {tag.name: tag.group or other for tag in grouped}


def read_dashboard() -> Page:
    """The page now; while the database is away, what can be said without it."""
    health = check_health(
        simulator_on=settings.FERMON_SIMULATOR,
        dead_letters=dead_letters.pending_count(),
        waiting_since=dead_letters.pending_since(),
        queued=int,
    )
    now = datetime.now(UTC)
    try:
        return read_page_at(now, health)
    except DatabaseError:
        tags = last_known_definitions() or {}
        groups = groups_of(tag for tag in tags.values() if tag.active)
        cards = [card_of(tags[name], None, now, group=group) for name, group in groups.items()]
        link = Link("database", words.LINK_WORDS["database"])
        return Page(now, tags, link, cards, problems=health.problems, since=health.since)


def read_page_at(now: datetime, health: Health) -> Page:
    """The page from the database."""
    tags = tag_definitions()
    groups = groups_of(tag for tag in tags.values() if tag.active)
    newest = {name: latest(name) for name in groups}
    anomalous = newest_anomalies()
    anomalies = read_page(Selection(anomalies_only=True), limit=ANOMALY_ROWS).points
    events = read_events(tags)
    known = [point for point in newest.values() if point is not None]
    reasons = reasons_for([*anomalies, *(point for point in known if point.is_anomaly)])
    cards = [
        card_of(
            tags[name],
            point,
            now,
            group=groups[name],
            reasons=reasons.get(point.id, []) if point else [],
            events=events.open_of(name),
            normal_since=anomalous.get(name),
        )
        for name, point in newest.items()
    ]
    return Page(
        now=now,
        tags=tags,
        link=link_of(known, stale_after_s(tags.values()), now),
        cards=cards,
        latest=known,
        raw_from=raw_from(),
        newest_anomalies=anomalous,
        anomalies=[anomaly_row(point, tags[point.tag], reasons[point.id], now) for point in anomalies],
        events=events,
        totals=totals(),
        problems=health.problems,
        since=health.since,
        notices=health.refused.notices,
    )


def card_of(
    tag: TagDefinition,
    newest: Point | None,
    now: datetime,
    *,
    group: str = "",
    reasons: list[Reason] | None = None,
    events: Sequence[StoredEvent] = (),
    normal_since: datetime | None = None,
) -> Card:
    """The tag with its newest measurement, if it has any.

    ``events`` are those that last, which began last first; ``normal_since`` is when its newest anomaly was.
    """
    decimals = words.decimals_for(tag)
    found = state_of(tag, newest, now, words.reasons_texts(reasons or [], decimals), events)
    since = normal_since if found.state == "normal" else found.since
    return Card(
        tag=tag,
        group=group,
        digits=words.digits_for(tag),
        limits=words.limits_text(tag),
        value=f"{newest.value:.{decimals}f}" if newest else "–",
        state=found.state,
        word=found.word or words.CARD_WORDS[found.state],
        lasting=f"for {words.duration_text(age_s(since, now))}{':' if found.detail else ''}" if since else "",
        detail=found.detail,
        time=moment(newest.timestamp, now) if newest else None,
        urgency=found.urgency,
    )


def anomaly_row(point: Point, tag: TagDefinition, reasons: list[Reason], now: datetime) -> AnomalyRow:
    """The anomaly in words."""
    decimals = words.decimals_for(tag)
    return AnomalyRow(
        time=moment(point.timestamp, now),
        address=words.address_around(point.timestamp, point.id),
        tag=tag.name,
        value=f"{point.value:.{decimals}f}",
        unit=tag.unit,
        reason=words.reasons_text(reasons, decimals),
    )


def stale_after_s(tags: Iterable[TagDefinition]) -> int:
    """After how many seconds without any reading no tag's data comes: the longest that one of them has."""
    return max((tag.stale_after_s for tag in tags if tag.active), default=STALE_AFTER_S)


def link_of(known: Iterable[Point], stale_after_s: int, now: datetime) -> Link:
    """Whether data comes, by the newest measurement of all tags."""
    newest = max((point.timestamp for point in known), default=None)
    if newest is None:
        return Link("empty", words.LINK_WORDS["empty"])
    age = age_s(newest, now)
    if age > stale_after_s:
        since = words.moment_text(newest, now)
        return Link("stale", words.LINK_WORDS["stale"], f"no new reading since {since}")
    return Link("live", words.LINK_WORDS["live"], f"last reading {age:.0f} s ago")
