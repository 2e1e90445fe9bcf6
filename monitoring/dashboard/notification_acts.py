"""Acts of people on the page of notifications: channels, tests, people, maintenance windows."""

from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from monitoring.access.callers import has_by_login
from monitoring.access.roles import MAINTAIN, SET_UP_NOTIFICATIONS
from monitoring.dashboard.acts import act, who
from monitoring.dashboard.alarm_pages import shared
from monitoring.dashboard.notification_forms import ChannelForm, PersonForm, WindowForm
from monitoring.models import Channel, MaintenanceWindow, Person
from monitoring.notifications.channels.registry import KINDS
from monitoring.notifications.testing import request_test
from monitoring.notifications.window_planning import WindowInputError, end_window


@act(SET_UP_NOTIFICATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_channel(request: HttpRequest) -> HttpResponse:
    """Show and take the form of a new channel; without a known kind, offer the kinds."""
    kind = KINDS.get(request.GET.get("kind", ""))
    if kind is None:
        return form_page(request, None, "Add a channel", kinds=list(KINDS.values()))
    return edit(request, ChannelForm(request.POST or None, **form_options(request, kind.name, None)))


@act(SET_UP_NOTIFICATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_channel(request: HttpRequest, id: int) -> HttpResponse:
    """Show and take the form of a channel.

    Raises:
        Http404: no channel has this id, or its kind is no longer known.
    """
    channel = get_object_or_404(Channel.objects.select_related("person"), pk=id)
    if channel.kind not in KINDS:
        raise Http404(f"Channels of the kind {channel.kind} are no longer known.")
    return edit(request, ChannelForm(request.POST or None, **form_options(request, channel.kind, channel)))


def form_options(request: HttpRequest, kind: str, channel: Channel | None) -> dict[str, Any]:
    """Return the arguments of a channel's form."""
    is_trusted = has_by_login(request, SET_UP_NOTIFICATIONS)
    return {"kind": KINDS[kind], "channel": channel, "is_trusted": is_trusted}


def edit(request: HttpRequest, form: ChannelForm) -> HttpResponse:
    """Store a valid form and go back to the list; show the form otherwise."""
    if form.is_valid():
        return to_page(f"channel-{form.save().pk}")
    title = f"Change {form.channel}" if form.channel else f"Add: {form.kind.label}"
    return form_page(request, form, title, people=Person.objects.all())


@act(SET_UP_NOTIFICATIONS)
@require_POST
def test_channel(request: HttpRequest, id: int) -> HttpResponse:
    """Send a test by a channel, the same way as an alarm goes."""
    channel = get_object_or_404(Channel.objects.select_related("person"), pk=id, is_enabled=True)
    request_test(channel, by=who(request), now=datetime.now(UTC))
    return to_page(f"channel-{channel.pk}")


@act(SET_UP_NOTIFICATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_person(request: HttpRequest) -> HttpResponse:
    """Show and take the form of a new person."""
    return edit_form_of(request, PersonForm(request.POST or None), "Add a person")


@act(SET_UP_NOTIFICATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_person(request: HttpRequest, id: int) -> HttpResponse:
    """Show and take the form of a person.

    Raises:
        Http404: no person has this id.
    """
    person = get_object_or_404(Person, pk=id)
    return edit_form_of(request, PersonForm(request.POST or None, instance=person), f"Change {person}")


def edit_form_of(request: HttpRequest, form: PersonForm, title: str) -> HttpResponse:
    """Store a valid form and go back to the list; show the form otherwise."""
    if form.is_valid():
        form.save()
        return to_page("people-heading")
    return form_page(request, form, title)


@act(MAINTAIN)
@require_http_methods(["GET", "HEAD", "POST"])
def add_window(request: HttpRequest) -> HttpResponse:
    """Show and take the form of a maintenance window."""
    form = WindowForm(request.POST or None)
    if form.is_valid() and form.save(by=who(request)) is not None:
        return to_page("windows")
    return form_page(request, form, "Plan a maintenance window")


@act(MAINTAIN)
@require_POST
def end_window_now(request: HttpRequest, id: int) -> HttpResponse:
    """End a maintenance window at once; one that is over stays as it is.

    Raises:
        Http404: no window has this id.
    """
    try:
        end_window(id, now=datetime.now(UTC))
    except MaintenanceWindow.DoesNotExist as error:
        raise Http404(f"There is no maintenance window {id}.") from error
    except WindowInputError:
        pass  # somebody was first
    return to_page("windows")


def form_page(request: HttpRequest, form: Any, title: str, **context: Any) -> HttpResponse:
    """Return the page with the form; 400 if the form has errors."""
    now = datetime.now(UTC)
    has_errors = form is not None and bool(form.errors)
    return render(
        request,
        "notifications/form.html",
        shared(request, now) | {"form": form, "title": title, **context},
        status=400 if has_errors else 200,
    )


def to_page(part: str) -> HttpResponse:
    """Return the redirection to a part of the page of notifications."""
    return redirect(f"{reverse('notifications')}#{part}")
