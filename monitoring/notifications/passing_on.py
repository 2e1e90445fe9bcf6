"""Send an alarm to a person's next channel when one fails, or has had no success for a minute."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from monitoring.database.write_lock import write_lock
from monitoring.kernel.chunks import chunks
from monitoring.models import Channel, Delivery
from monitoring.notifications.directory import Directory, read_directory
from monitoring.notifications.escalating import delivery, write_deliveries
from monitoring.notifications.outbox import OPEN, URGENT, open_deliveries

ALSO_ON_NEXT = "no success for a minute: also on the next channel"
NO_OTHER = "no success for a minute, and no other channel"
WITHOUT_SUCCESS = timedelta(seconds=60)
AT_ONCE = 500
PASSED_ON = ("active", "again", "escalated")

Taken = set[tuple[int | None, str, int, int]]


def pass_on_failed(failed: Collection[int], directory: Directory, now: datetime) -> None:
    """Write deliveries to the next channel for these failed ones, in the caller's transaction.

    An alarm that nobody has got or will get goes to everybody else.
    """
    for keys in chunks(failed, AT_ONCE):
        rows = list(Delivery.objects.filter(pk__in=keys, kind__in=PASSED_ON).select_related("channel"))
        found, left = to_next(rows, directory, now)
        found += to_everybody_else(left, directory, now)
        write_deliveries(found)


def pass_on_overdue(now: datetime) -> int:
    """Write deliveries of urgent alarms to the next channel after a minute without success.

    Return the number of deliveries that were looked at.

    Raises:
        django.db.Error: nothing is written.
    """
    rows = open_deliveries().filter(reason="", priority__in=URGENT, kind__in=PASSED_ON)
    rows = rows.filter(person__isnull=False, due_at__lte=now - WITHOUT_SUCCESS)
    rows = rows.filter(Q(attempts__gte=1) | Q(channel__failures__gt=0))
    if not rows.exists():
        return 0
    with write_lock(), transaction.atomic():
        waiting = list(rows.select_related("channel").order_by("id")[:AT_ONCE])
        found, left = to_next(waiting, read_directory(), now)
        write_deliveries(found)
        mark(
            [row.pk for row in waiting if row not in left],
            "no success for a minute: also on the next channel",
        )
        mark([row.pk for row in left], NO_OTHER)
    return len(waiting)


def mark(keys: Sequence[int], reason: str) -> None:
    """Note on deliveries that they were passed on, which excludes them from the next look."""
    Delivery.objects.filter(pk__in=keys, state__in=OPEN).update(reason=reason)


def to_next(
    rows: Sequence[Delivery], directory: Directory, now: datetime
) -> tuple[list[Delivery], list[Delivery]]:
    """Return the deliveries on the next channels, and the rows for which there is no other channel."""
    taken, found, left = channels_taken(rows), list[Delivery](), list[Delivery]()
    for row in rows:
        channel = next(
            (
                each
                for each in next_channels(row, directory)
                if (row.occurrence_id, row.kind, row.step, each.pk) not in taken
            ),
            None,
        )
        if channel is None:
            left.append(row)
        else:
            found.append(on_channel(row, channel, now))
    return found, left


def next_channels(row: Delivery, directory: Directory) -> list[Channel]:
    """Return the person's channels that work, those after the row's first."""
    own = directory.channels_of(row.person_id) if row.person_id is not None else []
    place = next((number for number, channel in enumerate(own) if channel.pk == row.channel_id), -1)
    ordered = own[place + 1 :] + own[: max(place, 0)]
    return [channel for channel in ordered if channel.failing_since is None]


def to_everybody_else(rows: Sequence[Delivery], directory: Directory, now: datetime) -> list[Delivery]:
    """Return deliveries to all working channels of alarms that are on their way to nobody."""
    if not rows:
        return []
    occurrences = {row.occurrence_id for row in rows}
    reached = Delivery.objects.filter(occurrence__in=occurrences, state__in=[*OPEN, "sent"])
    alone = occurrences - set(reached.exclude(kind="over").values_list("occurrence", flat=True))
    shared = [channel for channel in directory.channels if channel.person_id is None]
    channels = {
        channel.pk: channel
        for channel in [*directory.of_everybody(), *shared]
        if channel.failing_since is None
    }
    by_occurrence = {row.occurrence_id: row for row in rows if row.occurrence_id in alone}
    taken = channels_taken(rows)
    return [
        on_channel(row, channel, now)
        for row in by_occurrence.values()
        for channel in channels.values()
        if (row.occurrence_id, row.kind, row.step, channel.pk) not in taken
    ]


def channels_taken(rows: Sequence[Delivery]) -> Taken:
    """Return occurrence, kind, step and channel of all deliveries of the rows' alarms."""
    same = Delivery.objects.filter(occurrence__in={row.occurrence_id for row in rows})
    return set(same.values_list("occurrence", "kind", "step", "channel"))


def on_channel(row: Delivery, channel: Channel, now: datetime) -> Delivery:
    """Return the delivery on another channel, due at once."""
    return delivery(
        row.occurrence_id or 0, row.kind, channel, row.priority, now=now, due_at=now, step=row.step
    )
