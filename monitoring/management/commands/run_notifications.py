"""``manage.py run_notifications``: the process that notifies people."""

import sys
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring.database.connections import leave_pool
from monitoring.kernel.stop_flag import stop_requested
from monitoring.models import Channel
from monitoring.notifications import notifier
from monitoring.notifications.dispatcher import Dispatcher
from monitoring.notifications.message import Message, Outcome
from monitoring.notifications.pace import Bucket
from monitoring.operations.child_process import run_until_signal
from monitoring.operations.parent_watchdog import end_with_launcher
from monitoring.operations.privacy import mend_private_files

SENDING, REGISTRY = "monitoring.notifications.sending", "monitoring.notifications.channels.registry"


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
    """Notify people until a stop is requested."""
    notifier.run(lambda: Dispatcher(send, bucket_of=bucket_of), should_stop=should_stop)


def should_stop() -> bool:
    """Return whether to end: at a signal, or to hand over if too many threads of senders hang."""
    sending = sys.modules.get(SENDING)
    return stop_requested() or (sending is not None and bool(sending.is_exhausted()))


def send(channel: Channel, message: Message) -> Outcome:
    """Send a message. The senders are loaded at the first one: most processes only stand by."""
    outcome: Outcome = import_module(SENDING).send(channel, message)
    return outcome


def bucket_of(kind: str) -> Bucket:
    """Return how many messages a channel of this kind may get."""
    found = import_module(REGISTRY).KINDS.get(kind)
    return Bucket(found.bucket, found.bucket_s) if found else Bucket()
