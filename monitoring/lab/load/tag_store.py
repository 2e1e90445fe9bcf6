"""The tags of a load test: made for it, and out of the way afterwards."""

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from monitoring.lab.load.tags import GROUP, PREFIX, definition_of
from monitoring.models import Tag

ROWS_A_STATEMENT = 500
DEFINED = (
    "name",
    "description",
    "group",
    "unit",
    "valid_min",
    "valid_max",
    "lower_limit",
    "upper_limit",
    "active",
)


class LoadTagError(Exception):
    """A tag that is not of a load test has such a name; the message says which."""


def make_load_tags(count: int) -> None:
    """Sees to it that the first so many exist, are active and as they are defined, and that no other is.

    Raises:
        LoadTagError: one is somebody else's; nothing has changed.
        django.db.Error: likewise.
    """
    tags = [
        Tag(**{field: getattr(definition_of(place), field) for field in DEFINED}) for place in range(count)
    ]
    with transaction.atomic():
        if foreign := Tag.objects.filter(name__startswith=PREFIX).exclude(group=GROUP).first():
            raise LoadTagError(
                f"The tag {foreign} is not of the group {GROUP}: it may be a sensor's. Tags of a load test"
                f" begin with {PREFIX!r}, so it has to be another system that is put under load."
            )
        set_inactive()
        Tag.objects.bulk_create(
            tags,
            batch_size=ROWS_A_STATEMENT,
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=list(DEFINED[1:]),
        )
        record(f"{count} tags of a load test are active")


def retire_load_tags() -> None:
    """Sets them inactive: what is measured of them stays, and the dashboard shows them no more."""
    with transaction.atomic():
        if count := set_inactive():
            record(f"{count} tags of a load test are inactive")


def set_inactive() -> int:
    """Sets those inactive that are not; how many."""
    return Tag.objects.filter(group=GROUP, name__startswith=PREFIX, active=True).update(active=False)


def record(what: str) -> None:
    """Adds one entry to the audit trail, for all tags together: they are as they are defined."""
    LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(Tag),
        object_repr=f"{PREFIX}*",
        action=LogEntry.Action.UPDATE,
        additional_data={"what": what},
    )
