"""The page of notifications: channels, people, schedules, routes, windows, and the log of messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from monitoring.access.callers import has_by_login
from monitoring.access.roles import ACKNOWLEDGE, MAINTAIN, SEE_NOTIFICATIONS, SET_UP_NOTIFICATIONS
from monitoring.dashboard.acts import may
from monitoring.dashboard.alarm_pages import cursor_of, cursor_text, id_of, page_of_alarms, shared, time_of
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.notification_forms import ChannelForm
from monitoring.models import Channel, Delivery, MaintenanceWindow, Person, Route, RouteStep, Schedule
from monitoring.notifications.channels.registry import KINDS
from monitoring.notifications.delivery_log import DeliverySelection, alarm_of, deliveries
from monitoring.notifications.duty import on_duty
from monitoring.notifications.push_subscribing import KIND as PUSH
from monitoring.notifications.reading import all_routes, all_schedules, failing_channels
from monitoring.notifications.routing import STANDARD, Way

LINES = 50
FILTERS = ("channel", "state", "kind", "from", "to")
FIRST_KIND = "email"
STATE_WORDS = {"waiting": "waits", "sending": "is being sent"}


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel in the list; ``mark`` is off, failing, verified or untried; ``test`` is of the last test."""

    channel: Channel
    kind: str
    mark: str
    since: Moment | None
    test: str


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A schedule with the person on duty now."""

    schedule: Schedule
    person: str
    until: Moment | None
    members: str
    is_reachable: bool = False


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A route in words."""

    route: Route
    matches: str
    steps: list[str]


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A maintenance window that lasts or comes."""

    window: MaintenanceWindow
    subject: str
    start: Moment
    end: Moment
    lasts: bool


@dataclass(frozen=True, slots=True)
class LogRow:
    """A delivery in words."""

    delivery: Delivery
    at: Moment
    subject: str
    state: str
    detail: str


@page_of_alarms
def notifications(request: HttpRequest) -> HttpResponse:
    """Show all to engineers; to others only failing channels and the switch for their own browser."""
    now = datetime.now(UTC)
    context = shared(request, now) | {
        "may_see": may(request, SEE_NOTIFICATIONS),
        "may_subscribe": may(request, ACKNOWLEDGE),
        "failing": [channel_row(row, "", now) for row in failing_channels()],
    }
    if context["may_see"]:
        context |= full_context(request, now)
    return render(request, "notifications/page.html", context)


def full_context(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return the part of the context for the role engineer."""
    channels = channel_rows(now)
    return {
        "may_set_up": may(request, SET_UP_NOTIFICATIONS),
        "may_maintain": may(request, MAINTAIN),
        "channels": channels,
        "kinds": [kind for name, kind in KINDS.items() if name != PUSH],
        "email": email_form(request) if not channels else None,
        "people": Person.objects.prefetch_related("channels"),
        "schedules": [duty_row(row, now) for row in all_schedules()],
        "routes": [route_row(row) for row in all_routes()],
        "standard_ways": [(str(priority), way_text(way)) for priority, way in STANDARD.items()],
        "windows": window_rows(now),
        "public_url": settings.FERMON_PUBLIC_URL,
        "has_mail_server": bool(settings.FERMON_SMTP),
        **log_context(request.GET.dict(), now),
    }


def email_form(request: HttpRequest) -> ChannelForm | None:
    """Return the form for the first address; None without the right to set up notifications."""
    if not may(request, SET_UP_NOTIFICATIONS):
        return None
    is_trusted = has_by_login(request, SET_UP_NOTIFICATIONS)
    return ChannelForm(kind=KINDS[FIRST_KIND], channel=None, is_trusted=is_trusted)


def channel_rows(now: datetime) -> list[ChannelRow]:
    """Return the channels, each with its last test in words."""
    rows = list(Channel.objects.select_related("person").order_by("person__name", "position", "pk"))
    newest = Delivery.objects.filter(kind="test").values("channel").annotate(last=Max("pk")).values("last")
    tests = {row.channel_id: row for row in Delivery.objects.filter(pk__in=newest).select_related("attempt")}
    return [channel_row(row, test_text(tests.get(row.pk), row, now), now) for row in rows]


def channel_row(row: Channel, test: str, now: datetime) -> ChannelRow:
    """Return the channel as a row."""
    kind = KINDS.get(row.kind)
    mark, since = "untried", None
    if not row.is_enabled:
        mark = "off"
    elif row.failing_since is not None:
        mark, since = "failing", moment(row.failing_since, now)
    elif row.verified_at is not None:
        mark, since = "verified", moment(row.verified_at, now)
    return ChannelRow(row, kind.label if kind else row.kind, mark, since, test)


