"""The initial state of a tag's card, before the scripts update the page.

``static/monitoring/js/app/tag-state.js`` goes on by the same rules, with the words and settings of the page;
the cases in ``tests/js/cases/cards.json`` hold for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.alarms.kinds import LIMIT_KINDS
from monitoring.alarms.reading import PresentAlarm
from monitoring.dashboard import words
from monitoring.dashboard.alarm_words import alarm_detail, alarm_urgency, alarm_word
from monitoring.dashboard.moments import age_s, moment
from monitoring.history.confirmed import later_of
from monitoring.history.events import StoredEvent, strongest_first
from monitoring.history.measurements import Point
from monitoring.kernel.number_format import AS_TYPED
from monitoring.kernel.tag_definition import TagDefinition

SHORTEST_S = 2  # a shorter duration is not shown


@dataclass(frozen=True, slots=True)
class State:
    """The state of a card.

    ``state`` is a key of CARD_WORDS; ``word`` replaces the text of CARD_WORDS unless empty; ``detail``
    gives the reason. ``since`` is the start of a lasting state, or with ``is_past`` the time of something
    that is over. ``alarm`` is the alarm of the state "alarm".
    """

    state: str
    urgency: int
    since: datetime | None = None
    detail: str = ""
    word: str = ""
    is_past: bool = False
    alarm: PresentAlarm | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The data from which the state of a tag derives, besides the newest measurement.

    ``reasons`` are the rule violations of that measurement, as text; ``events`` are open, newest first;
    ``alarm`` is the tag's most urgent alarm; ``outside_since`` the start of the excursion beyond a limit;
    ``confirmed`` the time until which a source confirms the newest measurement. A wall screen (``is_wall``)
    shows neither violations of the 3σ rule nor explanations of events.
    """

    reasons: Sequence[str] = ()
    events: Sequence[StoredEvent] = ()
    alarm: PresentAlarm | None = None
    outside_since: datetime | None = None
    confirmed: datetime | None = None
    is_wall: bool = False


NOTHING = Evidence()


def state_of(tag: TagDefinition, newest: Point | None, now: datetime, evidence: Evidence = NOTHING) -> State:
    """Return the state of a tag: the alarm, else the limit, else missing data, else events, else 3σ.

    A state does not hide the others that a person has to know: the detail also has a violated limit, the
    end of the data, and an event: the newest of the strongest. Weak events are no state. A stale
    measurement supports no event and no violation of the 3σ rule.
    """
    if evidence.alarm:
        return alarm_state(evidence.alarm, further(tag, newest, now, evidence))
    if newest is None:
        return State("empty", 0)
    outside, stale = outside_text(tag, newest), stale_text(tag, newest, now, evidence.confirmed)
    events = strongest_first(evidence.events)
    if outside:
        detail = words.joined(outside, stale or event_word(events))
        since = evidence.outside_since or newest.timestamp
        return State("outside", words.URGENCY["outside"], since, detail)
    if stale:
        return State("stale", words.URGENCY["stale"], newest.timestamp, stale)
    if events:
        return event_state(events, newest, is_wall=evidence.is_wall)
    if newest.is_anomaly and not evidence.is_wall:
        return State("unusual", 0, detail="; ".join(evidence.reasons))
    return State("normal", 0)


def alarm_state(alarm: PresentAlarm, more: str) -> State:
    """Return the state for an alarm; ``more`` are further texts for the detail."""
    is_over = not alarm.is_active
    return State(
        state="alarm",
        urgency=alarm_urgency(alarm.priority, is_acknowledged=alarm.is_acknowledged),
        since=alarm.cleared_at if is_over else alarm.active_at,
        detail=words.joined(alarm_detail(alarm), more),
        word=alarm_word(alarm),
        is_past=is_over,
        alarm=alarm,
    )


def further(tag: TagDefinition, newest: Point | None, now: datetime, evidence: Evidence) -> str:
    """Return the texts that the detail of an alarm has besides the alarm: a limit, missing data."""
    if newest is None:
        return ""
    is_of_limit = evidence.alarm is not None and evidence.alarm.kind in LIMIT_KINDS
    outside = "" if is_of_limit else outside_text(tag, newest)
    stale = stale_text(tag, newest, now, evidence.confirmed)
    return words.joined(outside and f"{words.CARD_WORDS['outside']}, {outside}", stale)


def event_state(events: Sequence[StoredEvent], newest: Point, *, is_wall: bool) -> State:
    """Return the state for the first of the open events, with the number of further ones.

    An event that happens at a moment has an age and no duration.
    """
    event, *others = events
    is_back = event.kind == words.OVER_AT_ONCE and not newest.is_anomaly
    why = "" if is_wall else event.explanation.removeprefix(f"{event.tag} ")
    more = words.PATTERNS["more"].format(len(others)) if others else ""
    return State(
        state="event",
        urgency=words.URGENCY["event"],
        since=event.start,
        detail=words.joined(words.BACK if is_back else "", why, more),
        word=words.kind_text(event.kind),
        is_past=event.kind in words.MOMENTARY_KINDS,
    )


def event_word(events: Sequence[StoredEvent]) -> str:
    """Return the kind of the first event; empty without events."""
    return words.kind_text(events[0].kind) if events else ""


def stale_text(tag: TagDefinition, newest: Point, now: datetime, confirmed: datetime | None = None) -> str:
    """Return since when the tag has no reading; empty if the newest one or its confirmation is fresh."""
    if age_s(later_of(newest.timestamp, confirmed), now) <= tag.stale_after_s:
        return ""
    return words.PATTERNS["noReading"].format(moment(newest.timestamp, now).text)


def outside_text(tag: TagDefinition, newest: Point) -> str:
    """Return the limit that the measurement violates, as text; empty if there is none.

    Limits are compared when a reading arrives: after a change of a limit, the flag decides.
    """
    side = outside_side(tag, newest.value) if newest.is_anomaly else ""
    if not side:
        return ""
    bound = tag.upper_limit if side == "above" else tag.lower_limit
    return words.LIMIT_WORDS[side].format(AS_TYPED.trimmed(bound))


def outside_side(tag: TagDefinition, value: float) -> str:
    """Return "above" or "below" for a value that violates a limit; empty for one within the limits."""
    if tag.upper_limit is not None and value > tag.upper_limit:
        return "above"
    return "below" if tag.lower_limit is not None and value < tag.lower_limit else ""


def lasting_text(found: State, normal_since: datetime | None, now: datetime) -> str:
    """Return "for 3 min" or, of something that is over, "3 min ago"; with a colon if a detail follows."""
    since = normal_since if found.state == "normal" else found.since
    if not since or age_s(since, now) < SHORTEST_S:
        return ""
    pattern = words.PATTERNS["past" if found.is_past else "lasting"]
    lasting = pattern.format(words.duration_text(age_s(since, now)))
    return f"{lasting}:" if found.detail else lasting
