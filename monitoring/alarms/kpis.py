"""Key figures of an alarm system after ISA-18.2 and EEMUA 191, from its annunciations. No database.

The load on the operator counts by the time of annunciation (``noticed_us``); chattering, fleeting and stale
alarms by the time of the data (``active_us``). All times are integer microseconds since 1970.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from monitoring.kernel.clock import DAY_US, SECOND_US

INTERVAL_US = 600 * SECOND_US
FLOOD_ABOVE = 10  # annunciations in 10 minutes
FLOOD_BELOW = 5
TOP = 10
CHATTER_CUTOFF = 0.05  # per second
FLEETING_US = 10 * SECOND_US
AGAIN_US = 60 * SECOND_US
STALE_US = DAY_US
TOO_QUICK_US = 2 * SECOND_US
FULL_DAYS = 30
HOURS = 24

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Annunciation:
    """One occurrence that people were told of. ``alarm`` is the definition's id; None: not yet."""

    alarm: int
    active_us: int
    noticed_us: int
    cleared_us: int | None
    acknowledged_us: int | None
    priority: str


@dataclass(frozen=True, slots=True)
class Peak:
    """Intervals of 10 minutes on the clock: the most annunciations in one, the share with more than 10."""

    most: int
    share_above: float


@dataclass(frozen=True, slots=True)
class Chatter:
    """A chattering alarm: the most annunciations within the defining time, and the chatter index in 1/s."""

    alarm: int
    most: int
    index: float


@dataclass(frozen=True, slots=True)
class Response:
    """Seconds from annunciation to acknowledgement; None without any.

    ``unacknowledged`` counts those not acknowledged yet, ``too_quick`` those acknowledged within 2 s.
    """

    median_s: float | None
    p95_s: float | None
    unacknowledged: int
    too_quick: int


def average_per_interval(count: int, period: Span) -> float:
    """Return annunciations per 10 minutes: N / (T / 600 s)."""
    return count * INTERVAL_US / max(period[1] - period[0], 1)


