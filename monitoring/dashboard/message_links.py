"""The pages that links in messages open: acknowledge an alarm, confirm a channel. The link is the right.

Opening a page changes nothing, since mail scanners open links and run scripts; a person presses a button.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature, TimestampSigner
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from monitoring.access.callers import address_of
from monitoring.access.pages import database_unavailable
from monitoring.access.responses import error_response
from monitoring.access.throttles import throttle_link
from monitoring.alarms.state_machine import NotAllowedError
from monitoring.alarms.wording import STATE_WORDS
from monitoring.dashboard import words
from monitoring.dashboard.alarm_pages import left_text, score_text, value_text
from monitoring.dashboard.moments import age_s, moment
from monitoring.dashboard.small_chart import draw_last_minutes
from monitoring.history.number_formats import read_formats
from monitoring.history.tags import find_tag, latest
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.number_format import NumberFormat
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.notifications.acknowledging import (
    LinkedAlarm,
    LinkError,
    acknowledge_by_link,
    comment_by_link,
    read_link,
)
from monitoring.notifications.confirming import confirm, read_confirmation

FORM_VALID_S = 3600
OLD_FORM = "This page was open for too long. Look at it again, then press the button."
SWITCHED_OFF = "Links in messages are switched off here. Sign in, and acknowledge on the page of alarms."
TOO_OFTEN = "Too many links were opened from your network. Try again in a minute."
LONGEST_COMMENT = 2_000
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
View = Callable[..., HttpResponse]


def page_of_link(view: View) -> Callable[..., HttpResponseBase]:
    """Make a view a page for everybody with the link, throttled by address.

    Django's CSRF check cannot be used: under ``no-referrer`` a browser sends "Origin: null" with a form, and
    the check refuses that. Nor is there a session to protect: anybody who knows the link may do the same
    without a browser. A signed field of the form proves in its place that the page was shown before.
    """

    @never_cache
    @csrf_exempt
    @login_not_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def page(request: HttpRequest, token: str) -> HttpResponseBase:
        if waiting := throttle_link(address_of(request)):
            answer: HttpResponseBase = error_response(request, 429, TOO_OFTEN)
            answer["Retry-After"] = str(int(waiting) + 1)
        else:
            try:
                answer = view(request, token)
            except DatabaseError:
                answer = database_unavailable(request)
        for name, value in HEADERS.items():
            answer[name] = value
        return answer

    return page


@page_of_link
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """Show the alarm of a link; on POST, acknowledge it or add a comment. 404 if links are switched off."""
    if not settings.FERMON_ACK_LINKS:
        return error_response(request, 404, SWITCHED_OFF)
    try:
        linked = read_link(token)
    except LinkError as error:
        return useless(request, error, "acknowledge alarms on the page of alarms", "alarms")
    refused = ""
    if request.method == "POST":
        refused = refusal_of(request, token) or act(request, linked)
        if not refused:
            return redirect(request.path)
    return render(
        request,
        "notifications/acknowledge.html",
        alarm_context(linked) | {"form_token": form_token(token), "refused": refused},
        status=409 if refused else 200,
    )


def act(request: HttpRequest, linked: LinkedAlarm) -> str:
    """Acknowledge the alarm, or add a comment if that is done; return why not, empty if it was done."""
    comment, address = request.POST.get("comment", "")[:LONGEST_COMMENT].strip(), address_of(request)
    comment = comment.replace("\0", "")
    if request.POST.get("act") == "comment":
        if comment:
            comment_by_link(linked, comment=comment, address=address)
        return ""
    try:
        acknowledge_by_link(linked, comment=comment, address=address)
    except NotAllowedError as error:
        return str(error)
    return ""


def alarm_context(linked: LinkedAlarm) -> dict[str, Any]:
    """Return the context of the page about the alarm."""
    now, alarm, occurrence = datetime.now(UTC), linked.alarm, linked.occurrence
    tag = find_tag(alarm.tag) if alarm.tag else None
    formats = read_formats([tag] if tag else [])
    end = occurrence.cleared_at
    return {
        "linked": linked,
        "alarm": alarm,
        "occurrence": occurrence,
        "state_text": STATE_WORDS[alarm.state],
        "value": value_now(tag, now, formats),
        "peak": value_text(occurrence.peak, tag, formats) or score_text(occurrence.peak, alarm),
        "since": moment(occurrence.active_at, now),
        "ended": moment(end, now) if end else None,
        "acknowledged": moment(occurrence.acknowledged_at, now) if occurrence.acknowledged_at else None,
        "again": moment(alarm.active_at, now) if alarm.active_at and not linked.is_newest else None,
        "lasted": words.duration_text(age_s(occurrence.active_at, end or now)),
        "left": left_text(alarm.respond_until, now) if linked.is_newest else "",
        "chart": draw_last_minutes(tag, alarm.setpoint, now=now) if tag else None,
        "settings_for_scripts": {"now": iso_utc(now), "tags": [], "spans": words.SPANS},
    }


def value_now(tag: TagDefinition | None, now: datetime, formats: Mapping[str, NumberFormat]) -> str:
    """Return the newest value of a tag with unit; empty without one."""
    newest = latest(tag.name, now) if tag else None
    return value_text(newest.value if newest else None, tag, formats)


@page_of_link
def confirm_channel(request: HttpRequest, token: str) -> HttpResponse:
    """Show which channel a link confirms; on POST, mark the channel as verified."""
    now = datetime.now(UTC)
    try:
        channel = read_confirmation(token)
    except LinkError as error:
        return useless(request, error, "send another test on the page of notifications", "notifications")
    refused = ""
    if request.method == "POST":
        refused = refusal_of(request, token)
        if not refused:
            confirm(channel, now=now)
            return redirect(request.path)
    verified = moment(channel.verified_at, now) if channel.verified_at else None
    return render(
        request,
        "notifications/confirm.html",
        {
            "channel": channel,
            "verified": verified,
            "form_token": form_token(token),
            "refused": refused,
            "settings_for_scripts": {"now": iso_utc(now), "tags": [], "spans": words.SPANS},
        },
        status=409 if refused else 200,
    )


def useless(request: HttpRequest, error: LinkError, remedy: str, page: str) -> HttpResponse:
    """Return the page for a link that cannot be used: 410 if it could be once, else 404."""
    context = {"error": str(error), "remedy": remedy, "page": page}
    return render(request, "notifications/useless.html", context, status=410 if error.is_expired else 404)


def form_token(token: str) -> str:
    """Return the signed field of the form of a link."""
    return TimestampSigner(salt="fermon.notifications.form").sign(token)


def refusal_of(request: HttpRequest, token: str) -> str:
    """Return why a form is not accepted; empty if it came from the link's own page of the last hour."""
    signer = TimestampSigner(salt="fermon.notifications.form")
    try:
        signed = signer.unsign(request.POST.get("form_token", ""), max_age=FORM_VALID_S)
    except BadSignature:
        return OLD_FORM
    return "" if signed == token else OLD_FORM
