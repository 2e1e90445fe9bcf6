"""Maintenance windows: planned, changed and ended by people. The notifier suppresses the alarms in them."""

from datetime import datetime, timedelta

from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import MaintenanceWindow, Tag

LONGEST = timedelta(days=31)
OVER = "the window is over: plan a new one"


class WindowInputError(ValueError):
    """An invalid field of a window; the message has the remedy."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def check_window(window: MaintenanceWindow, *, now: datetime) -> None:
    """Check subject and span of a window.

    Raises:
        WindowInputError: tag and group are given both, no tag has the group, or the span is invalid.
    """
    if window.tag is not None and window.group:
        raise WindowInputError("expected either a tag or a group, not both", "group")
    if window.group and not Tag.objects.filter(group=window.group).exists():
        raise WindowInputError("no tag has this group", "group")
    if window.end <= max(window.start, now):
        raise WindowInputError("expected a time in the future, after the start", "end")
    if window.end - window.start > LONGEST:
        raise WindowInputError(f"expected at most {LONGEST.days} days after the start", "end")


def plan_window(window: MaintenanceWindow, *, now: datetime) -> None:
    """Store a window.

    Raises:
        WindowInputError: a field is invalid.
    """
    check_window(window, now=now)
    with write_lock(), transaction.atomic():
        window.save()


def change_window(pk: int, *, now: datetime, end: datetime | None = None, reason: str = "") -> None:
    """Change the end of a window that is not over, or the reason; an end of now ends the window.

    Raises:
        MaintenanceWindow.DoesNotExist: no window has this id.
        WindowInputError: the window is over, or the end is invalid.
    """
    with write_lock(), transaction.atomic():
        window = MaintenanceWindow.objects.select_for_update(of=("self",)).get(pk=pk)
        if window.end <= now:
            raise WindowInputError(OVER, "end")
        if reason:
            window.reason = reason
        if end is not None:
            window.end = end
            check_window(window, now=now)
        window.save(update_fields=["end", "reason"])


def end_window(pk: int, *, now: datetime) -> None:
    """End a window at once; one that has not begun then never begins.

    Raises:
        MaintenanceWindow.DoesNotExist: no window has this id.
        WindowInputError: the window is over.
    """
    with write_lock(), transaction.atomic():
        window = MaintenanceWindow.objects.select_for_update(of=("self",)).get(pk=pk)
        if window.end <= now:
            raise WindowInputError(OVER, "end")
        window.start, window.end = min(window.start, now), now
        window.save(update_fields=["start", "end"])
