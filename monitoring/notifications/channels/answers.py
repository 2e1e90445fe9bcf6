"""The outcome of a POST to a target."""

from monitoring.notifications.channels.kind import Target
from monitoring.notifications.message import Outcome, Result
from monitoring.notifications.transport.allowed import RefusedTargetError
from monitoring.notifications.transport.http import Answer, NoAnswerError, NotSentError, Request, post

LIMIT_S = 10.0
# Statuses of the 4xx that pass by: timeout, too early, too many requests.
TEMPORARY = frozenset({408, 425, 429})
GONE = 410


def deliver(request: Request, target: Target, limit_s: float = LIMIT_S) -> Outcome:
    """POST a request; return the outcome of the attempt."""
    try:
        return outcome_of(post(request, allows_local=target.allows_local, limit_s=limit_s))
    except RefusedTargetError as error:
        return Outcome(Result.PERMANENT, str(error))
    except NotSentError as error:
        return Outcome(Result.TEMPORARY, f"not sent: {error}")
    except NoAnswerError as error:
        return Outcome(Result.UNKNOWN, f"sent, but {error}")


def outcome_of(answer: Answer) -> Outcome:
    """Return the outcome that an answer's status stands for."""
    detail = f"HTTP {answer.status} {answer.text}".rstrip()
    if 200 <= answer.status < 300:
        return Outcome(Result.OK, detail)
    if 300 <= answer.status < 400:
        return Outcome(Result.PERMANENT, f"{detail}: a redirect. Enter the final address.")
    if answer.status >= 500 or answer.status in TEMPORARY:
        return Outcome(Result.TEMPORARY, detail, answer.retry_after_s)
    return Outcome(Result.PERMANENT, detail, is_gone=answer.status == GONE)
