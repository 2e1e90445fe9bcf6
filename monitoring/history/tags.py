"""Tags and their newest values."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from monitoring.archive.presence import is_used
from monitoring.history.ahead import not_ahead
from monitoring.history.measurements import Point, Selection, point_of, read_page
from monitoring.kernel.source_clock import latest_plausible
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import Event, Measurement, Series, Tag

# SQLite reads the tables of a CROSS JOIN in the given order: few rows of series, then measurements.
NEWEST_ANOMALOUS = """
    SELECT tags.name, measurements.value
    FROM series CROSS JOIN measurements CROSS JOIN tags
    WHERE measurements.tag = series.tag AND measurements.timestamp = series.last
      AND measurements.is_anomaly AND tags.id = series.tag AND tags.active
"""


def active_tags() -> list[TagDefinition]:
    """Return the tags in use, in order of creation."""
    return [tag.definition() for tag in Tag.objects.filter(active=True)]


def active_names() -> list[str]:
    """Return the names of the tags in use, in order of creation."""
    return list(Tag.objects.filter(active=True).values_list("name", flat=True))


def units_of(names: Collection[str]) -> dict[str, str]:
    """Return the units by tag; of all tags if there are no names."""
    rows = Tag.objects.filter(name__in=list(names)) if names else Tag.objects.all()
    return dict(rows.values_list("name", "unit"))


def definitions_of(names: Collection[str]) -> list[TagDefinition]:
    """Return the definitions of the tags that exist, in the order of the names."""
    found = {tag.name: tag.definition() for tag in Tag.objects.filter(name__in=list(names))}
    return [found[name] for name in names if name in found]


def find_tag(name: str) -> TagDefinition | None:
    """Return the tag of this name, active or not; None if the tag does not exist."""
    tag = Tag.objects.filter(name=name).first()
    return tag.definition() if tag else None


def latest(name: str, now: datetime) -> Point | None:
    """Return the tag's newest measurement that is not ahead of time; None before the first."""
    points = read_page(Selection((name,), end=latest_plausible(now)), limit=1).points
    return points[0] if points else None


def latest_of(names: Collection[str], now: datetime) -> dict[str, Point]:
    """Return each tag's newest measurement that is not ahead of time.

    Tags without such a measurement are left out.
    """
    rows = not_ahead(Measurement.objects.filter(tag=OuterRef("pk")), now)
    newest = rows.order_by("-timestamp").values("id")[:1]
    ids = named(names).annotate(newest=Subquery(newest)).values_list("newest", flat=True)
    rows = Measurement.objects.select_related("tag").filter(id__in=[row for row in ids if row is not None])
    found = {row.tag.name: point_of(row) for row in rows}
    for name in perhaps_newer(names, {name: point.timestamp for name, point in found.items()}):
        if (point := latest(name, now)) is not None:
            found[name] = point
    return found


def perhaps_newer(names: Collection[str], found: Mapping[str, datetime]) -> list[str]:
    """Return which of the tags may have archived measurements newer than those found in the database."""
    if not is_used():
        return []
    archived = Series.objects.filter(archived_until__isnull=False, tag__name__in=list(names))
    return [
        name
        for name, until in archived.values_list("tag__name", "archived_until")
        if until is not None and (name not in found or found[name] < until)
    ]


def last_points(now: datetime) -> tuple[dict[str, datetime], dict[str, float]]:
    """Return the times of the newest measurements by tag, and the values of those that are anomalies.

    Measurements ahead of time do not count. Tags without measurements are left out. The data comes
    from ``series``, except for the few tags with measurements ahead of time.
    """
    found = Series.objects.filter(tag__active=True).values_list("tag__name", "last")
    last = {name: moment for name, moment in found if moment is not None}
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_ANOMALOUS)
        anomalous = dict(cursor.fetchall())
    ahead = [name for name, moment in last.items() if moment > latest_plausible(now)]
    points = latest_of(ahead, now) if ahead else {}
    for name in ahead:
        del last[name]
        anomalous.pop(name, None)
    last |= {name: point.timestamp for name, point in points.items()}
    return last, anomalous | {name: point.value for name, point in points.items() if point.is_anomaly}


def tags_in_event() -> set[str]:
    """Return the tags in use that have an open event."""
    lasting = Event.objects.filter(end=None, tag__active=True).order_by()
    return set(lasting.values_list("tag__name", flat=True).distinct())


def tag_names() -> list[str]:
    """Return the names of all tags, active or not."""
    return list(Tag.objects.values_list("name", flat=True))


def known_of(names: Collection[str]) -> set[str]:
    """Return the names that belong to tags, active or not."""
    return set(named(names).values_list("name", flat=True))


def named(names: Collection[str]) -> QuerySet[Tag]:
    """Return the tags of these names."""
    return Tag.objects.filter(name__in=list(names))


def newest_anomalies(names: Collection[str], now: datetime) -> dict[str, datetime]:
    """Return the time of each tag's newest anomaly that is not ahead of time.

    Tags without such an anomaly are left out.
    """
    rows = not_ahead(Measurement.objects.filter(tag=OuterRef("pk"), is_anomaly=True), now)
    newest = rows.order_by("-timestamp")
    found = named(names).annotate(newest=Subquery(newest.values("timestamp")[:1]))
    moments = {name: moment for name, moment in found.values_list("name", "newest") if moment is not None}
    for name in perhaps_newer(names, moments):
        anomalies = Selection((name,), end=latest_plausible(now), anomalies_only=True)
        moments.update((point.tag, point.timestamp) for point in read_page(anomalies, limit=1).points)
    return moments


def raw_from(names: Collection[str]) -> dict[str, datetime]:
    """Return the time from which measurements are retained, by tag.

    Tags without deleted measurements are left out.
    """
    kept = Series.objects.filter(raw_from__isnull=False, tag__name__in=list(names)).values_list(
        "tag__name", "raw_from"
    )
    return {name: moment for name, moment in kept if moment is not None}
