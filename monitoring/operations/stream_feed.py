"""The feed of one process, with all that the stream sends: measurements, events, alarms, deviations."""

from monitoring.alarms.stream_changes import AlarmChanges
from monitoring.batches.stream_changes import DeviationChanges
from monitoring.kernel.runtime import part
from monitoring.live.feed import Feed
from monitoring.live.followed import ChangeSource
from monitoring.live.hub import EventChanges, messages_of, reopen_if_replaced


def new_feed() -> Feed:
    """Return a feed without subscribers."""
    sources: list[ChangeSource] = [EventChanges(), AlarmChanges(), DeviationChanges()]
    return Feed(render=messages_of, sources=sources, refresh=reopen_if_replaced)


def feed() -> Feed:
    """Return the feed of this process."""
    return part(new_feed)
