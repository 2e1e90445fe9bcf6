"""The description of a kind of channel, and what a sender gets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitoring.notifications.message import Message, Outcome


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a channel's form. A secret is write-only, or "env:NAME"."""

    name: str
    label: str
    help_text: str = ""
    is_secret: bool = False
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """A channel's address: the fields with secrets resolved. ``channel`` is the row's id.

    ``secrets`` are the values that may stand in no text.
    """

    channel: int
    fields: Mapping[str, str]
    allows_local: bool = False
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """A kind of channel. At most ``bucket`` messages are sent in ``bucket_s`` seconds; the rest wait.

    ``send`` returns an outcome and raises nothing; it ends within 10.5 s whatever the target does.
    ``is_short``: the channel carries ``Message.short_text`` alone. ``check`` returns the error of each field.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    send: Callable[[Message, Target], Outcome]
    check: Callable[[Mapping[str, str], bool], dict[str, str]]
    bucket: int = 20
    bucket_s: int = 300
    is_short: bool = False
