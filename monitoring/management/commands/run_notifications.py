"""``manage.py run_notifications``: the process that notifies people."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring.database.connections import leave_pool
from monitoring.kernel.resolving import is_exhausted
from monitoring.kernel.stop_flag import stop_requested
from monitoring.models import Channel
from monitoring.notifications import notifier
from monitoring.notifications.dispatcher import Dispatcher
from monitoring.notifications.message import Message, Outcome
from monitoring.notifications.pace import Bucket
from monitoring.operations.child_process import run_until_signal
from monitoring.operations.heartbeat import start_heartbeat
from monitoring.operations.parent_watchdog import end_with_launcher
from monitoring.operations.privacy import mend_private_files

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Notify people until SIGTERM or SIGINT."""

    help = (
        "Notifies people of alarms, or stands by while another process does. 'manage.py qcluster' runs it by"
        " itself. Ctrl-C stops it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError if notifying failed; the log says why."""
        mend_private_files()
        leave_pool()
        end_with_launcher()
        if not run_until_signal("notifications", follow):
            raise CommandError("Notifying people failed: see the log.")


def follow() -> None:
    """Notify people until a stop is requested, or too many look-ups of names hang in this process."""
    heartbeat = start_heartbeat()
    notifier.run(lambda: Dispatcher(send, bucket_of=bucket_of), should_stop=is_to_end)
    if heartbeat is not None:
        heartbeat.set()


def is_to_end() -> bool:
    """Return whether this process ends: a stop is requested, or too many look-ups of names hang."""
    if is_exhausted():
        logger.error("name resolution hangs: another process notifies people")
        return True
    return stop_requested()


# The senders are loaded at the first message: most processes only stand by, and the libraries are large.


def send(channel: Channel, message: Message) -> Outcome:
    """Send a message."""
    from monitoring.notifications import sending

    return sending.send(channel, message)


def bucket_of(kind: str) -> Bucket:
    """Return how many messages a channel of this kind may get."""
    from monitoring.notifications.channels.registry import KINDS

    found = KINDS.get(kind)
    return Bucket(found.bucket, found.bucket_s) if found else Bucket()
