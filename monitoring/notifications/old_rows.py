"""Delete attempts that say nothing any more: each probe of a target that is away is an attempt."""

from datetime import datetime, timedelta

from monitoring.models import DeliveryAttempt

KEPT = timedelta(days=7)
AT_ONCE = 5_000


def delete_old_attempts(now: datetime) -> None:
    """Delete attempts of more than a week ago that were followed by others of the same deliveries.

    Raises:
        django.db.Error: nothing is deleted.
    """
    old = DeliveryAttempt.objects.filter(began_at__lt=now - KEPT, carried=None).exclude(outcome="")
    keys = list(old.order_by("id").values_list("id", flat=True)[:AT_ONCE])
    DeliveryAttempt.objects.filter(pk__in=keys).delete()
