"""The tags of a load test: created before, and set inactive afterwards."""

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
    """A tag outside load tests has such a name; the message names the tag."""


def make_load_tags(count: int) -> None:
    """Create or update the first ``count`` load tags as active, and set all other load tags inactive.

    Raises:
        LoadTagError: a tag with this prefix belongs to another group; nothing has changed.
        django.db.Error: likewise.
    """
    tags = [
        Tag(**{field: getattr(definition_of(index), field) for field in DEFINED}) for index in range(count)
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
    """Set the load tags inactive: their measurements stay, and the dashboard hides them."""
    with transaction.atomic():
        if count := set_inactive():
            record(f"{count} tags of a load test are inactive")


def set_inactive() -> int:
    """Set the active load tags inactive; return their number."""
    return Tag.objects.filter(group=GROUP, name__startswith=PREFIX, active=True).update(active=False)


def record(what: str) -> None:
    """Add one entry to the audit trail, for all load tags together."""
    LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(Tag),
        object_repr=f"{PREFIX}*",
        action=LogEntry.Action.UPDATE,
        additional_data={"what": what},
    )
