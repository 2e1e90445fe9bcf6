"""Field sources in the admin, read-only: they are set up on the pages of sources. No secret is shown."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from monitoring.admin.alarms import AlarmTable
from monitoring.admin.browsed import TagFilter, to_the_second
from monitoring.admin.read_only import ReadOnly
from monitoring.models import (
    QualitySpan,
    Source,
    SourceGap,
    SourceJob,
    SourceMapping,
    SourcePoint,
    SourceStatus,
)
from monitoring.sources.settings import secrets_shown

if TYPE_CHECKING:
    SourceModelAdmin = admin.ModelAdmin[Any]
else:  # Django's class is not generic at runtime
    SourceModelAdmin = admin.ModelAdmin


class SourceTable(ReadOnly, SourceModelAdmin):
    """Read-only list of rows of sources."""

    list_per_page = 100
    search_fields: ClassVar[tuple[str, ...]] = ("source__name", "address")
    list_filter: ClassVar[tuple[Any, ...]] = ("source",)
    list_select_related: ClassVar[tuple[str, ...]] = ("source",)


@admin.register(Source)
class SourceAdmin(ReadOnly, SourceModelAdmin):
    """List sources; a link leads to the page that changes them."""

    list_display = ("name", "protocol", "is_enabled", "group", "revision", "changed_at_utc")
    list_filter = ("protocol", "is_enabled")
    search_fields = ("name",)
    fields = readonly_fields = (
        *("name", "protocol", "is_enabled", "group", "uses_receive_time", "connection"),
        *("trusted_certificate", "revision", "changed_at"),
    )

    @admin.display(description="changed at (UTC)")
    def changed_at_utc(self, row: Source) -> str:
        """Return the time of the last change with seconds."""
        return to_the_second(row.changed_at)

    @admin.display(description="connection")
    def connection(self, row: Source) -> str:
        """Return the settings, the secrets as "stored", and a link to the page."""
        parts = [f"{name}: {text}" for name, text in (row.settings | secrets_shown(row)).items() if text]
        link = reverse("source", args=[row.pk])
        return format_html('{} (<a href="{}">open</a>)', ", ".join(parts) or "none", link)


@admin.register(SourceMapping)
class SourceMappingAdmin(SourceTable):
    """List mappings."""

    list_display = ("source", "address", "tag", "value_pointer", "factor", "offset", "options")
    search_fields = ("source__name", "address", "tag")


@admin.register(SourcePoint)
class SourcePointAdmin(SourceTable):
    """List the addresses that sources have shown."""

    list_display = ("source", "address", "state", "last_raw", "seen", "last_seen_utc")
    list_filter = ("state", "source")

    @admin.display(description="last seen (UTC)")
    def last_seen_utc(self, row: SourcePoint) -> str:
        """Return the time of the last value with seconds."""
        return to_the_second(row.last_seen)


@admin.register(SourceStatus)
class SourceStatusAdmin(SourceTable):
    """List the state of each source."""

    list_display = ("source", "state", "since", "error", "rate", "lag_ms", "clock_offset_ms", "updated_at")
    list_filter = ("state",)
    search_fields = ("source__name", "error")


class SourceRecord(AlarmTable):
    """Read-only list of records of sources, newest first; a page costs the same with any number of rows."""

    search_fields: ClassVar[tuple[str, ...]] = ("source__name",)
    list_select_related: ClassVar[tuple[str, ...]] = ("source",)
    list_filter: ClassVar[tuple[Any, ...]] = ("source",)


class Spans(SourceRecord):
    """Records with a begin and an end."""

    @admin.display(description="from (UTC)")
    def begin_utc(self, row: Any) -> str:
        """Return the begin with seconds."""
        return to_the_second(row.begin)

    @admin.display(description="to (UTC)")
    def end_utc(self, row: Any) -> str:
        """Return the end with seconds; empty while the span lasts."""
        return to_the_second(row.end) if row.end else ""


@admin.register(SourceGap)
class SourceGapAdmin(Spans):
    """List spans whose readings are missing."""

    list_display = ("begin_utc", "end_utc", "source", "tag", "reason", "filled")
    list_select_related: ClassVar[tuple[str, ...]] = ("source", "tag")
    ordering = ("-begin", "-id")


@admin.register(QualitySpan)
class QualitySpanAdmin(Spans):
    """List spans in which values of a tag are not good."""

    list_display = ("begin_utc", "end_utc", "tag", "quality", "word", "code", "source")
    list_filter = ("quality", ("tag", TagFilter))
    search_fields = ("tag__name", "word")
    list_select_related: ClassVar[tuple[str, ...]] = ("source", "tag")
    ordering = ("-begin", "-id")


@admin.register(SourceJob)
class SourceJobAdmin(SourceRecord):
    """List tests, discovery and listening that people asked for."""

    list_display = ("asked_at_utc", "source", "kind", "state", "asked_by", "ended_at")
    list_filter = ("kind", "state")
    ordering = ("-id",)

    @admin.display(description="asked at (UTC)")
    def asked_at_utc(self, row: SourceJob) -> str:
        """Return the time of the request with seconds."""
        return to_the_second(row.asked_at)
