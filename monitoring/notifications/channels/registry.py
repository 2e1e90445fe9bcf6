"""The kinds of channels, by the key that a channel's row holds."""

from typing import Any

from monitoring.notifications.channels.by_apprise.sender import sender
from monitoring.notifications.channels.by_apprise.services import (
    ntfy,
    pagerduty,
    signal,
    slack,
    sms,
    teams,
    telegram,
)
from monitoring.notifications.channels.checks import checker
from monitoring.notifications.channels.email import form as email_form
from monitoring.notifications.channels.email import sender as email_sender
from monitoring.notifications.channels.kind import ChannelKind
from monitoring.notifications.channels.opsgenie import form as opsgenie_form
from monitoring.notifications.channels.opsgenie import sender as opsgenie_sender
from monitoring.notifications.channels.web_push import form as push_form
from monitoring.notifications.channels.web_push import sender as push_sender
from monitoring.notifications.channels.webhook import form as webhook_form
from monitoring.notifications.channels.webhook import sender as webhook_sender


def all_kinds() -> tuple[ChannelKind, ...]:
    """Return the kinds in the order in which forms offer them."""
    return (
        ChannelKind("email", "E-mail", email_form.FIELDS, email_sender.send, email_form.check),
        ChannelKind(
            "web_push",
            "Browser (web push)",
            push_form.FIELDS,
            push_sender.send,
            checker(push_form.FIELDS, {}),
            is_short=True,
        ),
        ChannelKind(
            "sms",
            "SMS (Twilio)",
            sms.FIELDS,
            sender(sms.job_of),
            checker(sms.FIELDS, sms.CHECKS),
            bucket=5,
            bucket_s=600,
            is_short=True,
        ),
        _chat("telegram", "Telegram", telegram),
        _chat("signal", "Signal", signal),
        _chat("slack", "Slack", slack),
        _chat("teams", "Microsoft Teams", teams),
        _chat("ntfy", "ntfy", ntfy),
        _chat("pagerduty", "PagerDuty", pagerduty, bucket=60),
        ChannelKind(
            "opsgenie",
            "Opsgenie",
            opsgenie_form.FIELDS,
            opsgenie_sender.send,
            checker(opsgenie_form.FIELDS, opsgenie_form.CHECKS),
            bucket=60,
        ),
        ChannelKind(
            "webhook",
            "Webhook",
            webhook_form.FIELDS,
            webhook_sender.send,
            checker(webhook_form.FIELDS, webhook_form.CHECKS),
            bucket=60,
        ),
    )


def _chat(name: str, label: str, service: Any, bucket: int = 20) -> ChannelKind:
    check = checker(service.FIELDS, service.CHECKS)
    return ChannelKind(name, label, service.FIELDS, sender(service.job_of), check, bucket)


KINDS: dict[str, ChannelKind] = {kind.name: kind for kind in all_kinds()}
