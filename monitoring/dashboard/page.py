"""What the page shows when it is first painted: the same values that the scripts then keep up to date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db import Error as DatabaseError

from monitoring.dashboard import words
from monitoring.domain.clock import iso_utc
from monitoring.domain.tags import TagDefinition
from monitoring.ingest import dead_letters
from monitoring.ingest.tags import last_known_definitions, tag_definitions
from monitoring.queries.health import STALE_S, Health, check_health
from monitoring.queries.series import Point, Reason, Selection, read_page, reasons_for
from monitoring.queries.stats import Totals, totals
from monitoring.queries.tags import latest, raw_from

ANOMALY_ROWS = 20


@dataclass(frozen=True, slots=True)
class Moment:
    """A time for a person and, as ``iso``, for the script that puts it into the viewer's zone."""

    iso: str
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """One tag: its newest value, and ``state`` as a key of CARD_WORDS."""

    tag: TagDefinition
    digits: float
    limits: str
    value: str
    state: str
    word: str
    detail: str
    time: Moment | None


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
    anomalies: list[AnomalyRow] = field(default_factory=list)
    totals: Totals | None = None
    problems: tuple[str, ...] = ()
    since: datetime | None = None
    notices: tuple[str, ...] = ()


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
        cards = [card_of(tag, None, [], now) for tag in tags.values() if tag.active]
        link = Link("database", words.LINK_WORDS["database"])
        return Page(now, tags, link, cards, problems=health.problems, since=health.since)


def read_page_at(now: datetime, health: Health) -> Page:
    """The page from the database."""
    tags = tag_definitions()
    newest = {tag.name: latest(tag.name) for tag in tags.values() if tag.active}
    anomalies = read_page(Selection(anomalies_only=True), limit=ANOMALY_ROWS).points
    known = [point for point in newest.values() if point is not None]
    reasons = reasons_for([*anomalies, *(point for point in known if point.is_anomaly)])
    cards = [
        card_of(tags[name], point, reasons.get(point.id, []) if point else [], now)
        for name, point in newest.items()
    ]
    return Page(
        now=now,
        tags=tags,
        link=link_of(max((point.timestamp for point in known), default=None), now),
        cards=cards,
        latest=known,
        raw_from=raw_from(),
        anomalies=[anomaly_row(point, tags[point.tag], reasons[point.id], now) for point in anomalies],
        totals=totals(),
        problems=health.problems,
        since=health.since,
        notices=health.refused.notices,
    )


def card_of(tag: TagDefinition, newest: Point | None, reasons: list[Reason], now: datetime) -> Card:
    """The tag with its newest measurement, if it has any."""
    decimals = words.decimals_for(tag)
    state, detail, time = "empty", "", None
    if newest is not None:
        state, time = "normal", moment(newest.timestamp, now)
        if age_s(newest.timestamp, now) > STALE_S:
            state, detail = "stale", f"no reading since {time.text}"
        elif newest.is_anomaly:
            state, detail = "anomaly", words.reasons_text(reasons, decimals)
    return Card(
        tag=tag,
        digits=words.digits_for(tag),
        limits=words.limits_text(tag),
        value=f"{newest.value:.{decimals}f}" if newest else "–",
        state=state,
        word=words.CARD_WORDS[state],
        detail=detail,
        time=time,
    )


def anomaly_row(point: Point, tag: TagDefinition, reasons: list[Reason], now: datetime) -> AnomalyRow:
    """The anomaly in words."""
    decimals = words.decimals_for(tag)
    return AnomalyRow(
        time=moment(point.timestamp, now),
        address=words.address_around(point.timestamp),
        tag=tag.name,
        value=f"{point.value:.{decimals}f}",
        unit=tag.unit,
        reason=words.reasons_text(reasons, decimals),
    )


def link_of(newest: datetime | None, now: datetime) -> Link:
    """Whether data comes, by the newest measurement of all tags."""
    if newest is None:
        return Link("empty", words.LINK_WORDS["empty"])
    age = age_s(newest, now)
    if age > STALE_S:
        since = words.moment_text(newest, now)
        return Link("stale", words.LINK_WORDS["stale"], f"no new reading since {since}")
    return Link("live", words.LINK_WORDS["live"], f"last reading {age:.0f} s ago")


def age_s(time: datetime, now: datetime) -> float:
    """Seconds from then to now; 0 for a source whose clock is ahead."""
    return max(0.0, (now - time).total_seconds())


def moment(time: datetime, now: datetime) -> Moment:
    """The time for the page."""
    return Moment(iso_utc(time), words.moment_text(time, now))
