"""Web push in the visitor's browser: the service worker, the manifest, and subscriptions."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from monitoring.access.pages import AWAY
from monitoring.access.roles import ACKNOWLEDGE
from monitoring.dashboard.acts import may
from monitoring.notifications.push_keys import PushKeyError, contact, public_key
from monitoring.notifications.push_subscribing import (
    SubscriptionError,
    read_subscription,
    subscribe,
    unsubscribe,
)

WORKER = Path("static/monitoring/js/push-worker.js")
MANIFEST_TYPE = "application/manifest+json"
# A message has links to acknowledge by, so its receiver needs the right to.
NOT_ALLOWED = "Notifications are for those who may acknowledge alarms: role operator or higher."
LARGEST_BODY = 10_000


@require_safe
@login_not_required  # as for static files; needs no database
def push_worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker, at the top: its place decides over which pages it may open."""
    content = (settings.BASE_DIR / WORKER).read_bytes()
    headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache"}
    return HttpResponse(content, headers=headers)


@require_safe
@login_not_required
def manifest(request: HttpRequest) -> JsonResponse:
    """Return the manifest, with which a phone puts Fermon on its home screen."""
    icon = {"src": static("monitoring/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    content = {
        "name": "Fermon",
        "short_name": "Fermon",
        "start_url": reverse("alarms"),
        "scope": "/",
        "display": "standalone",
        "icons": [icon],
    }
    return JsonResponse(content, content_type=MANIFEST_TYPE)


@never_cache
@require_http_methods(["GET", "HEAD", "POST", "DELETE"])
def subscription(request: HttpRequest) -> HttpResponse:
    """GET: the key for a subscription; POST: take a browser's subscription; DELETE: forget it.

    Raises:
        PermissionDenied: the visitor may not acknowledge alarms.
    """
    try:
        if not may(request, ACKNOWLEDGE):
            raise PermissionDenied(NOT_ALLOWED)
        if request.method in {"GET", "HEAD"}:
            contact()  # messages need one, and later nobody would see that it is missing
            return JsonResponse({"key": public_key()})
        return change_subscription(request)
    except DatabaseError:
        return JsonResponse({"detail": AWAY}, status=503)
    except (SubscriptionError, PushKeyError) as error:
        return JsonResponse({"detail": str(error)}, status=400)
    except OSError as error:
        return JsonResponse({"detail": f"The key of web push cannot be stored: {error}"}, status=503)


def change_subscription(request: HttpRequest) -> JsonResponse:
    """Take or forget the subscription in the body.

    Raises:
        SubscriptionError: the body is invalid.
    """
    body = body_of(request)
    if request.method == "DELETE":
        return JsonResponse({"was_on": unsubscribe(str(body.get("endpoint", "")))})
    found = read_subscription(body, browser_of(request))
    user: Any = request.user if request.user.is_authenticated else None
    stored = subscribe(found, user=user, now=datetime.now(UTC))
    return JsonResponse({"channel": stored.channel.name}, status=201)


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object in the body.

    Raises:
        SubscriptionError: there is none.
    """
    try:
        body = json.loads(request.body[:LARGEST_BODY])
    except ValueError as error:
        raise SubscriptionError("expected a JSON object") from error
    if not isinstance(body, dict):
        raise SubscriptionError("expected a JSON object")
    return body


def browser_of(request: HttpRequest) -> str:
    """Return the browser's own name, without characters that a database refuses."""
    return request.headers.get("User-Agent", "").replace("\0", "")
