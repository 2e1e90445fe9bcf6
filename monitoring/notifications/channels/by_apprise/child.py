"""The process that sends one message by Apprise: a job as JSON on stdin, the result as JSON on stdout.

Knows no Django. Ends by itself at the limit, even if its parent was killed.
"""

import json
import os
import sys
import threading
from dataclasses import asdict
from typing import Any

from monitoring.notifications.channels.by_apprise.plugins import BadFieldsError, plugin_of


def main() -> None:
    """Send the job's message."""
    job = json.load(sys.stdin)
    timer = threading.Timer(job["limit_s"], os._exit, (1,))
    timer.daemon = True
    timer.start()
    json.dump(send(job), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # at once, whatever threads are left


def send(job: dict[str, Any]) -> dict[str, Any]:
    """Return whether the service took the message, and all that is known of the answer."""
    from apprise import Apprise
    from apprise.common import NotifyFormat, NotifyType

    from monitoring.notifications.channels.by_apprise import watching

    watched = watching.Watched()
    watching.watch(watched)
    try:
        plugin = plugin_of(job)
    except BadFieldsError as error:
        return {"is_ok": False, "wrong": str(error), **asdict(watched)}
    if not job["allows_local"]:
        watching.refuse_local(watched)
    sender = Apprise()
    sender.add(plugin)
    is_ok = sender.notify(
        body=job["body"], title=job["title"], notify_type=NotifyType.WARNING, body_format=NotifyFormat.TEXT
    )
    return {"is_ok": bool(is_ok), "wrong": "", **asdict(watched)}
