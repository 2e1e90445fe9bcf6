"""How often messages go to a channel and to a person. Knows no database.

Alarms that have to wait go together in the next message, so none is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FLOOD_WITHIN = timedelta(minutes=10)
FLOOD_MESSAGES = 5  # to a person within that time
# In a flood: the shortest time between a person's messages, after so many within FLOOD_WITHIN.
FLOOD_GAPS = tuple(timedelta(seconds=seconds) for seconds in (0, 15, 60, 120, 240))
# Medium and low alarms leave the last of the messages to urgent ones.
MINOR_MESSAGES = FLOOD_MESSAGES - 1
MINOR_GAP = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most so many messages within a time. The first half may go at once, the others spread over it."""

    messages: int = 20
    within_s: int = 300

    @property
    def within(self) -> timedelta:
        """Return the time as a timedelta."""
        return timedelta(seconds=self.within_s)


def may_send(bucket: Bucket, sent: Sequence[datetime], now: datetime) -> bool:
    """Return whether the channel may get another message. ``sent`` has its last messages, in any order."""
    lately = [at for at in sent if now - bucket.within < at <= now]
    if len(lately) >= bucket.messages:
        return False
    if len(lately) < max(1, bucket.messages // 2):
        return True
    return now - max(lately) >= bucket.within / bucket.messages


def may_disturb(sent: Sequence[datetime], now: datetime, *, is_urgent: bool) -> bool:
    """Return whether a person may get another message in a flood.

    ``sent`` has the times of the messages since the flood began, over all channels of the person.
    """
    lately = [at for at in sent if now - FLOOD_WITHIN < at <= now]
    if len(lately) >= (FLOOD_MESSAGES if is_urgent else MINOR_MESSAGES):
        return False
    gap = FLOOD_GAPS[len(lately)] if is_urgent else max(FLOOD_GAPS[len(lately)], MINOR_GAP)
    return not lately or now - max(lately) >= gap
