"""The state that a tag's card is in when the page is first painted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.dashboard import words
from monitoring.dashboard.moments import age_s, moment
from monitoring.history.events import StoredEvent
from monitoring.history.measurements import Point
from monitoring.kernel.tag_definition import TagDefinition


@dataclass(frozen=True, slots=True)
class State:
    """``state`` is a key of CARD_WORDS, ``word`` what it is called unless as there, ``detail`` says why."""

    state: str
    urgency: int
    since: datetime | None = None
    detail: str = ""
    word: str = ""


def state_of(
    tag: TagDefinition,
    newest: Point | None,
    now: datetime,
    reasons: Sequence[str],
    events: Sequence[StoredEvent],
) -> State:
    """The state by the open events and the newest measurement; ``reasons`` say why that is an anomaly.

    An event says more than an anomaly, of which the 3σ rule finds some by chance; but a value that is old
    is no basis for either.
    """
    if newest is None:
        return State("empty", 0)
    if age_s(newest.timestamp, now) > tag.stale_after_s:
        detail = f"no reading since {moment(newest.timestamp, now).text}"
        return State("stale", words.URGENCY["stale"], newest.timestamp, detail)
    outside = newest.is_anomaly and is_outside(tag, newest.value)
    if events:
        return event_state(events, f"value {reasons[0]}" if outside and reasons else "")
    if newest.is_anomaly:
        return State("anomaly", words.URGENCY["anomaly"] if outside else 0, detail="; ".join(reasons))
    return State("normal", 0)


def event_state(events: Sequence[StoredEvent], outside: str) -> State:
    """The event that began last, and how many there are beside it."""
    event, *others = events
    more = f"{len(others)} more" if others else ""
    detail = "; ".join(filter(None, [event.explanation.removeprefix(f"{event.tag} "), outside, more]))
    return State("event", words.URGENCY["event"], event.start, detail, words.kind_text(event.kind))


def is_outside(tag: TagDefinition, value: float) -> bool:
    """Whether the value lies outside a limit: that needs a person, what the 3σ rule finds alone does not."""
    below = tag.lower_limit is not None and value < tag.lower_limit
    return below or (tag.upper_limit is not None and value > tag.upper_limit)
