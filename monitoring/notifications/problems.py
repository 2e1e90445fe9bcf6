"""Reasons why people may not be notified, in words with the remedy."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitoring.alarms.kinds import Priority
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.lease_names import NOTIFICATIONS
from monitoring.models import Channel, Lease, Person, Route, Schedule
from monitoring.notifications.directory import Directory, read_directory
from monitoring.notifications.outbox import open_deliveries

SILENT_AFTER = timedelta(seconds=30)
CRITICAL_OVERDUE = timedelta(minutes=2)
AWAY_FOR = timedelta(minutes=10)


def delivery_problems(now: datetime) -> list[str]:
    """Return the problems that exist now; none where nobody has set up any channel, person or route.

    Raises:
        django.db.Error: the database is away.
    """
    if not any(model.objects.exists() for model in (Channel, Person, Route)):
        return []
    directory = read_directory()
    return [
        *failing_channels(),
        *channels_away(now),
        *overdue_critical(now),
        *nobody_on_duty(directory, now),
        *nobody_reachable(directory),
        *silent_notifier(now),
    ]


def failing_channels() -> Iterator[str]:
    """Yield the enabled channels that refuse messages."""
    for channel in Channel.objects.filter(is_enabled=True, failing_since__isnull=False):
        since = iso_utc(channel.failing_since) if channel.failing_since else ""
        yield (
            f"The channel {channel.name} has failed since {since}: {channel.failure or 'no reason given'}."
            " Correct it on /notifications, then send a test."
        )


def channels_away(now: datetime) -> Iterator[str]:
    """Yield the channels that have been away for so long that messages wait."""
    waiting = open_deliveries().filter(attempts__gte=1, created_at__lt=now - AWAY_FOR)
    channels = set(waiting.order_by().values_list("channel", flat=True).distinct())
    away = Channel.objects.filter(is_enabled=True, failures__gt=0, pk__in=channels)
    for channel in away.filter(failing_since=None):
        yield f"The channel {channel.name} has been away for minutes: messages wait. See /notifications."


def overdue_critical(now: datetime) -> Iterator[str]:
    """Yield the number of critical alarms that wait for more than two minutes, if there are any."""
    rows = open_deliveries().filter(priority=Priority.CRITICAL)
    number = rows.filter(due_at__lt=now - CRITICAL_OVERDUE).exclude(kind__in=["over", "late"]).count()
    if number:
        yield f"{number} messages about critical alarms have waited for more than 2 min. See /notifications."


def nobody_on_duty(directory: Directory, now: datetime) -> Iterator[str]:
    """Yield the schedules of routes without a person on duty who can be reached."""
    used = Schedule.objects.filter(pk__in=Route.objects.filter(is_enabled=True).values("steps__schedule"))
    for schedule in used:
        if directory.on_duty(schedule.pk, now) is None:
            yield (
                f"Nobody of the schedule {schedule.name} is on duty and can be reached, so everybody is"
                " notified. Add a member or a stand-in."
            )


def nobody_reachable(directory: Directory) -> Iterator[str]:
    """Yield that alarms reach nobody."""
    if not directory.of_everybody():
        yield "Alarms reach nobody: no enabled person has an enabled channel. Add one on /notifications."


def silent_notifier(now: datetime) -> Iterator[str]:
    """Yield that no process sends notifications."""
    lease = Lease.objects.filter(source=NOTIFICATIONS).first()
    if lease is None or lease.renewed_at is None or now - lease.renewed_at > SILENT_AFTER:
        yield "No process sends notifications. Start 'manage.py qcluster' or 'manage.py run_notifications'."
