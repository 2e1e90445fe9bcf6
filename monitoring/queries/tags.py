"""What is known of the tags."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from monitoring.domain.tags import TagDefinition
from monitoring.models import Event, Measurement, Series, Tag
from monitoring.queries.series import Point, point_of

# From the few rows of one table into the many of the other: SQLite takes a cross join's tables in this order.
NEWEST_ANOMALOUS = """
    SELECT tags.name, measurements.value
    FROM series CROSS JOIN measurements CROSS JOIN tags
    WHERE measurements.tag = series.tag AND measurements.timestamp = series.last
      AND measurements.is_anomaly AND tags.id = series.tag AND tags.active
"""


def active_tags() -> list[TagDefinition]:
    """The tags in use, in the order in which they were made."""
    return [tag.definition() for tag in Tag.objects.filter(active=True)]


def active_names() -> list[str]:
    """The names of the tags in use, in the order in which they were made."""
    return list(Tag.objects.filter(active=True).values_list("name", flat=True))


def find_tag(name: str) -> TagDefinition | None:
    """The tag of this name, active or not; None if there is none."""
    tag = Tag.objects.filter(name=name).first()
    return tag.definition() if tag else None


def latest(name: str) -> Point | None:
    """The tag's newest measurement; None before the first."""
    row = Measurement.objects.select_related("tag").filter(tag__name=name).order_by("-timestamp").first()
    return point_of(row) if row else None


def latest_of(names: Collection[str]) -> dict[str, Point]:
    """The newest measurement of each of these tags; without those that have none."""
    newest = Measurement.objects.filter(tag=OuterRef("pk")).order_by("-timestamp").values("id")[:1]
    ids = named(names).annotate(newest=Subquery(newest)).values_list("newest", flat=True)
    rows = Measurement.objects.select_related("tag").filter(id__in=[row for row in ids if row is not None])
    return {row.tag.name: point_of(row) for row in rows}


def last_measured() -> dict[str, datetime]:
    """When each tag in use was measured last; without those that never were."""
    found = Series.objects.filter(tag__active=True).values_list("tag__name", "last")
    return {name: moment for name, moment in found if moment is not None}


def anomalous_values() -> dict[str, float]:
    """The newest value of each tag in use, where that is an anomaly."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_ANOMALOUS)
        return dict(cursor.fetchall())


def tags_in_event() -> set[str]:
    """The tags in use that have an event that lasts."""
    lasting = Event.objects.filter(end=None, tag__active=True).order_by()
    return set(lasting.values_list("tag__name", flat=True).distinct())


def tag_names() -> list[str]:
    """Every tag's name, active or not."""
    return list(Tag.objects.values_list("name", flat=True))


def known_of(names: Collection[str]) -> set[str]:
    """Those of the names that are tags', active or not."""
    return set(named(names).values_list("name", flat=True))


def named(names: Collection[str]) -> QuerySet[Tag]:
    """The tags of these names."""
    return Tag.objects.filter(name__in=list(names))


def newest_anomalies(names: Collection[str]) -> dict[str, datetime]:
    """When the newest anomaly of each of these tags was measured; without those that have none."""
    newest = Measurement.objects.filter(tag=OuterRef("pk"), is_anomaly=True).order_by("-timestamp")
    found = named(names).annotate(newest=Subquery(newest.values("timestamp")[:1]))
    return {name: moment for name, moment in found.values_list("name", "newest") if moment is not None}


def raw_from(names: Collection[str]) -> dict[str, datetime]:
    """Since when measurements of these tags are kept, by tag; without those of which all are."""
    kept = Series.objects.filter(raw_from__isnull=False, tag__name__in=list(names)).values_list(
        "tag__name", "raw_from"
    )
    return {name: moment for name, moment in kept if moment is not None}
