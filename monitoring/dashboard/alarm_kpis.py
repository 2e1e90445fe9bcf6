"""The page of the alarms' key figures: each with value, target, verdict and formula."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from monitoring.access.replica_reads import from_replica, tell_lag
from monitoring.alarms.kinds import Priority
from monitoring.alarms.kpi_reading import read_kpis
from monitoring.alarms.wording import title_of
from monitoring.dashboard import words
from monitoring.dashboard.alarm_pages import advisor_address, page_of_alarms, shared
from monitoring.dashboard.hour_map import HOURS, hour_map
from monitoring.ingest.tags import tag_cache

PERIODS = {"1": "last day", "7": "last 7 days", "30": "last 30 days"}
DEFAULT_PERIOD = "30"
MANAGEABLE = 2.0  # annunciations per 10 minutes
FEWEST_TO_COMPARE = 200  # of fewer annunciations, ten alarms always have more than 5 %
MET, MANAGEABLE_TEXT, MISSED = "met", "manageable", "not met"


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure in words; ``verdict`` is empty without a target."""

    name: str
    value: str
    target: str
    verdict: str
    formula: str


@page_of_alarms
def alarm_kpis(request: HttpRequest) -> HttpResponse:
    """Show the key figures of a period, for all alarms or those of a group."""
    now = datetime.now(UTC)
    days = request.GET.get("days", DEFAULT_PERIOD)
    days = days if days in PERIODS else DEFAULT_PERIOD
    group = request.GET.get("group", "")
    start, groups = now - timedelta(days=int(days)), [group] if group else []
    found = from_replica(request, lambda: read_kpis(start, now, groups, now=now))
    context = {
        "figures": figures_of(found),
        "found": found,
        "hour_map": hour_map(found["by_hour"], found["from"], found["to"]),
        "hours": HOURS,
        "frequent": [named(each) for each in found["top_10"]],
        "chattering": [named(each) for each in found["chattering_alarms"]],
        "periods": PERIODS,
        "days": days,
        "group": group,
        "groups": sorted({tag.group for tag in tag_cache().read().values() if tag.group}),
    }
    return tell_lag(request, render(request, "alarms/kpis.html", shared(request, now) | context))


def figures_of(found: dict[str, Any]) -> list[Figure]:
    """Return the key figures in the order of the page."""
    return [*load_of(found), *quality_of(found), *priorities_of(found), *people_of(found)]


def load_of(found: dict[str, Any]) -> list[Figure]:
    """Return the figures of the load on the operator."""
    average, targets = found["average_per_10_min"], found["targets"]
    is_manageable = targets["average_per_10_min"] < average <= MANAGEABLE
    return [
        Figure(
            "Alarms per 10 min, on average",
            f"{average:.2f}",
            "at most 1; 2 is manageable",
            MANAGEABLE_TEXT if is_manageable else verdict(average, targets["average_per_10_min"]),
            "Annunciations / (period / 10 min).",
        ),
        Figure(
            "Most in 10 min",
            str(found["most_per_10_min"]),
            f"at most {targets['most_per_10_min']}",
            verdict(found["most_per_10_min"], targets["most_per_10_min"]),
            "The fullest interval of 10 minutes by the clock.",
        ),
        Figure(
            "Intervals with more than 10",
            percent(found["share_above_10"]),
            "below 1 %",
            verdict(found["share_above_10"], targets["share_above_10"], is_below=True),
            "Share of the intervals of 10 minutes by the clock.",
        ),
        Figure(
            "Time in flood",
            percent(found["flood_share"]),
            "below 1 %",
            verdict(found["flood_share"], targets["flood_share"], is_below=True),
            "A flood begins with more than 10 alarms within 10 min, and ends with fewer than 5.",
        ),
    ]


def quality_of(found: dict[str, Any]) -> list[Figure]:
    """Return the figures that say how many alarms are of little use."""
    targets = found["targets"]
    are_many = found["annunciations"] >= FEWEST_TO_COMPARE
    return [
        Figure(
            "Share of the ten most frequent",
            percent(found["top_10_share"]),
            "at most 5 %",
            verdict(found["top_10_share"], targets["top_10_share"]) if are_many else "",
            "Annunciations of the ten most frequent alarms / all annunciations.",
        ),
        Figure(
            "Chattering alarms",
            str(found["chattering"]),
            "none",
            verdict(found["chattering"], targets["chattering"]),
            "Alarms that came {count} times or more within {within_s} s.".format_map(
                found["chattering_definition"]
            ),
        ),
        Figure(
            "Fleeting alarms",
            str(found["fleeting"]),
            "none",
            verdict(found["fleeting"], targets["fleeting"]),
            "Active for less than 10 s, and not again within 60 s.",
        ),
        Figure(
            "Stale alarms",
            str(found["stale"]),
            "fewer than 5",
            verdict(found["stale"], targets["stale"], is_below=True),
            "Active for more than 24 h: the most on one day.",
        ),
    ]


def priorities_of(found: dict[str, Any]) -> list[Figure]:
    """Return the share of each priority, the highest first."""
    shares, targets = found["priority_shares"], found["priority_targets"]
    return [
        Figure(
            f"Priority {priority}",
            percent(shares.get(priority, 0.0)),
            f"about {percent(targets[priority])}",
            "",
            "Share of the annunciations.",
        )
        for priority in map(str, Priority)
    ]


def people_of(found: dict[str, Any]) -> list[Figure]:
    """Return the figures of people's acts."""
    response, suppression = found["response"], found["suppression"]
    hours = sum(each["hours"] for each in suppression.values())
    number = sum(each["number"] for each in suppression.values())
    return [
        Figure(
            "Time until acknowledged",
            f"{seconds(response['median_s'])} in the median, {seconds(response['p95_s'])} for 95 %",
            "",
            "",
            f"{response['unacknowledged']} not acknowledged, {response['within_2_s']} within 2 s.",
        ),
        Figure(
            "Shelved, suppressed, out of service",
            f"{number}, together {hours:.1f} h",
            "",
            "",
            "Alarms that were kept quiet, and for how long.",
        ),
        Figure(
            "Overdue suppressions",
            str(found["overdue"]),
            "none",
            verdict(found["overdue"], found["targets"]["overdue"]),
            "Suppressions with an end that has passed.",
        ),
    ]


def verdict(value: float, target: float, *, is_below: bool = False) -> str:
    """Return whether the value meets the target, which it may reach unless ``is_below``."""
    return MET if value < target or (value == target and not is_below) else MISSED


def percent(share: float) -> str:
    """Return the share in percent, as "1 %" or "0.25 %"."""
    return f"{100 * share:.3g} %"


def seconds(value: float | None) -> str:
    """Return the duration in words; "–" for None."""
    return "–" if value is None else words.duration_text(value)


def named(found: dict[str, Any]) -> dict[str, Any]:
    """Return the alarm of a figure with a name for people."""
    name = found["tag"] or found["group"] or "Fermon"
    advisor = advisor_address(found["tag"], found["kind"])
    return {**found, "name": f"{name}: {title_of(found['kind'])}", "advisor": advisor}