def peak(times_us: Iterable[int], period: Span) -> Peak:
    """Return the fullest clock-aligned interval of 10 minutes that the period touches."""
    first, last = period[0] // INTERVAL_US, (period[1] - 1) // INTERVAL_US
    counts = Counter(time // INTERVAL_US for time in times_us)
    above = sum(count > FLOOD_ABOVE for count in counts.values())
    return Peak(max(counts.values(), default=0), above / max(last - first + 1, 1))


def floods(times_us: Sequence[int]) -> list[Span]:
    """Return begin and end of each flood, from annunciations in order of time.

    A flood begins when more than 10 annunciations lie within the last 10 minutes, and ends when fewer than 5
    do. The last flood ends 10 minutes after the annunciations that keep it up, at the latest.
    """
    found: list[Span] = []
    began: int | None = None
    oldest = 0  # of those within the last 10 minutes
    for place, time in enumerate(times_us):
        while times_us[oldest] <= time - INTERVAL_US:
            end = times_us[oldest] + INTERVAL_US
            oldest += 1
            if began is not None and bisect_right(times_us, end) - oldest < FLOOD_BELOW:
                found.append((began, end))
                began = None
        if began is None and place - oldest + 1 > FLOOD_ABOVE:
            began = time
    if began is not None:
        found.append((began, times_us[-FLOOD_BELOW] + INTERVAL_US))
    return found


def share_of(spans: Iterable[Span], period: Span) -> float:
    """Return the share of the period that the spans take; parts outside the period do not count."""
    return total_us(spans, period) / max(period[1] - period[0], 1)


def total_us(spans: Iterable[Span], period: Span) -> int:
    """Return the total time of the spans within the period."""
    return sum(max(0, min(end, period[1]) - max(begin, period[0])) for begin, end in spans)


def top(alarms: Iterable[int]) -> list[tuple[int, int]]:
    """Return the ten most frequent alarms with their numbers, most frequent first."""
    return sorted(Counter(alarms).items(), key=lambda found: (-found[1], found[0]))[:TOP]


def by_alarm(annunciations: Iterable[Annunciation]) -> dict[int, list[Annunciation]]:
    """Return the annunciations of each alarm in order of the data's time."""
    found: dict[int, list[Annunciation]] = defaultdict(list)
    for each in annunciations:
        found[each.alarm].append(each)
    return {alarm: sorted(rows, key=lambda row: row.active_us) for alarm, rows in found.items()}


def chattering(annunciations: Iterable[Annunciation], *, count: int, within_us: int) -> list[Chatter]:
    """Return the alarms with ``count`` annunciations or more in ``within_us``, the highest index first.

    The chatter index is the sum of P_r / r over the run lengths r, the whole seconds between successive
    annunciations of an alarm (at least 1); P_r is the share of r among them (Kondaveeti et al. 2010).
    """
    found = []
    for alarm, rows in by_alarm(annunciations).items():
        times = [row.active_us for row in rows]
        most = max(place + 1 - bisect_left(times, time - within_us) for place, time in enumerate(times))
        if most >= count:
            found.append(Chatter(alarm, most, chatter_index(times)))
    return sorted(found, key=lambda each: (-each.index, each.alarm))


def chatter_index(times_us: Sequence[int]) -> float:
    """Return the chatter index in 1/s of the annunciations of one alarm; 0 for a single one."""
    runs = Counter(max(1, round((after - before) / SECOND_US)) for before, after in pairwise(times_us))
    return sum(count / run for run, count in runs.items()) / max(runs.total(), 1)


def fleeting(annunciations: Iterable[Annunciation]) -> int:
    """Return how many were active for less than 10 s and did not come again within 60 s."""
    return sum(is_fleeting(each, following) for each, following in with_following(annunciations))


def is_fleeting(each: Annunciation, following: Annunciation | None) -> bool:
    if each.cleared_us is None or each.cleared_us - each.active_us >= FLEETING_US:
        return False
    return following is None or following.active_us - each.cleared_us > AGAIN_US


def with_following(
    annunciations: Iterable[Annunciation],
) -> Iterable[tuple[Annunciation, Annunciation | None]]:
    """Yield each annunciation with the next one of the same alarm (None: none follows)."""
    for rows in by_alarm(annunciations).values():
        yield from zip(rows, [*rows[1:], None], strict=True)


def stale_by_day(annunciations: Iterable[Annunciation], period: Span) -> dict[int, int]:
    """Return, for each day of the period (in days since 1970), the most alarms stale at one time.

    An alarm is stale once active for 24 h. An occurrence that replaces another one, because the alarm asked
    again, does not begin anew.
    """
    days = range(period[0] // DAY_US, (period[1] - 1) // DAY_US + 1)
    spans = stale_spans(annunciations, until=period[1])
    return {day: most_at_once(spans, (day * DAY_US, (day + 1) * DAY_US)) for day in days}


def stale_spans(annunciations: Iterable[Annunciation], *, until: int) -> list[Span]:
    """Return the times in which alarms were stale."""
    return [
        (begin + STALE_US, end)
        for rows in by_alarm(annunciations).values()
        for begin, end in standing_spans(rows, until=until)
        if end > begin + STALE_US
    ]


def standing_spans(rows: Iterable[Annunciation], *, until: int) -> list[Span]:
    """Return the times in which one alarm was active, from its annunciations in order of time."""
    found: list[Span] = []
    for row in rows:
        end = until if row.cleared_us is None else row.cleared_us
        if found and found[-1][1] == row.active_us:
            found[-1] = (found[-1][0], end)
        else:
            found.append((row.active_us, end))
    return found


def most_at_once(spans: Sequence[Span], within: Span) -> int:
    """Return the largest number of spans that overlap at one time."""
    inside = [span for span in spans if span[0] < within[1] and span[1] > within[0]]
    begins = [max(begin, within[0]) for begin, _ in inside]
    return max((sum(begin <= at < end for begin, end in inside) for at in begins), default=0)


def shares(values: Sequence[str]) -> dict[str, float]:
    """Return the share of each value."""
    return {value: count / len(values) for value, count in Counter(values).items()}


def response(annunciations: Sequence[Annunciation]) -> Response:
    """Return how soon alarms were acknowledged."""
    took = [
        each.acknowledged_us - each.noticed_us for each in annunciations if each.acknowledged_us is not None
    ]
    median, p95 = np.percentile(took, (50, 95)) / SECOND_US if took else (None, None)
    return Response(
        None if median is None else float(median),
        None if p95 is None else float(p95),
        unacknowledged=len(annunciations) - len(took),
        too_quick=sum(time < TOO_QUICK_US for time in took),
    )


def by_day_and_hour(times_us: Iterable[int]) -> dict[int, list[int]]:
    """Return the numbers of annunciations by day since 1970, each as a list of 24 hours (UTC)."""
    found: dict[int, list[int]] = defaultdict(lambda: [0] * HOURS)
    for time in times_us:
        day, rest = divmod(time, DAY_US)
        found[day][rest * HOURS // DAY_US] += 1
    return dict(sorted(found.items()))


def suppression_spans(
    lines: Iterable[tuple[int, int, str, str]],
    standing: Mapping[int, tuple[int, str]],
    states: Mapping[str, str],
    period: Span,
) -> dict[str, list[Span]]:
    """Return the times in which alarms were suppressed, by kind of suppression.

    ``lines`` are (alarm, time, state before, state after) from the journal within the period, in order of
    time; ``standing`` has (since, kind) of the alarms that are suppressed now; ``states`` gives the kind for
    a state, if that is a suppression. What the lines end without beginning began before the period.
    """
    spans: dict[str, list[Span]] = {kind: [] for kind in states.values()}
    open_since: dict[int, tuple[int, str]] = {}
    seen: set[int] = set()
    for alarm, at, before, after in lines:
        if before in states:
            since, kind = open_since.pop(alarm, (period[0], states[before]))
            spans[kind].append((since, at))
        if after in states:
            open_since[alarm] = (at, states[after])
        seen.add(alarm)
    still = {alarm: found for alarm, found in standing.items() if alarm not in seen and found[0] < period[1]}
    for since, kind in (open_since | still).values():
        spans[kind].append((max(since, period[0]), period[1]))
    return spans


def coverage(period: Span) -> str:
    """Return how much of the usual 30 days the period has: "12 of 30 days"; empty for all of them."""
    days = math.floor((period[1] - period[0]) / DAY_US)
    return "" if days >= FULL_DAYS else f"{days} of {FULL_DAYS} days"
