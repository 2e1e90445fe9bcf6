"""The dashboard."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitoring.dashboard import words
from monitoring.dashboard.page import ANOMALY_ROWS, Page, read_dashboard
from monitoring.dashboard.scripts import ScriptTag, chart_script
from monitoring.domain.clock import iso_utc
from monitoring.queries.health import STALE_S

WINDOWS = {"2m": (120, "2 min"), "10m": (600, "10 min"), "1h": (3600, "1 h")}
DEFAULT_WINDOW = "10m"
ENDPOINTS = {"data": "measurement-list", "anomalies": "anomaly-list", "stats": "stats", "health": "health"}


@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page, for everybody while Fermon is open, else for who is signed in."""
    try:
        if not settings.FERMON_OPEN and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
    except DatabaseError:
        detail = "The database is away, so nobody can be recognised. Nothing is lost; try again soon."
        return render(request, "error.html", {"code": 503, "detail": detail}, status=503)
    page = read_dashboard()
    status = 503 if page.totals is None else 200
    return render(request, "dashboard/index.html", context(request, page), status=status)


def context(request: HttpRequest, page: Page) -> dict[str, Any]:
    """What the template is given; an address that asks for what does not exist gets the default."""
    names = [card.tag.name for card in page.cards]
    tag = request.GET.get("tag", "")
    window = request.GET.get("window", "")
    script = chart_script()
    chosen = {
        "tag": tag if tag in names else "",
        "window": window if window in WINDOWS else DEFAULT_WINDOW,
    }
    return {
        "page": page,
        "chosen": chosen,
        "windows": [(key, label) for key, (_, label) in WINDOWS.items()],
        "window_label": WINDOWS[chosen["window"]][1],
        "rows": [*page.anomalies, *[None] * (ANOMALY_ROWS - len(page.anomalies))],
        "totals": words.totals_texts(page.totals) if page.totals else {},
        "script": script,
        "open": settings.FERMON_OPEN,
        "settings_for_scripts": for_scripts(page, chosen, script),
    }


def for_scripts(page: Page, chosen: dict[str, str], script: ScriptTag) -> dict[str, Any]:
    """What the page's scripts start from."""
    return {
        "now": iso_utc(page.now),
        "staleAfterMs": STALE_S * 1000,
        "windows": {key: {"ms": seconds * 1000, "label": label} for key, (seconds, label) in WINDOWS.items()},
        "chosen": chosen,
        "defaultWindow": DEFAULT_WINDOW,
        "database": page.totals is not None,
        "tags": [
            {
                "name": tag.name,
                "unit": tag.unit,
                "lower": tag.lower_limit,
                "upper": tag.upper_limit,
                "decimals": words.decimals_for(tag),
                "active": tag.active,
            }
            for tag in page.tags.values()
        ],
        "latest": [point.as_json() for point in page.latest],
        "words": {"reasons": words.REASON_WORDS, "card": words.CARD_WORDS, "link": words.LINK_WORDS},
        "urls": {name: reverse(view) for name, view in ENDPOINTS.items()},
        "chart": {"missing": script.missing, "trouble": script.trouble},
    }
