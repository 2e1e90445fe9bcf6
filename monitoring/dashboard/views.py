"""The dashboard page."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitoring.access.pages import signed_in_as
from monitoring.access.roles import SAVE_VIEW
from monitoring.alarms.kinds import LIMIT_KINDS
from monitoring.dashboard import states, words
from monitoring.dashboard.acts import may
from monitoring.dashboard.address_notes import address_notes
from monitoring.dashboard.alarm_bar import brief_json
from monitoring.dashboard.cards import urgent_first
from monitoring.dashboard.events import EVENT_ROWS, MOST_OPEN, SHORTEST_S
from monitoring.dashboard.link import LINK_DETAILS, LINK_ICONS, LINK_WORDS, POLLING
from monitoring.dashboard.moments import Moment, moment, range_end
from monitoring.dashboard.page import DashboardPage, read_dashboard, stale_after_s
from monitoring.dashboard.scripts import ScriptTag, chart_script
from monitoring.dashboard.tag_page import TagPage
from monitoring.dashboard.tag_values import ANOMALY_ROWS
from monitoring.dashboard.view_state import (
    DEFAULT_PRESET,
    LONGEST,
    MOST_CHARTS,
    PRESETS,
    TimeRange,
    ViewState,
    chosen_of,
)
from monitoring.history.ahead import AHEAD_WORDS, MOST_COUNTED
from monitoring.history.number_formats import format_of
from monitoring.history.saved_views import MOST_CHARTS as MOST_CHOSEN
from monitoring.history.saved_views import MOST_COMPARED, view_json
from monitoring.history.statistics import MOST_TAGS
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.incident_event import STRENGTHS
from monitoring.kernel.source_clock import AHEAD_US
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.operations.definitions import digest_of
from monitoring.sources.simulator.vessel.channels import VESSEL

ENDPOINTS = {
    "data": "measurement-list",
    "stream": "stream",
    "trend": "trend",
    "statistics": "statistics",
    "anomalies": "anomaly-list",
    "events": "event-list",
    "stats": "stats",
    "health": "health",
    "tags": "tag-list",
    "export": "export",
    "quality": "quality",
    "gaps": "gaps",
    "notes": "notes",
    "views": "view-list",
    "login": "login",
}
# Charts of up to this length show every measurement; longer ones show intervals.
RAW_S = 900
# The length of the scripts' live data, and of the sparkline beside a value.
LIVE_S = 600
SPEEDS = (1, 10, 60, 600)
DEFAULT_SPEED = 60

# The settings of the scripts that do not depend on the request.
SAME_FOR_ALL: dict[str, Any] = {
    "presets": {key: {"ms": preset.seconds * 1000, "label": preset.label} for key, preset in PRESETS.items()},
    "defaultPreset": DEFAULT_PRESET,
    "longestMs": LONGEST.total_seconds() * 1000,
    "rawMs": RAW_S * 1000,
    "liveMs": LIVE_S * 1000,
    "aheadMs": AHEAD_US // 1000,
    "aroundMs": words.AROUND.total_seconds() * 1000,
    "shortestStateMs": states.SHORTEST_S * 1000,
    "mostAhead": MOST_COUNTED,
    "shortestEventMs": SHORTEST_S * 1000,
    "mostOpenEvents": MOST_OPEN,
    "mostCharts": MOST_CHARTS,
    "mostCompared": MOST_COMPARED,
    "mostChosen": MOST_CHOSEN,
    "mostStatistics": MOST_TAGS,
    "spans": words.SPANS,
    "urgency": words.URGENCY,
    "limitKinds": sorted(LIMIT_KINDS),
    "momentaryKinds": words.MOMENTARY_KINDS,
    "overAtOnce": words.OVER_AT_ONCE,
    "strengths": list(STRENGTHS),
    "linkIcons": LINK_ICONS,
    "otherGroup": words.OTHER_GROUP,
    "demoGroup": VESSEL,
    "words": {
        "reasons": words.REASON_WORDS,
        "card": words.CARD_WORDS,
        "link": LINK_WORDS,
        "linkDetails": LINK_DETAILS,
        "limits": words.LIMIT_WORDS,
        "patterns": words.PATTERNS,
        "ahead": AHEAD_WORDS,
        "refused": words.REFUSED_RANGES,
        "other": {
            "back": words.BACK,
            "polling": POLLING,
            "problemSince": words.PROBLEM_SINCE,
        },
    },
}


@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Render the dashboard, or the kiosk page with ``kiosk=1``; 503 while the database is unavailable."""
    page = read_dashboard(request.GET.dict())
    status = 503 if page.totals is None else 200
    template = "dashboard/kiosk.html" if request.GET.get("kiosk") == "1" else "dashboard/index.html"
    return render(request, template, context(request, page), status=status)


