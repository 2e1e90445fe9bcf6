"""What is known of the tags."""

from datetime import datetime

from django.db.models import OuterRef, Subquery

from monitoring.domain.tags import TagDefinition
from monitoring.models import Measurement, Series, Tag
from monitoring.queries.series import Point, point_of


def active_tags() -> list[TagDefinition]:
    """The tags in use, in the order in which they were made."""
    return [tag.definition() for tag in Tag.objects.filter(active=True)]


def find_tag(name: str) -> TagDefinition | None:
    """The tag of this name, active or not; None if there is none."""
    tag = Tag.objects.filter(name=name).first()
    return tag.definition() if tag else None


def latest(name: str) -> Point | None:
    """The tag's newest measurement; None before the first."""
    row = Measurement.objects.select_related("tag").filter(tag__name=name).order_by("-timestamp").first()
    return point_of(row) if row else None


def tag_names() -> list[str]:
    """Every tag's name, active or not."""
    return list(Tag.objects.values_list("name", flat=True))


def newest_anomalies() -> dict[str, datetime]:
    """When each tag's newest anomaly was measured; without those that have none."""
    newest = Measurement.objects.filter(tag=OuterRef("pk"), is_anomaly=True).order_by("-timestamp")
    found = Tag.objects.annotate(newest=Subquery(newest.values("timestamp")[:1]))
    return {name: moment for name, moment in found.values_list("name", "newest") if moment is not None}


def raw_from() -> dict[str, datetime]:
    """Since when measurements are kept, by tag; without those of which all are."""
    kept = Series.objects.filter(raw_from__isnull=False).values_list("tag__name", "raw_from")
    return {name: moment for name, moment in kept if moment is not None}
