"""Send a message by one of Apprise's plugins."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from monitoring.notifications.channels.answers import outcome_of
from monitoring.notifications.channels.by_apprise.job import Job
from monitoring.notifications.channels.by_apprise.running import BusyError, run
from monitoring.notifications.channels.kind import Target
from monitoring.notifications.message import Message, Outcome, Result
from monitoring.notifications.transport.http import Answer, retry_after

LIMIT_S = 8.0
BUSY_AGAIN_S = 5.0

Arguments = Callable[[Message, Mapping[str, str]], Job]


def sender(job_of: Arguments) -> Callable[[Message, Target], Outcome]:
    """Return the ``send`` of a kind of channel, by the function that makes the order for Apprise."""

    def send(message: Message, target: Target) -> Outcome:
        return send_job(job_of(message, target.fields), target)

    return send


def send_job(job: Job, target: Target, limit_s: float = LIMIT_S) -> Outcome:
    """Let a process of its own send the message; return the outcome."""
    try:
        found = run(job, allows_local=target.allows_local, limit_s=limit_s)
    except BusyError:
        return Outcome(Result.TEMPORARY, "too many messages at a time", BUSY_AGAIN_S)
    if found is None:
        return Outcome(Result.UNKNOWN, "no answer in time")
    return outcome_of_child(found)


def outcome_of_child(found: Mapping[str, Any]) -> Outcome:
    """Return the outcome that the child's result stands for."""
    if found["is_ok"]:
        return Outcome(Result.OK, f"HTTP {found['status']}")
    if found["wrong"]:
        return Outcome(Result.PERMANENT, found["wrong"])
    if found["is_refused"]:
        return Outcome(Result.PERMANENT, "The target is an address of this machine or a link-local one.")
    if found["has_sent"]:
        return Outcome(Result.UNKNOWN, "sent, but no answer in time")
    return of_answer(found) if found["status"] else of_error(found)


def of_answer(found: Mapping[str, Any]) -> Outcome:
    """Return the outcome of an answer that Apprise took for a failure, though some have a status of 2xx.

    A long message goes in parts: if an earlier one was accepted, another attempt repeats that part.
    """
    outcome = outcome_of(Answer(found["status"], retry_after(found["retry_after"]), found["text"]))
    if outcome.result is Result.OK:
        return replace(outcome, result=Result.PERMANENT)
    is_part_sent = outcome.result is Result.TEMPORARY and found["was_accepted"]
    return replace(outcome, result=Result.UNKNOWN) if is_part_sent else outcome


def of_error(found: Mapping[str, Any]) -> Outcome:
    """Return the outcome without an answer; without any request, Apprise has refused the fields."""
    if found["error"]:
        return Outcome(Result.TEMPORARY, f"not sent: {found['error']}")
    return Outcome(Result.PERMANENT, "Apprise does not accept the fields: check them.")
