"""The values of the tags on a dashboard page: measurements, anomalies, events, alarms and sources."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.alarms.reading import PresentAlarm, alarms_of_tags
from monitoring.dashboard.events import Events, read_events
from monitoring.dashboard.states import outside_side
from monitoring.history.confirmed import ConfirmedSource, latest_confirmed, sources_by_tag
from monitoring.history.excursions import outside_since
from monitoring.history.measurements import Point, Reason, Selection, read_page, reasons_for
from monitoring.history.number_formats import read_formats
from monitoring.history.tags import latest_of, newest_anomalies
from monitoring.kernel.number_format import NumberFormat
from monitoring.kernel.tag_definition import TagDefinition

ANOMALY_ROWS = 20


@dataclass(frozen=True, slots=True)
class TagValues:
    """The values of the tags on a page, by tag; tags without such a value are left out.

    ``newest`` has measurements that are not ahead of time, ``newest_anomalies`` the times of anomalies,
    ``outside_since`` the starts of excursions beyond a limit, ``fed_by`` the sources of tags, ``confirmed``
    the times until which sources confirm values. ``anomalies`` and ``events`` are those of the lists beside
    the cards; ``reasons`` has the violations of all these measurements by id, ``formats`` those of the tags
    mentioned anywhere.
    """

    newest: Mapping[str, Point]
    newest_anomalies: Mapping[str, datetime]
    anomalies: Sequence[Point]
    events: Events
    reasons: Mapping[int, list[Reason]]
    formats: Mapping[str, NumberFormat]
    alarms: Mapping[str, PresentAlarm]
    outside_since: Mapping[str, datetime]
    fed_by: Mapping[str, Sequence[str]]
    confirmed: Mapping[str, datetime]

    @property
    def latest(self) -> list[Point]:
        """Return the newest measurements in the order of the cards."""
        return list(self.newest.values())

    @property
    def violations(self) -> dict[int, list[Reason]]:
        """Return the violations of the newest measurements, by id."""
        return {point.id: self.reasons[point.id] for point in self.latest if point.is_anomaly}

    def known_until(self, newest: datetime | None) -> datetime | None:
        """Return until when values are known: ``newest`` or a later confirmation; None without a value."""
        return newest and max([newest, *self.confirmed.values()])


def read_values(
    tags: Mapping[str, TagDefinition],
    names: Sequence[str],
    sources: Collection[ConfirmedSource],
    now: datetime,
    *,
    is_part: bool,
) -> TagValues:
    """Return the values of the tags ``names``, with a number of queries that is independent of their number.

    ``sources`` confirm values. Events are those of all tags, or of ``names`` if these are a part of the tags
    (``is_part``).
    """
    found, anomalous = latest_of(names, now), newest_anomalies(names, now)
    newest = {name: found[name] for name in names if name in found}
    anomalies = read_page(Selection(anomalies_only=True), limit=ANOMALY_ROWS).points
    events = read_events(tags, names if is_part else None)
    reasons = reasons_for([*anomalies, *(point for point in newest.values() if point.is_anomaly)])
    mentioned = [*names, *(point.tag for point in anomalies), *(event.tag for event in events.all)]
    formats = read_formats(tags[name] for name in mentioned if name in tags)
    alarms, since = alarms_of_tags(names), excursions(tags, newest.values(), now)
    fed_by = sources_by_tag()
    return TagValues(
        newest=newest,
        newest_anomalies=anomalous,
        anomalies=anomalies,
        events=events,
        reasons=reasons,
        formats=formats,
        alarms=alarms,
        outside_since=since,
        fed_by={name: fed_by[name] for name in names if name in fed_by},
        confirmed=latest_confirmed(names, sources, fed_by),
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
