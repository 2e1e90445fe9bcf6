"""The alarm bar: counts by priority and the newest alarm that waits for a person, on every page."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitoring.access.pages import AWAY
from monitoring.access.roles import ACKNOWLEDGE, CONFIGURE, IMPORT, NOTE, READ, SHELVE, allows
from monitoring.alarms.kinds import Priority
from monitoring.alarms.reading import (
    AlarmCounts,
    AlarmSelection,
    PresentAlarm,
    alarms_by_key,
    alarms_of_tags,
    newest_revision,
    read_counts,
    worst_keys,
)
from monitoring.dashboard.acts import may
from monitoring.dashboard.alarm_words import BAR_WORDS, alarm_line, texts_for_scripts
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.tag_page import MOST_CARDS
from monitoring.kernel.clock import iso_or_none, iso_utc
from monitoring.models import Vessel
from monitoring.notifications.reading import failing_channels

# Alarms that the scripts get: of each tag the most urgent one.
MOST_ALARMS = 400
STRIP = 5  # alarms on a wall screen's strip


@dataclass(frozen=True, slots=True)
class PriorityCount:
    """The numbers of unacknowledged and of active alarms of a priority."""

    priority: str
    unseen: int
    active: int


@dataclass(frozen=True, slots=True)
class AlarmBar:
    """The content of the bar as of ``now``. ``counts`` is None while the database is away.

    ``alarms`` has the most urgent alarm of each tag, cut in a flood; ``of_tags`` those of requested tags.
    """

    now: datetime
    counts: AlarmCounts | None = None
    alarms: list[PresentAlarm] = field(default_factory=list)
    of_tags: list[PresentAlarm] = field(default_factory=list)
    is_cut: bool = False
    failing_channels: int = 0

    @property
    def failing_text(self) -> str:
        """Return that channels of notifications fail; empty if none does."""
        return failing_text(self.failing_channels)

    @property
    def priorities(self) -> list[PriorityCount]:
        """Return the counts by priority, the highest first."""
        unseen = self.counts.unseen if self.counts else {}
        active = self.counts.active if self.counts else {}
        return [PriorityCount(str(each), unseen.get(each, 0), active.get(each, 0)) for each in Priority]

    @property
    def unseen(self) -> int:
        """Return the number of alarms that nobody has acknowledged."""
        return sum(each.unseen for each in self.priorities)

    @property
    def newest(self) -> PresentAlarm | None:
        """Return the newest alarm that nobody has acknowledged."""
        return self.counts.newest if self.counts else None

    @property
    def newest_text(self) -> str:
        """Return the newest alarm that nobody has acknowledged as a line, or why there is none."""
        return alarm_line(self.newest) if self.newest else BAR_WORDS["none" if self.counts else "unknown"]

    @property
    def strip_text(self) -> str:
        """Return the text of the strip without alarms."""
        return BAR_WORDS["noAlarm" if self.counts else "unknownAlarms"]

    @property
    def newest_at(self) -> Moment | None:
        """Return the time at which the newest alarm became active."""
        at = self.newest.active_at if self.newest else None
        return moment(at, self.now) if at else None

    @property
    def top(self) -> list[PresentAlarm]:
        """Return the most urgent alarms for a wall screen."""
        return self.alarms[:STRIP]

    def as_json(self) -> dict[str, Any]:
        """Return the content for the scripts."""
        counts = self.counts
        return {
            "now": iso_utc(self.now),
            "revision": counts.revision if counts else None,
            "unacknowledged": counts.unseen if counts else None,
            "shelved": counts.shelved if counts else 0,
            "suppressed": counts.suppressed if counts else 0,
            "newest": brief_json(counts.newest) if counts and counts.newest else None,
            "alarms": [brief_json(alarm) for alarm in self.alarms],
            "ofTags": [brief_json(alarm) for alarm in self.of_tags],
            "isCut": self.is_cut,
            "failing": self.failing_text,
        }


def brief_json(alarm: PresentAlarm) -> dict[str, Any]:
    """Return the part of an alarm that the pages' scripts show: values as in ``/alarms``, and texts."""
    return {
        "id": alarm.id,
        "occurrence": alarm.occurrence,
        "tag": alarm.tag or None,
        "name": alarm.name,
        "kind": alarm.kind,
        "title": alarm.title,
        "condition": alarm.condition,
        "priority": alarm.priority,
        "state": alarm.state,
        "active": alarm.is_active,
        "acknowledged": alarm.is_acknowledged,
        "active_at": iso_or_none(alarm.active_at),
        "cleared_at": iso_or_none(alarm.cleared_at),
        **texts_for_scripts(alarm),
    }


