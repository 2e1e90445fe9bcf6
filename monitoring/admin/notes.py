"""Notes in the admin; read-only: they are written, corrected and withdrawn on the page and by the API."""

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin

from monitoring.admin.alarms import AlarmTable
from monitoring.admin.browsed import to_the_second
from monitoring.admin.read_only import ReadOnly
from monitoring.models import Note, NoteVersion

if TYPE_CHECKING:
    NoteVersionInlineAdmin = admin.TabularInline[NoteVersion, Note]
else:  # Django's class is not generic at runtime
    NoteVersionInlineAdmin = admin.TabularInline


class NoteVersionInline(ReadOnly, NoteVersionInlineAdmin):
    """List the versions of a note."""

    model = NoteVersion
    fields = readonly_fields = (
        "version",
        "act",
        "at",
        "by",
        "via",
        "address",
        "kind",
        "vessel",
        "batch",
        "start",
        "end",
        "text",
        "reason",
    )
    extra = 0
    can_delete = False


@admin.register(Note)
class NoteAdmin(AlarmTable):
    """List the notes by the time that they are about."""

    list_display = ("start_utc", "kind", "subject", "text", "by", "version", "withdrawn_at")
    list_filter: ClassVar = ("kind", ("withdrawn_at", admin.EmptyFieldListFilter))
    search_fields = ("text", "by", "tag__name", "group", "vessel__name", "batch__name")
    list_select_related = ("tag", "vessel", "batch")
    ordering = ("-start", "-id")
    inlines = (NoteVersionInline,)

    @admin.display(description="time (UTC)")
    def start_utc(self, row: Note) -> str:
        """Return the start with seconds."""
        return to_the_second(row.start)

    @admin.display(description="about")
    def subject(self, row: Note) -> str:
        """Return tag, batch, vessel or group."""
        return str(row.tag or row.batch or row.vessel or row.group or "whole plant")
