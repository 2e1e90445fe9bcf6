"""Send a message to all browsers of a person's channel."""

import logging

from monitoring.models import PushSubscription
from monitoring.notifications.channels.answers import deliver
from monitoring.notifications.channels.kind import Target
from monitoring.notifications.channels.web_push.encrypting import encrypt
from monitoring.notifications.channels.web_push.payload import headers_of, payload_of
from monitoring.notifications.channels.web_push.vapid import authorization
from monitoring.notifications.message import Message, Outcome, Result
from monitoring.notifications.push_keys import PushKeyError
from monitoring.notifications.transport.deadline import Deadline
from monitoring.notifications.transport.http import Request

logger = logging.getLogger(__name__)

LIMIT_S = 9.5
GONE = ("HTTP 404", "HTTP 410")
# The best outcome of several browsers stands for the channel.
BEST_FIRST = (Result.OK, Result.UNKNOWN, Result.TEMPORARY, Result.PERMANENT)


def send(message: Message, target: Target, limit_s: float = LIMIT_S) -> Outcome:
    """Push the message to each browser; forget browsers that no longer exist."""
    subscriptions = list(PushSubscription.objects.filter(channel=target.channel))
    deadline = Deadline(limit_s)
    outcomes = [
        _push(message, each, target, deadline.left() / (len(subscriptions) - place))
        for place, each in enumerate(subscriptions)
    ]
    left = [outcome for outcome in outcomes if not outcome.is_gone]
    if not left:
        return Outcome(Result.PERMANENT, "No browser takes notifications of this channel.", is_gone=True)
    return min(left, key=lambda outcome: BEST_FIRST.index(outcome.result))


def _push(message: Message, subscription: PushSubscription, target: Target, limit_s: float) -> Outcome:
    if not (target.allows_local or subscription.endpoint.startswith("https://")):
        return Outcome(Result.PERMANENT, "The browser's push service has no address of https.")
    try:
        headers = headers_of(message) | {"Authorization": authorization(subscription.endpoint)}
        body = encrypt(payload_of(message), subscription.p256dh, subscription.auth)
    except (PushKeyError, ValueError) as error:
        return Outcome(Result.PERMANENT, str(error))
    outcome = deliver(Request(subscription.endpoint, body, headers), target, limit_s)
    if not outcome.detail.startswith(GONE):
        return outcome
    subscription.delete()
    logger.info("a browser no longer takes notifications", extra={"channel": target.channel})
    return Outcome(Result.PERMANENT, outcome.detail, is_gone=True)
