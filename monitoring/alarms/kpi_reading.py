"""Read the key figures of a period: load the annunciations and compute each figure with its target."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Min, Q

from monitoring.alarms import kpis
from monitoring.alarms.kpis import Annunciation, Span
from monitoring.alarms.reading import in_groups
from monitoring.alarms.state_machine import Act, State, Suppression
from monitoring.kernel.clock import DAY_US, SECOND_US, from_micros, iso_utc, micros_or_none, to_micros
from monitoring.kernel.tag_definition import LOAD_GROUP
from monitoring.models import (
    AlarmDefinition,
    AlarmDefinitionVersion,
    AlarmJournalEntry,
    AlarmOccurrence,
    AlarmState,
)

BEFORE = timedelta(days=1)  # a flood that reaches into the period began within this time, or never ended
HOUR_US = 3_600 * SECOND_US
SUPPRESSED: dict[str, str] = {
    State.SHELVED: "shelved",
    State.SUPPRESSED: "suppressed",
    State.OUT_OF_SERVICE: "out_of_service",
}
TARGETS = {
    "average_per_10_min": 1.0,
    "most_per_10_min": 10,
    "share_above_10": 0.01,
    "flood_share": 0.01,
    "top_10_share": 0.05,
    "chattering": 0,
    "fleeting": 0,
    "stale": 5,
    "overdue": 0,
}
PRIORITY_TARGETS = {"critical": 0.01, "high": 0.05, "medium": 0.15, "low": 0.80}


def read_kpis(start: datetime, end: datetime, groups: Collection[str], *, now: datetime) -> dict[str, Any]:
    """Return the key figures of a period as a JSON object; ``groups`` are those of one operator position.

    The period is cut to the time since the first definition: before it, nothing could annunciate. Suppressed
    and late occurrences and tags of load tests do not count. No groups: all.
    """
    period = covered(start, min(end, now))
    loaded = load(period, groups)
    within = [each for each in loaded if period[0] <= each.noticed_us < period[1]]
    return {
        "from": iso_utc(from_micros(period[0])),
        "to": iso_utc(from_micros(period[1])),
        "coverage": kpis.coverage(period),
        "annunciations": len(within),
        **load_figures(loaded, within, period),
        **alarm_figures(loaded, within, period),
        **people_figures(within, period, groups, now=now),
        "targets": TARGETS,
        "priority_targets": PRIORITY_TARGETS,
    }


def covered(start: datetime, end: datetime) -> Span:
    """Return the part of the period since the first definition, in microseconds; at least 10 minutes.

    Of a shorter time, the average per 10 minutes would be an extrapolation.
    """
    first = AlarmDefinitionVersion.objects.aggregate(first=Min("at"))["first"]
    begin = max(start, first) if first else end
    return min(to_micros(begin), to_micros(end) - kpis.INTERVAL_US), to_micros(end)


def load(period: Span, groups: Collection[str]) -> list[Annunciation]:
    """Return the annunciations of the period, of the day before, and those that still lasted, by time."""
    start, end = from_micros(period[0]), from_micros(period[1])
    rows = AlarmOccurrence.objects.filter(
        Q(noticed_at__gte=start - BEFORE) | Q(cleared_at=None) | Q(cleared_at__gte=start),
        is_annunciated=True,
        is_late=False,
        noticed_at__lt=end,
    ).exclude(definition__tag__group=LOAD_GROUP)
    columns = ("active_at", "noticed_at", "cleared_at", "acknowledged_at")
    found = in_groups(rows, groups, "definition__").order_by("noticed_at", "id")
    return [
        Annunciation(
            alarm, to_micros(active), to_micros(noticed), micros_or_none(over), micros_or_none(seen), priority
        )
        for alarm, priority, active, noticed, over, seen in found.values_list(
            "definition_id", "priority", *columns
        )
    ]


def load_figures(loaded: list[Annunciation], within: list[Annunciation], period: Span) -> dict[str, Any]:
    """Return the figures of the load on the operator."""
    times = [each.noticed_us for each in within]
    spans = [span for span in kpis.floods([each.noticed_us for each in loaded]) if span[1] > period[0]]
    fullest = kpis.peak(times, period)
    return {
        "average_per_10_min": kpis.average_per_interval(len(times), period),
        "most_per_10_min": fullest.most,
        "share_above_10": fullest.share_above,
        "flood_share": kpis.share_of(spans, period),
        "floods": [
            {"from": iso_utc(from_micros(begin)), "to": iso_utc(from_micros(end))} for begin, end in spans
        ],
        "by_hour": [
            {"day": day_text(day), "hours": hours} for day, hours in kpis.by_day_and_hour(times).items()
        ],
    }


def day_text(day: int) -> str:
    """Return a day since 1970 as ISO 8601."""
    return from_micros(day * DAY_US).date().isoformat()


def alarm_figures(loaded: list[Annunciation], within: list[Annunciation], period: Span) -> dict[str, Any]:
    """Return the figures that say which alarms are of little use."""
    frequent = kpis.top(each.alarm for each in within)
    count, seconds = settings.FERMON_CHATTERING_COUNT, settings.FERMON_CHATTERING_SECONDS
    chatters = kpis.chattering(within, count=count, within_us=seconds * SECOND_US)
    names = names_of([*(alarm for alarm, _ in frequent), *(each.alarm for each in chatters)])
    stale = kpis.stale_by_day(loaded, period)
    return {
        "top_10_share": sum(count for _, count in frequent) / len(within) if within else 0.0,
        "top_10": [{**names[alarm], "annunciations": count} for alarm, count in frequent],
        "chattering": len(chatters),
        "chattering_definition": {"count": count, "within_s": seconds},
        "chattering_alarms": [
            {
                **names[each.alarm],
                "most": each.most,
                "index": each.index,
                "above_cutoff": each.index >= kpis.CHATTER_CUTOFF,
            }
            for each in chatters
        ],
        "fleeting": kpis.fleeting(within),
        "stale": max(stale.values(), default=0),
        "stale_by_day": [{"day": day_text(day), "alarms": count} for day, count in stale.items()],
        "priority_shares": kpis.shares([each.priority for each in within]),
    }


def names_of(alarms: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return id, tag, group and kind of alarms, by id."""
    rows = AlarmDefinition.objects.select_related("tag", "vessel").filter(pk__in=alarms)
    return {
        row.pk: {
            "alarm": row.pk,
            "tag": row.tag.name if row.tag else None,
            "group": row.group_name,
            "kind": row.kind,
        }
        for row in rows
    }


