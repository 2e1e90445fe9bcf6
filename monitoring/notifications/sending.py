"""Send a message by a channel: one call that never raises and always ends."""

import logging
from dataclasses import replace

from monitoring.kernel import resolving
from monitoring.models import Channel
from monitoring.notifications.channels.kind import Target
from monitoring.notifications.channels.registry import KINDS
from monitoring.notifications.message import Message, Outcome, Result
from monitoring.notifications.targets import TargetError, mask, target_of

logger = logging.getLogger(__name__)

MOST_DETAIL = 500


def send(channel: Channel, message: Message) -> Outcome:
    """Send a message; return the outcome, without secrets, within 10.5 s."""
    if channel.kind not in KINDS:
        return Outcome(Result.PERMANENT, f"Fermon knows no channels of the kind {channel.kind!r}.")
    try:
        target = target_of(channel)
    except TargetError as error:
        return Outcome(Result.PERMANENT, str(error))
    outcome = _attempt(channel.kind, message, target)
    return replace(outcome, detail=mask(" ".join(outcome.detail.split()), target)[:MOST_DETAIL])


def is_exhausted() -> bool:
    """Return whether this process should end, and its standby take over: too many of its threads hang."""
    return resolving.is_exhausted()


def _attempt(kind: str, message: Message, target: Target) -> Outcome:
    try:
        return KINDS[kind].send(message, target)
    except Exception as error:  # noqa: BLE001 - an error in one sender may not stop the others
        text = mask(str(error), target)
        logger.error("sending failed", extra={"kind": kind, "error": f"{type(error).__name__}: {text}"})
        return Outcome(Result.UNKNOWN, f"An error of Fermon: {type(error).__name__}.")
