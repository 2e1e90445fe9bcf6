"""The pages about alarms: the list, one alarm, and the journal. Reading works without scripts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitoring.access.pages import database_unavailable, signed_in_as
from monitoring.access.roles import DEFINE
from monitoring.alarms.journal import JournalSelection, read_journal
from monitoring.alarms.kinds import LIMIT_KINDS, Priority
from monitoring.alarms.reading import (
    PRESENT,
    AlarmSelection,
    PresentAlarm,
    count_alarms,
    find_alarm,
    read_alarms,
)
from monitoring.alarms.state_machine import State
from monitoring.alarms.wording import STATE_WORDS, title_of
from monitoring.dashboard import words
from monitoring.dashboard.acts import may
from monitoring.dashboard.alarm_history import read_occurrences
from monitoring.dashboard.alarm_words import BAR_WORDS
from monitoring.dashboard.moments import Moment, age_s, moment
from monitoring.history.keyset import Cursor
from monitoring.history.number_formats import read_formats
from monitoring.history.tags import find_tag
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.clock import iso_utc, parse_timestamp
from monitoring.kernel.number_format import NumberFormat, Words
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import AlarmJournalEntry, Vessel

PAGE = 100
LINES = 100
LINES_OF_ALARM = 50
AROUND = timedelta(minutes=15)
MOST_ACKNOWLEDGED = 50
ALL, OPEN = "all", "open"
STATE_CHOICES = {
    OPEN: "open: active or not acknowledged",
    **{str(state): text for state, text in STATE_WORDS.items() if state is not State.NORMAL},
    ALL: "all, also normal",
}
SUPPRESSED = (State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE)
FILTERS = ("alarm", "tag", "group", "priority", "act", "from", "to")
ACT_WORDS = {
    "active": "became active",
    "return": "returned to normal",
    "acknowledge": "acknowledged",
    "reset": "reset",
    "shelve": "shelved",
    "suppress": "suppressed by design",
    "out_of_service": "taken out of service",
    "release": "suppression ended",
    "realarm": "asks again",
    "disable": "disabled",
    "comment": "comment",
    "rate": "rated",
}


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm in the list; ``since`` is the start of the occurrence, ``value`` the value with unit."""

    alarm: PresentAlarm
    state_text: str
    since: Moment | None
    lasted: str
    value: str


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A line of the journal, in words."""

    entry: AlarmJournalEntry
    at: Moment
    title: str
    act: str
    change: str
    note: str


def page_of_alarms(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """Make a view a page that is not cached, and answers 503 while the database is away."""

    @never_cache
    @require_safe
    def page(request: HttpRequest, **named: Any) -> HttpResponseBase:
        try:
            return view(request, **named)
        except DatabaseError:
            return database_unavailable(request)

    return page


@page_of_alarms
def alarm_list(request: HttpRequest) -> HttpResponse:
    """List alarms: unacknowledged first, then by priority, then the newest; in pages of ``PAGE``."""
    query, now = request.GET.dict(), datetime.now(UTC)
    selection = selection_of(query)
    found = count_alarms(selection)
    pages = max(1, -(-found // PAGE))
    page = min(pages, page_number(query))
    alarms = read_alarms(selection, limit=PAGE, offset=(page - 1) * PAGE)
    tags = tag_cache().read()
    formats = read_formats(tags[alarm.tag] for alarm in alarms if alarm.tag in tags)
    context = {
        "rows": [row_of(alarm, tags.get(alarm.tag), now, formats) for alarm in alarms],
        "found": found,
        "page": page,
        "pages": pages,
        "before": address(query, page=str(page - 1)) if page > 1 else "",
        "after": address(query, page=str(page + 1)) if page < pages else "",
        "choices": STATE_CHOICES,
        "state": query.get("state", OPEN),
        "priority": query.get("priority", ""),
        "group": query.get("group", ""),
        "vessel": query.get("vessel", ""),
        "priorities": list(Priority),
        "vessels": list(Vessel.objects.filter(is_active=True)),
        "groups": sorted({tag.group for tag in tags.values() if tag.group}),
        "most": MOST_ACKNOWLEDGED,
    }
    return render(request, "alarms/list.html", shared(request, now) | context)


@page_of_alarms
def alarm_detail(request: HttpRequest, id: int) -> HttpResponse:
    """Show one alarm: condition, what to do, occurrences, and the lines of the journal.

    Raises:
        Http404: no alarm has this id.
    """
    now, alarm = datetime.now(UTC), find_alarm(id)
    if alarm is None:
        raise Http404(f"There is no alarm {id}.")
    tag = find_tag(alarm.tag) if alarm.tag else None
    journal = read_journal(JournalSelection(alarm=id), limit=LINES_OF_ALARM)
    occurrences = read_occurrences(id, tag, now)
    context = {
        "alarm": alarm,
        "row": row_of(alarm, tag, now, read_formats([tag] if tag else [])),
        "is_suppressed": alarm.state in SUPPRESSED,
        "is_shelved": alarm.state == State.SHELVED,
        "is_resettable": alarm.state == State.LATCHED_ACKNOWLEDGED,
        "until": alarm.suppressed_until and moment(alarm.suppressed_until, now),
        "no_data": alarm.no_data_since and moment(alarm.no_data_since, now),
        "respond_until": alarm.respond_until and moment(alarm.respond_until, now),
        "left": left_text(alarm.respond_until, now),
        "chart": chart_address(alarm, now),
        "advisor": advisor_address(alarm.tag, alarm.kind) if may(request, DEFINE) else "",
        "occurrences": occurrences,
        "lines": [line_of(entry, now) for entry in journal.entries],
        "has_more": journal.next is not None,
    }
    return render(request, "alarms/detail.html", shared(request, now) | context)


@page_of_alarms
def alarm_journal(request: HttpRequest) -> HttpResponse:
    """Show the journal, newest first, in keyset pages; a filter that cannot be read is ignored."""
    query, now = request.GET.dict(), datetime.now(UTC)
    page = read_journal(journal_selection(query), limit=LINES, after=cursor_of(query))
    kept = {name: query[name] for name in FILTERS if query.get(name)}
    context = {
        "lines": [line_of(entry, now) for entry in page.entries],
        "older": f"?{urlencode(kept | {'cursor': cursor_text(page.next)})}" if page.next else "",
        "downloads": {name: f"?{urlencode(kept | {'format': name})}" for name in ("csv", "jsonl")},
        "query": query,
        "acts": ACT_WORDS,
        "priorities": list(Priority),
        "tags": sorted(tag_cache().read()),
        "is_first": "cursor" not in query,
    }
    return render(request, "alarms/journal.html", shared(request, now) | context)


def shared(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return the part of the context that all these pages have."""
    return {
        "signed_in_as": signed_in_as(request),
        "may_define": may(request, DEFINE),
        "now": moment(now, now),
        "settings_for_scripts": {"now": iso_utc(now), "tags": [], "spans": words.SPANS},
    }