def people_figures(
    within: list[Annunciation], period: Span, groups: Collection[str], *, now: datetime
) -> dict[str, Any]:
    """Return the figures of people's acts: how soon they acknowledged, and their suppressions."""
    answered = kpis.response(within)
    return {
        "response": {
            "median_s": answered.median_s,
            "p95_s": answered.p95_s,
            "unacknowledged": answered.unacknowledged,
            "within_2_s": answered.too_quick,
        },
        "suppression": suppression_figures(period, groups),
        "overdue": in_groups(AlarmState.objects.all(), groups, "definition__")
        .filter(suppressed_until__lt=now)
        .exclude(suppression=Suppression.NONE)
        .count(),
    }


def suppression_figures(period: Span, groups: Collection[str]) -> dict[str, Any]:
    """Return number and hours of each kind of suppression within the period."""
    spans = kpis.suppression_spans(suppression_lines(period, groups), standing(groups), SUPPRESSED, period)
    return {
        kind: {"number": len(found), "hours": kpis.total_us(found, period) / HOUR_US}
        for kind, found in spans.items()
    }


def suppression_lines(period: Span, groups: Collection[str]) -> list[tuple[int, int, str, str]]:
    """Return the journal's lines at which suppressions began or ended, in order of time."""
    start, end = from_micros(period[0]), from_micros(period[1])
    rows = AlarmJournalEntry.objects.filter(
        ~Q(from_state=F("to_state")) | Q(act=Act.SHELVE), noticed_at__gte=start, noticed_at__lt=end
    ).filter(Q(from_state__in=list(SUPPRESSED)) | Q(to_state__in=list(SUPPRESSED)))
    if groups:
        rows = rows.filter(group__in=list(groups))
    columns = rows.order_by("noticed_at", "id").values_list(
        "definition_id", "noticed_at", "from_state", "to_state"
    )
    return [(alarm or 0, to_micros(at), before, after) for alarm, at, before, after in columns]


def standing(groups: Collection[str]) -> dict[int, tuple[int, str]]:
    """Return since when, and how, the alarms are suppressed that are so now."""
    kinds = {state.value: name for state, name in zip(Suppression, ("", *SUPPRESSED.values()), strict=True)}
    rows = in_groups(AlarmState.objects.exclude(suppression=Suppression.NONE), groups, "definition__")
    return {
        alarm: (to_micros(since), kinds[suppression])
        for alarm, since, suppression in rows.values_list("definition_id", "suppressed_at", "suppression")
        if since is not None
    }
