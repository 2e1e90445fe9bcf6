"""A message to people, and the result of an attempt to send one. Knows no database and no channel."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Result(StrEnum):
    """The end of an attempt. After UNKNOWN the message may have arrived."""

    OK = "ok"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an attempt, with the target's answer in words; never with a secret.

    ``retry_after_s`` is the wait that the target asks for. ``is_gone``: the target no longer exists.
    """

    result: Result
    detail: str = ""
    retry_after_s: float | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm of a message. ``kind`` is the delivery's: active, again, escalated, over, late or test.

    ``since`` and ``until`` are UTC; ``until`` is None while the condition lasts. Addresses are empty where
    Fermon does not know its own address.
    """

    kind: str
    priority: str
    tag: str
    group: str
    condition: str  # as "H", one of the alarm kinds
    text: str  # one line for people: name, value, limit, since when
    since: datetime | None = None
    until: datetime | None = None
    action: str = ""
    url: str = ""
    acknowledge_url: str = ""
    occurrence: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message for one channel.

    ``message_id`` is the same for each attempt of one message: the Message-ID of a mail, the
    Idempotency-Key of a webhook. ``is_repeat``: an earlier attempt may have arrived, and the text says so.
    ``priority`` is the highest of the lines. ``text`` is the whole, ``short_text`` fits 300 characters.
    """

    message_id: str
    subject: str
    text: str
    short_text: str
    priority: str
    lines: tuple[AlarmLine, ...] = ()
    is_repeat: bool = False
    url: str = ""
