"""Telegram, by a bot."""

from collections.abc import Mapping

from monitoring.notifications.channels.by_apprise.job import Job
from monitoring.notifications.channels.checks import matching
from monitoring.notifications.channels.kind import Field
from monitoring.notifications.message import Message

FIELDS = (
    Field("token", "Bot's token", "As 123456789:ABC...; @BotFather gives it.", is_secret=True),
    Field("chat", "Chat", "The number of the chat, as -1001234567890, or @name of a channel."),
)

CHECKS = {
    "token": matching(r"\d+:[\w-]{20,}", "Use a token as 123456789:ABC..."),
    "chat": matching(r"-?\d+|@\w+", "Use a number, or @ and a name."),
}


def job_of(message: Message, fields: Mapping[str, str]) -> Job:
    """Return the order for Apprise."""
    arguments = {
        "bot_token": fields.get("token", ""),
        "targets": [fields.get("chat", "")],
        "detect_owner": False,
        "silent": message.priority == "low",
    }
    return Job("telegram", arguments, message.text, message.subject)
