"""The mail of a message: plain text in UTF-8."""

import re

from django.core.mail import EmailMessage

from monitoring.notifications.message import Message

IMPORTANT = frozenset({"critical", "high"})


def mail_of(message: Message, *, sender: str, to: str) -> bytes:
    """Return the mail as bytes with CRLF line ends. Each attempt of one message has the same Message-ID.

    Raises:
        ValueError: a header has several lines; django.core.mail.BadHeaderError is a subclass.
    """
    headers = {"Message-ID": mail_id(message.message_id, sender), "Auto-Submitted": "auto-generated"}
    if message.priority in IMPORTANT:
        headers |= {"Importance": "high", "X-Priority": "1"}
    mail = EmailMessage(" ".join(message.subject.split()), message.text, sender, [to], headers=headers)
    return re.sub(rb"\r\n|\n|\r", b"\r\n", mail.message().as_bytes())


def mail_id(message_id: str, sender: str) -> str:
    """Return the Message-ID in the domain of the sender."""
    if "@" in message_id:
        return f"<{message_id.strip('<>')}>"
    return f"<{message_id}@{sender.rpartition('@')[2]}>"
