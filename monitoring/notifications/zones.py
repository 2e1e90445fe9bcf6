"""Time zones by name."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of an IANA name such as Europe/Berlin; the plant's for an empty or unknown name."""
    try:
        return ZoneInfo(name or settings.FERMON_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.FERMON_TIME_ZONE)
