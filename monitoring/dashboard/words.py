"""The texts of the page, for the template and, as part of its JSON, for the scripts."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from string import ascii_lowercase

from monitoring.history.export_intervals import INTERVALS_S
from monitoring.history.measurements import Reason
from monitoring.history.stats import Totals
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.number_format import AGE, AS_TYPED, DURATION, LEAD, NumberFormat, fixed_text, span_text
from monitoring.kernel.tag_definition import TagDefinition

UNITS = {"m": "min", "h": "h", "d": "d"}
REASON_WORDS = {
    "below_limit": "below the limit {lower}",
    "above_limit": "above the limit {upper}",
    "rolling_3sigma": "outside rolling mean ± 3σ ({lower} to {upper})",
    "rolling_3sigma_constant": "constant before, at {lower}",
}
CONSTANT = "_constant"  # suffix of a reason with a band of one value
CARD_WORDS = {
    "alarm": "Alarm",
    "outside": "out of limit",
    "recent": "out of limit",  # seconds ago; the newest value is within the limits again
    "event": "event",
    "stale": "stale",
    "unusual": "unusual (3σ)",
    "normal": "normal",
    "empty": "no data yet",
}
# The text of a value outside a limit, without the rule of which that is a violation.
LIMIT_WORDS = {"below": "below the limit {}", "above": "above the limit {}"}
# Kinds of events that happen at a moment. An open event of such a kind is of some time ago and does not last.
MOMENTARY_KINDS = ("spike", "step_up", "step_down")
OVER_AT_ONCE = "spike"  # the value is back by itself
BACK = "back to normal"
# Urgency by state: the highest comes first. Alarms have one by priority, and more while not acknowledged;
# a violation of the 3σ rule alone has none.
URGENCY = {"alarm": 4, "outside": 3, "recent": 3, "event": 2, "stale": 1}
# The heading of tags without a group, if other tags have one.
OTHER_GROUP = "Other"
# Texts of states and events, with a place for a duration or a number.
PATTERNS = {
    "lasting": "for {}",
    "past": "{} ago",
    "more": "{} more",
    "noReading": "no reading since {}",
    "following": "Following: ",
    "showingPast": "Showing the past: ",
    "last": "last {}",
    "since": "since ",
    "to": " to ",
    "eventName": "{kind} of {tag}, {time}",
    "open": "{} open",
    "noEvents": "None so far.",
    "noEventsYet": "No events yet. {}.",
    "learning": "{tag}: {text}",
    "orMoreOpen": "{} or more open",
}
# A problem that the server reports, if the time of its beginning is known.
PROBLEM_SINCE = "{problem} Since {time}."
# The formats of durations, for the scripts.
SPANS = {
    name: [each.as_json() for each in formats]
    for name, formats in (("age", AGE), ("duration", DURATION), ("lead", LEAD))
}
# The time shown before and after an anomaly or an event.
AROUND = timedelta(minutes=1)
# The choices of the download dialog, in the order shown: the parameter's value, and the text.
DOWNLOAD_INTERVALS = [
    ("auto", "as many as a chart shows"),
    ("raw", "every measurement"),
    *((name, f"one for every {name.rstrip(ascii_lowercase)} {UNITS[name[-1]]}") for name in INTERVALS_S),
]
DOWNLOAD_FORMATS = [
    ("csv", "CSV"),
    ("csv.gz", "CSV, compressed"),
    ("xlsx", "Excel (XLSX)"),
    ("parquet", "Parquet"),
    ("jsonl", "JSON lines"),
    ("jsonl.gz", "JSON lines, compressed"),
]
# The error messages for a time range that the user has typed in.
REFUSED_RANGES = {
    "incomplete": "Both ends are needed, each with its date and time.",
    "skipped": "The clocks skip one of these times: they go forward over it. Choose one before or after it.",
    "reversed": "'From' must be earlier than 'to'.",
    "future": "'From' lies in the future: there is nothing to show yet.",
}


def value_text(tag: TagDefinition, number: NumberFormat, value: float) -> str:
    """Return a value as text: the name of its state, if it has one."""
    return tag.state_of(value) or number.text(value)


def value_width(tag: TagDefinition, number: NumberFormat, value: float | None) -> float:
    """Return the digits that a card keeps free: for such a value, the limits and the names of states."""
    numbers = [each for each in (value, tag.lower_limit, tag.upper_limit) if each is not None]
    return max([number.width(numbers), *(float(len(name)) for _, name in tag.states)])


def limits_text(tag: TagDefinition) -> str:
    """Return the limits as text, such as "10 to 20", "at most 20" or "none"."""
    lower, upper = AS_TYPED.trimmed(tag.lower_limit), AS_TYPED.trimmed(tag.upper_limit)
    if tag.lower_limit is None and tag.upper_limit is None:
        return "none"
    if tag.lower_limit is None:
        return f"at most {upper}"
    return f"at least {lower}" if tag.upper_limit is None else f"{lower} to {upper}"


def reasons_texts(reasons: list[Reason], number: NumberFormat) -> list[str]:
    """Return each rule violation in words; a rule without a text appears under the rule's name."""
    band = number.uniform
    return [
        reason_words(found).format(lower=band.trimmed(found.lower), upper=band.trimmed(found.upper))
        for found in reasons
    ]