def selection_of(query: Mapping[str, str]) -> AlarmSelection:
    """Return the alarms that the parameters select; unknown values select as the defaults do."""
    state, priority = query.get("state", OPEN), query.get("priority", "")
    states: tuple[State, ...] = PRESENT
    if state == ALL:
        states = ()
    elif state in STATE_CHOICES and state != OPEN:
        states = (State(state),)
    return AlarmSelection(
        states=states,
        priorities=[priority] if priority in list(Priority) else [],
        group=query.get("group") or None,
        vessel=query.get("vessel") or None,
    )


def page_number(query: Mapping[str, str]) -> int:
    """Return the number of the page, from 1; 1 if invalid."""
    text = query.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 6 else 1


def address(query: Mapping[str, str], **changed: str) -> str:
    """Return the query string with some parameters changed."""
    return f"?{urlencode({**query, **changed})}"


def row_of(
    alarm: PresentAlarm, tag: TagDefinition | None, now: datetime, formats: Mapping[str, NumberFormat]
) -> AlarmRow:
    """Return the alarm as a row of the list."""
    end = alarm.cleared_at or now
    value = alarm.peak if alarm.value is None else alarm.value
    return AlarmRow(
        alarm=alarm,
        state_text=STATE_WORDS[alarm.state],
        since=moment(alarm.active_at, now) if alarm.active_at else None,
        lasted=words.duration_text(age_s(alarm.active_at, end)) if alarm.active_at else "",
        value=value_text(value, tag, formats) or score_text(value, alarm),
    )