def context(request: HttpRequest, page: DashboardPage) -> dict[str, Any]:
    """Return the template context; defaults replace parameters of unknown tags and groups."""
    chosen = chosen_of(page.query, page.headings, page.now)
    beside = page.part.beside if page.part else ()
    shown = [
        card for card in page.cards if chosen.shows(card.tag.name, card.group) and card.tag.name not in beside
    ]
    if request.GET.get("kiosk") == "1":
        shown = urgent_first(shown)
    script, events = chart_script(), page.events.rows(page.now, page.tags, of_part=page.part is not None)
    return {
        "page": page,
        "chosen": chosen,
        "shown": shown,
        "shown_names": {card.tag.name for card in shown},
        "part": page.part,
        "part_addresses": part_addresses(request.GET, page.part) if page.part else {},
        "layout": layout_of(chosen, [card.group for card in shown]),
        "groups": page.groups(chosen.charts),
        "views": page.views,
        "saved": page.saved,
        "may_save_view": may(request, SAVE_VIEW),
        "address_notes": address_notes(request.GET.dict(), page) if page.totals else [],
        "card_level": 3 if any(page.group_names) else 2,
        "presets": [(key, preset.label) for key, preset in PRESETS.items()],
        "past": past_moments(chosen.past, page.now) if chosen.past else None,
        "shown_label": words.PATTERNS["last"].format(chosen.label),
        "speeds": SPEEDS,
        "default_speed": DEFAULT_SPEED,
        "rows": [*page.anomalies, *[None] * (ANOMALY_ROWS - len(page.anomalies))],
        "is_archive_away": page.is_archive_away,
        "events": [*events, *[None] * (EVENT_ROWS - len(events))],
        "open_events": page.events.open_text,
        "weak_events": page.events.weak_count,
        "no_events": page.no_events_text,
        "learning": page.learning_lines,
        "patterns": words.PATTERNS,
        "totals": words.totals_texts(page.totals) if page.totals else {},
        "script": script,
        "open": settings.FERMON_OPEN,
        "signed_in_as": signed_in_as(request),
        "most_statistics": f":{MOST_TAGS}",
        "download_intervals": words.DOWNLOAD_INTERVALS,
        "download_formats": words.DOWNLOAD_FORMATS,
        "alarms_of_cards": [brief_json(card.alarm) for card in page.cards if card.alarm],
        "settings_for_scripts": for_scripts(page, chosen, script),
    }


def layout_of(chosen: ViewState, groups: Sequence[str]) -> str:
    """Return the layout for cards of these groups; the demo vessel's count only on a page of their own."""
    plant = [group for group in groups if group != VESSEL]
    counted = plant or groups
    return chosen.layout(len(counted), len(set(counted)))


def past_moments(past: TimeRange, now: datetime) -> list[Moment]:
    """Return both ends of the time range shown."""
    return [moment(past.start, now), range_end(past.end, past.start, now)]


def for_scripts(page: DashboardPage, chosen: ViewState, script: ScriptTag) -> dict[str, Any]:
    """Return the settings and the initial data of the page's scripts, as JSON types."""
    return {
        "now": iso_utc(page.now),
        "staleAfterMs": stale_after_s(page.tags.values()) * 1000,
        "chosen": chosen.as_json(),
        "saved": page.saved and view_json(page.saved),
        "database": page.totals is not None,
        "confirmed": [one.as_json() for one in page.confirmed],
        "hasSources": page.has_sources,
        "part": page.part and page.part.as_json(),
        "tags": [tag_for_scripts(page, tag) for tag in page.told_tags],
        "definitions": page.definitions,
        "latest": [point.as_json() for point in page.latest],
        "violations": [
            {"id": row, "findings": [reason._asdict() for reason in found]}
            for row, found in page.violations.items()
        ],
        "events": [event.as_json() for event in page.events.all],
        "openEvents": page.events.open_count,
        "totals": page.totals
        and {
            "measurements": page.totals.measurements,
            "anomalies": page.totals.anomalies,
            "newestId": page.totals.newest_id,
        },
        "urls": {name: reverse(view) for name, view in ENDPOINTS.items()},
        "chart": script.as_json(),
        **SAME_FOR_ALL,
    }


def part_addresses(query: QueryDict, part: TagPage) -> dict[str, Any]:
    """Return the query strings of the previous and next page, and the parameters that a search retains."""
    kept = query.copy()
    for name in ("tag", "search", "page", "anomaly", "event"):
        kept.pop(name, None)

    def address(page: int) -> str:
        at = kept.copy()
        if part.search:
            at["search"] = part.search
        at["page"] = str(page)
        return f"?{at.urlencode()}"

    return {
        "before": address(part.page - 1) if part.page > 1 else "",
        "after": address(part.page + 1) if part.page < part.pages else "",
        "kept": list(kept.items()),
    }


def tag_for_scripts(page: DashboardPage, tag: TagDefinition) -> dict[str, Any]:
    """Return the properties of a tag for the scripts; times as ISO 8601 in UTC."""
    raw_from, newest_anomaly = page.raw_from.get(tag.name), page.newest_anomalies.get(tag.name)
    outside_since, ahead = page.outside_since.get(tag.name), page.ahead.get(tag.name)
    number = page.formats.get(tag.name) or format_of(tag, [])
    return {
        "name": tag.name,
        "shownName": tag.shown_name,
        "kind": tag.kind,
        "states": {str(number): name for number, name in tag.states},
        "unit": tag.unit,
        "lower": tag.lower_limit,
        "upper": tag.upper_limit,
        "decimals": number.decimals,
        "mostDecimals": number.most,
        "active": tag.active,
        "definition": digest_of({tag.name: tag}),
        "simulated": tag in page.simulated,
        "staleAfterMs": tag.stale_after_s * 1000,
        "sources": list(page.fed_by.get(tag.name, ())),
        "rawFrom": iso_utc(raw_from) if raw_from else None,
        "newestAnomaly": iso_utc(newest_anomaly) if newest_anomaly else None,
        "outsideSince": iso_utc(outside_since) if outside_since else None,
        "ahead": ahead
        and {
            "readings": ahead.readings,
            "until": iso_utc(page.now + timedelta(seconds=ahead.up_to_s)),
        },
    }