def reason_words(found: Reason) -> str:
    """Return the text of a rule violation, with the placeholders ``lower`` and ``upper`` for the band.

    A rule may have a separate text for a band of one value.
    """
    sentence = REASON_WORDS.get(found.reason, found.reason.replace("_", " "))
    if found.lower is not None and found.lower == found.upper:
        return REASON_WORDS.get(found.reason + CONSTANT, sentence)
    return sentence


def reasons_text(reasons: list[Reason], number: NumberFormat) -> str:
    """Return the reasons of an anomaly as one text, separated by semicolons."""
    return "; ".join(reasons_texts(reasons, number))


def joined(*texts: str) -> str:
    """Return the texts that are not empty as one, separated by semicolons."""
    return "; ".join(filter(None, texts))


def name_parts(name: str) -> list[str]:
    """Split a name where a line may break: after "_", ".", "/" and "-".

    ``static/monitoring/js/base/dom.js`` has the same rule.
    """
    return re.findall(r"[^_./-]+[_./-]*|[_./-]+", name)


def kind_text(kind: str) -> str:
    """Return the kind of an event in words, such as "Step up"."""
    words = kind.replace("_", " ")
    return words[:1].upper() + words[1:]


def moment_text(moment: datetime, now: datetime) -> str:
    """Format a UTC time; add the date if the day is not today, and the year if not this year."""
    if moment.date() == now.date():
        return f"{moment:%H:%M:%S} UTC"
    year = "" if moment.year == now.year else f"{moment.year} "
    return f"{moment.day} {moment:%b} {year}{moment:%H:%M:%S} UTC"


def until_text(end: datetime, start: datetime, now: datetime) -> str:
    """Format the end of a range in UTC; without a date if the range ends on the day on which it starts."""
    return moment_text(end, end if end.date() == start.date() else now)


def problem_lines(problems: Sequence[str], since: datetime | None, now: datetime) -> list[str]:
    """Return the problems as lines, the first with the time since when, if known."""
    if not problems or since is None:
        return list(problems)
    first, *others = problems
    return [PROBLEM_SINCE.format(problem=first, time=moment_text(since, now)), *others]


def duration_text(seconds: float) -> str:
    """Format a duration in the one or two largest units, such as "90 s" or "2 h 5 min"."""
    return span_text(seconds, DURATION)


def address_around(time: datetime, anomaly: int, tag: str = "") -> str:
    """Return the query string of the dashboard that shows this anomaly with the minute before and after."""
    only = f"tag={tag}&" if tag else ""
    return f"?{only}from={iso_utc(time - AROUND)}&to={iso_utc(time + AROUND)}&anomaly={anomaly}"


def address_over(start: datetime, end: datetime | None, event: int, now: datetime, tag: str = "") -> str:
    """Return the query string of the dashboard that shows the event with the minute before and after.

    The time shown ends at ``now`` at the latest; ``end`` is None for an open event.
    """
    only = f"tag={tag}&" if tag else ""
    until = min((end or now) + AROUND, now)
    return f"?{only}from={iso_utc(start - AROUND)}&to={iso_utc(until)}&event={event}"


def part_text(
    *, shown: int, first: int, found: int, urgent: int, group: str, search: str, in_use: int
) -> str:
    """Return a sentence about the tags shown; ``first`` tags come before those ``shown``."""
    of = f" of {group}" if group else ""
    sought = f" with “{search}” in their name, description or group" if search else ""
    if not found:
        return f"None of the {in_use:,} tags{of} is shown: there is none{sought}."
    what = f"{shown} of {found:,} tags{of}{sought}" + (f" ({in_use:,} in all)" if found < in_use else "")
    place = f", from the {first + 1:,}. on" if first else ""
    verb = "is" if shown == 1 else "are"
    needing = "none needs" if not urgent else f"{urgent:,} {'needs' if urgent == 1 else 'need'}"
    order = f": {needing} a person" + (", first in the list." if urgent else ".")
    return f"{what} {verb} shown{place}{order if found > 1 else '.'}"


def totals_texts(totals: Totals) -> dict[str, str]:
    """Return the totals with thousands separators."""
    return {
        "measurements": f"{totals.measurements:,}",
        "anomalies": f"{totals.anomalies:,}",
        "rate": f"{fixed_text(totals.anomaly_rate, 2)} %",
    }