def value_text(value: float | None, tag: TagDefinition | None, formats: Mapping[str, NumberFormat]) -> str:
    """Return the value in the tag's unit; empty without value or tag."""
    if value is None or tag is None:
        return ""
    return f"{formats[tag.name].text(value)} {tag.unit}".strip()


def score_text(score: float | None, alarm: PresentAlarm) -> str:
    """Return the score of an alarm of a batch; empty for other alarms."""
    return Words("", alarm.unit).amount(score) if alarm.vessel and score is not None else ""


def left_text(until: datetime | None, now: datetime) -> str:
    """Return how long an action still helps; empty if the alarm has no time to respond."""
    if until is None:
        return ""
    if until < now:
        return BAR_WORDS["ranOut"].format(words.duration_text(age_s(until, now)))
    return BAR_WORDS["left"].format(words.duration_text((until - now).total_seconds()))


def chart_address(alarm: PresentAlarm, now: datetime) -> str:
    """Return the query string of the dashboard around the last occurrence; empty without one."""
    if not alarm.tag or alarm.active_at is None:
        return ""
    start, end = alarm.active_at - AROUND, min(now, (alarm.cleared_at or alarm.active_at) + AROUND)
    return f"?{urlencode({'tag': alarm.tag, 'from': iso_utc(start), 'to': iso_utc(end)})}"


def advisor_address(tag: str | None, kind: str) -> str:
    """Return the address of the advice on an alarm; empty for an alarm without a limit."""
    if not tag or kind not in LIMIT_KINDS:
        return ""
    return f"{reverse('alarms-advisor')}?{urlencode({'tag': tag, 'kind': kind})}"


def line_of(entry: AlarmJournalEntry, now: datetime) -> JournalRow:
    """Return a line of the journal in words."""
    before, after = (STATE_WORDS.get(state, state) for state in (entry.from_state, entry.to_state))  # type: ignore[call-overload]
    return JournalRow(
        entry=entry,
        at=moment(entry.at, now),
        title=f"{entry.tag or entry.group or 'Fermon'}: {title_of(entry.kind)}",
        act=ACT_WORDS.get(entry.act, entry.act.replace("_", " ")),
        change=after if before != after else "",
        note=" ".join(filter(None, [entry.reason, entry.comment])),
    )


def journal_selection(query: Mapping[str, str]) -> JournalSelection:
    """Return the lines that the parameters select; what cannot be read selects nothing away."""
    return JournalSelection(
        start=time_of(query.get("from", "")),
        end=time_of(query.get("to", "")),
        alarm=id_of(query.get("alarm", "")),
        tags=[query["tag"]] if query.get("tag") else [],
        group=query.get("group") or None,
        acts=[query["act"]] if query.get("act") else [],
        priorities=[query["priority"]] if query.get("priority") else [],
    )


def id_of(text: str) -> int | None:
    """Return the id that the text says; None if empty, or no id that a database can hold."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def time_of(text: str) -> datetime | None:
    """Return the time that the text says; None if empty or not a time."""
    try:
        return parse_timestamp(text) if text else None
    except ValueError:
        return None


def cursor_text(cursor: Cursor) -> str:
    """Return the cursor for an address."""
    return f"{iso_utc(cursor.timestamp)}_{cursor.id}"


def cursor_of(query: Mapping[str, str]) -> Cursor | None:
    """Return the cursor of the address; None at the first page, and if it cannot be read."""
    time, _, number = query.get("cursor", "").rpartition("_")
    at, row = time_of(time), id_of(number)
    return None if at is None or row is None else Cursor(at, row)
