"""The dead man's switch: ping an address while the whole chain works; silence is noticed elsewhere."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from django.conf import settings

from monitoring.notifications.transport.allowed import RefusedTargetError
from monitoring.notifications.transport.http import NoAnswerError, NotSentError, Request, post
from monitoring.operations.chain import chain_problems

logger = logging.getLogger(__name__)

PING_S = 60.0
CONFIRM_S = 5.0  # a backup or a clean-up may hold the write lock for a moment
LIMIT_S = 10.0

Post = Callable[[str, str], str]


def post_text(url: str, text: str) -> str:
    """Post plain text within LIMIT_S. Return the error in words, without the address; empty: it arrived."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    try:
        answer = post(Request(url, text.encode(), headers), allows_local=True, limit_s=LIMIT_S)
    except (RefusedTargetError, NotSentError, NoAnswerError) as error:
        return str(error)
    return "" if answer.status < 300 else f"it answered {answer.status}"


def fail_url(url: str) -> str:
    """Return the address that reports a failure: the path followed by /fail, as heartbeat services expect."""
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/fail").geturl()


class Heartbeat:
    """Pings the address, or reports the problems at its /fail. Logs when either changes."""

    def __init__(
        self,
        url: str,
        problems: Callable[[], Sequence[str]] = chain_problems,
        send: Post = post_text,
        confirm_s: float = CONFIRM_S,
    ) -> None:
        self._url, self._problems, self._send, self._confirm_s = url, problems, send, confirm_s
        self._error = ""
        self._is_broken = False

    def beat(self) -> None:
        """Ping once. A failure is reported if a second look confirms the first."""
        problems = self._problems()
        if problems and not self._is_broken:
            time.sleep(self._confirm_s)
            problems = self._problems()
        if bool(problems) != self._is_broken:
            self._is_broken = bool(problems)
            words = "the heartbeat reports a failure" if problems else "the heartbeat reports that all works"
            logger.log(logging.WARNING if problems else logging.INFO, words, extra={"problems": problems})
        error = self._send(fail_url(self._url) if problems else self._url, "\n".join(problems))
        if error and not self._error:
            logger.error("the heartbeat can't be sent", extra={"error": error})
        elif self._error and not error:
            logger.info("the heartbeat is sent again")
        self._error = error

    def run(self, is_stopped: threading.Event) -> None:
        """Ping each minute. An error in one ping may not end the others."""
        while not is_stopped.wait(PING_S):
            try:
                self.beat()
            except Exception:
                logger.exception("the heartbeat failed")


def start_heartbeat() -> threading.Event | None:
    """Start the pings of this process in a thread; return the event that ends them, or None (no address)."""
    if not settings.FERMON_HEARTBEAT_URL:
        return None
    is_stopped = threading.Event()
    heartbeat = Heartbeat(settings.FERMON_HEARTBEAT_URL)
    threading.Thread(target=heartbeat.run, args=(is_stopped,), name="heartbeat", daemon=True).start()
    return is_stopped