def read_bar(tags: Collection[str] = ()) -> AlarmBar:
    """Return the content of the bar; without counts while the database is away.

    If the list is cut, add the alarms of these tags that the list leaves out.
    """
    now = datetime.now(UTC)
    try:
        counts = read_counts()
        keys = worst_keys(AlarmSelection())
        alarms = alarms_by_key(keys[:MOST_ALARMS])
        is_cut = len(keys) > MOST_ALARMS
        listed = {alarm.tag for alarm in alarms}
        missing = [tag for tag in tags if tag not in listed] if is_cut else []
        of_tags = list(alarms_of_tags(missing).values())
        failing = failing_channels().count()
    except DatabaseError:
        return AlarmBar(now)
    return AlarmBar(now, counts, alarms, of_tags, is_cut, failing)


def failing_text(channels: int) -> str:
    """Return that so many channels of notifications fail; empty if none does."""
    return f"{channels} channel{'' if channels == 1 else 's'} failing" if channels else ""


def alarm_bar(request: HttpRequest) -> dict[str, Any]:
    """Add the alarm bar and the link to the admin to the context of templates; nothing is read before use."""
    return {
        "alarm_bar": SimpleLazyObject(lambda: read_bar() if may(request, READ) else None),
        "alarm_settings": lambda: for_scripts(request),
        "may_enter_admin": lambda: may_enter_admin(request),
        "may_import": lambda: may(request, IMPORT),
        "has_vessels": has_vessels,
    }


def has_vessels() -> bool:
    """Return whether there is a vessel: the navigation then begins with the vessels."""
    try:
        return Vessel.objects.exists()
    except DatabaseError:
        return False


def may_enter_admin(request: HttpRequest) -> bool:
    """Return whether the pages link to the admin: not for a signed-in user that the admin would refuse."""
    try:
        user = request.user
        return not user.is_authenticated or user.is_staff or allows(user, CONFIGURE)
    except (AttributeError, DatabaseError):
        return True


def for_scripts(request: HttpRequest) -> dict[str, Any]:
    """Return the rights and addresses for the scripts of the bar.

    Without a login there is no session to protect, so no CSRF token is needed.
    """
    try:
        is_signed_in = request.user.is_authenticated
    except (AttributeError, DatabaseError):
        is_signed_in = False
    return {
        "url": reverse("alarms-present"),
        "list": reverse("alarms"),
        "notes": reverse("notes"),
        "mayAcknowledge": may(request, ACKNOWLEDGE),
        "mayShelve": may(request, SHELVE),
        "mayNote": may(request, NOTE),
        "isSignedIn": is_signed_in,
        "csrf": get_token(request) if is_signed_in else "",
        "priorities": [str(priority) for priority in Priority],
        "words": BAR_WORDS,
    }


@never_cache
@require_safe
def present_alarms(request: HttpRequest) -> JsonResponse:
    """Return the content of the bar as JSON; without alarms if the page has this ``revision``.

    Each ``tag`` parameter is a tag on the page.
    """
    try:
        revision = newest_revision()
        if request.GET.get("revision") == str(revision):
            return JsonResponse({"revision": revision, "failing": failing_text(failing_channels().count())})
    except DatabaseError:
        return JsonResponse({"detail": AWAY}, status=503)
    bar = read_bar(request.GET.getlist("tag")[:MOST_CARDS])
    if bar.counts is None:
        return JsonResponse({"detail": AWAY}, status=503)
    return JsonResponse(bar.as_json())
