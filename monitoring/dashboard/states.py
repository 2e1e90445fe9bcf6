"""The initial state of a tag's card, before the scripts update the page."""

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
    """The state of a card.

    ``state`` is a key of CARD_WORDS; ``word`` replaces the text of CARD_WORDS unless empty; ``detail``
    gives the reason.
    """

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
    """Return the state of a tag, from the newest measurement and the open ``events``, newest first.

    ``reasons`` are the rule violations of an anomaly, as text. An open event takes precedence over an
    anomaly, since the 3σ rule marks some measurements by chance. A stale measurement supports neither.
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
    """Return the state for the newest open event.

    ``detail`` also has the violated limit, ``outside``, and the number of further open events.
    """
    event, *others = events
    more = f"{len(others)} more" if others else ""
    detail = "; ".join(filter(None, [event.explanation.removeprefix(f"{event.tag} "), outside, more]))
    return State("event", words.URGENCY["event"], event.start, detail, words.kind_text(event.kind))


def is_outside(tag: TagDefinition, value: float) -> bool:
    """Return whether the value violates a limit.

    Only such an anomaly needs a person; a violation of the 3σ rule alone does not.
    """
    below = tag.lower_limit is not None and value < tag.lower_limit
    return below or (tag.upper_limit is not None and value > tag.upper_limit)