def test_text(test: Delivery | None, channel: Channel, now: datetime) -> str:
    """Return how the last test went; empty without one, or once the channel is verified by it."""
    if test is None or (channel.verified_at is not None and channel.verified_at > test.created_at):
        return ""
    at = moment(test.created_at, now).text
    if test.state == "sent":
        how = "open its link" if settings.FERMON_PUBLIC_URL else "look whether it has arrived"
        return f"Test of {at} sent: {how}."
    if test.state in STATE_WORDS:
        return f"Test of {at} {STATE_WORDS[test.state]}."
    detail = test.attempt.detail if test.attempt else ""
    return f"Test of {at} {test.state}: {detail or test.reason}"


def duty_row(row: Schedule, now: datetime) -> DutyRow:
    """Return the schedule with the person on duty."""
    duty = on_duty(row, now)
    members = ", ".join(member.person.name for member in row.members.all())
    if duty is None:
        return DutyRow(row, "", None, members)
    return DutyRow(row, duty.person.name, moment(duty.until, now), members, duty.is_reachable)


def route_row(row: Route) -> RouteRow:
    """Return the route in words."""
    parts = [row.priority, row.alarm_class, f"group {row.group}" if row.group else ""]
    return RouteRow(
        row, ", ".join(filter(None, parts)) or "all alarms", [step_text(each) for each in row.steps.all()]
    )


def way_text(way: Way) -> str:
    """Return a standard way in words, which notifies everybody at each step."""
    if way.digest_at:
        return f"everybody, in a digest at {' and '.join(at.isoformat('minutes') for at in way.digest_at)}"
    again = " and ".join(str(step.after_min) for step in way.steps[1:])
    parts = ["everybody at once", f"again after {again} min" if again else ""]
    if way.repeat_after_min:
        parts.append(f"then every {way.repeat_after_min} min until somebody acknowledges")
    return ", ".join(filter(None, parts))


def step_text(row: RouteStep) -> str:
    """Return a step in words, as "after 5 min: Anna"."""
    receiver = row.person or row.channel or (f"on duty: {row.schedule}" if row.schedule else "everybody")
    return f"after {row.after_min} min: {receiver}" if row.after_min else f"at once: {receiver}"


def window_rows(now: datetime) -> list[WindowRow]:
    """Return the windows that are not over, the next first."""
    rows = MaintenanceWindow.objects.filter(end__gt=now).select_related("tag").order_by("start", "pk")
    return [
        WindowRow(
            row,
            str(row.tag or row.group or "whole plant"),
            moment(row.start, now),
            moment(row.end, now),
            row.start <= now,
        )
        for row in rows
    ]


def log_context(query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return the log, newest first, in keyset pages; a filter that cannot be read is ignored."""
    page = deliveries(log_selection(query), limit=LINES, after=cursor_of(query))
    kept = {name: query[name] for name in FILTERS if query.get(name)}
    return {
        "lines": [log_row(row, now) for row in page.deliveries],
        "older": f"?{urlencode(kept | {'cursor': cursor_text(page.next)})}#log" if page.next else "",
        "is_first": "cursor" not in query,
        "query": query,
        "states": [name for name, _ in Delivery.STATES],
        "delivery_kinds": [name for name, _ in Delivery.KINDS],
    }


def log_selection(query: Mapping[str, str]) -> DeliverySelection:
    """Return the deliveries that the parameters select."""
    kinds, states = dict(Delivery.KINDS), dict(Delivery.STATES)
    return DeliverySelection(
        start=time_of(query.get("from", "")),
        end=time_of(query.get("to", "")),
        channel=id_of(query.get("channel", "")),
        kinds=[query["kind"]] if query.get("kind") in kinds else [],
        states=[query["state"]] if query.get("state") in states else [],
    )


def log_row(row: Delivery, now: datetime) -> LogRow:
    """Return a delivery as a line of the log."""
    parts = [row.reason, row.attempt.detail if row.attempt and row.state != "sent" else ""]
    if row.attempts > 1:
        parts.append(f"{row.attempts} attempts")
    if row.may_repeat:
        parts.append("may have come twice")
    return LogRow(
        row, moment(row.created_at, now), alarm_of(row) or "Test", row.state, "; ".join(filter(None, parts))
    )
