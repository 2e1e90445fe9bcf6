"""Tests of a channel: a message that goes the way of the alarms."""

from datetime import datetime

from monitoring.models import Channel, Delivery


def request_test(channel: Channel, *, by: str, now: datetime) -> Delivery:
    """Store a delivery of kind "test", due at once; an open breaker of the channel is closed for it."""
    Channel.objects.filter(pk=channel.pk).update(blocked_until=None)
    return Delivery.objects.create(
        kind="test",
        channel=channel,
        person_id=channel.person_id,
        priority="low",
        created_at=now,
        due_at=now,
        reason=f"asked for by {by}" if by else "",
    )
