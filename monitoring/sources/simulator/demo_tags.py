"""Demonstration tags: which of them show simulated data, and which hold nothing else and leave the page."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from monitoring.history.measurements import Selection, read_page
from monitoring.kernel.lease_names import SIMULATOR
from monitoring.kernel.tag_definition import DEFAULT_TAGS, TagDefinition
from monitoring.models import Lease, Tag
from monitoring.sources.simulator.vessel.channels import NAMES, VESSEL

DEMO_NAMES = frozenset([*(tag.definition.name for tag in DEFAULT_TAGS), *NAMES])
LOOKED_AT = 50  # measurements at each end of a tag


def simulated_tags(tags: Iterable[TagDefinition]) -> list[TagDefinition]:
    """Return the active tags that the simulator feeds now."""
    fed = fed_names()
    return [tag for tag in tags if tag.active and tag.name in fed]


def fed_names() -> frozenset[str]:
    """Return the demonstration tags that the settings let the simulator feed."""
    if not settings.FERMON_SIMULATOR:
        return frozenset()
    return DEMO_NAMES if settings.FERMON_DEMO_VESSEL else DEMO_NAMES - frozenset(NAMES)


def names_shown(tags: Iterable[TagDefinition]) -> list[str]:
    """Return the names of simulated tags for people; the vessel's name stands for its tags."""
    return list(dict.fromkeys(VESSEL if tag.name in NAMES else tag.shown_name for tag in tags))


def unused_names() -> frozenset[str]:
    """Return the demonstration tags that the simulator does not feed and that have no real measurement.

    Raises:
        django.db.Error: the database is unavailable.
    """
    left = DEMO_NAMES - fed_names()
    if not left:
        return left
    until = written_until()
    names = Tag.objects.filter(name__in=left).values_list("name", flat=True)
    return frozenset(name for name in names if not has_real(name, until))


def unused_vessels() -> frozenset[str]:
    """Return the name of the demo vessel, as long as all its tags are unused; else none.

    Raises:
        django.db.Error: the database is unavailable.
    """
    unused = unused_names() & frozenset(NAMES)
    kept = Tag.objects.filter(name__in=NAMES).exclude(name__in=unused).exists()
    return frozenset([VESSEL]) if unused and not kept else frozenset()


def has_real(name: str, until: datetime | None) -> bool:
    """Return whether the tag has a measurement that the simulator, which wrote ``until`` then, did not make.

    Simulated measurements lie on whole seconds. In doubt a measurement counts as real.
    """
    newest = read_page(Selection((name,)), limit=LOOKED_AT).points
    if newest and (until is None or newest[0].timestamp > until):
        return True
    oldest = read_page(Selection((name,)), limit=LOOKED_AT, ascending=True).points
    return any(point.timestamp.microsecond for point in (*newest, *oldest))


def simulated_share(names: Iterable[str], start: datetime | None) -> str:
    """Return "simulated", "partly-simulated" or "", for a file with data of these tags since ``start``.

    Without names, all tags are meant, of which some may be real.
    """
    chosen = set(names)
    until = written_until()
    if until is None or (start is not None and start > until) or (chosen and not chosen & DEMO_NAMES):
        return ""
    return "simulated" if chosen and chosen <= DEMO_NAMES else "partly-simulated"


def written_until() -> datetime | None:
    """Return the time up to which the simulator has written; None if it never has."""
    until: datetime | None = (
        Lease.objects.filter(source=SIMULATOR).values_list("written_until", flat=True).first()
    )
    return until
