"""The feed of one process, with all that the stream sends: measurements, events, alarms."""

from monitoring.alarms.stream_changes import AlarmChanges
from monitoring.kernel.runtime import part
from monitoring.live.feed import Feed
from monitoring.live.hub import EventChanges, messages_of, reopen_if_replaced


def new_feed() -> Feed:
    """Return a feed without subscribers."""
    return Feed(render=messages_of, sources=[EventChanges(), AlarmChanges()], refresh=reopen_if_replaced)


def feed() -> Feed:
    """Return the feed of this process."""
    return part(new_feed)
