"""The audit trail in the admin."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

from auditlog.admin import LogEntryAdmin
from auditlog.models import LogEntry
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from monitoring.history.spreadsheet import inert

TRAIL_COLUMNS = ("when", "who", "address", "action", "what", "object", "changes", "details")
admin.site.unregister(LogEntry)  # auditlog's own admin class has no export


@admin.register(LogEntry)
class TrailAdmin(LogEntryAdmin):  # type: ignore[misc]  # auditlog has no types
    """List, search and export the audit trail; entries can be neither edited nor deleted."""

    list_display = ("created", "who", "remote_addr", "action", "resource_url", "msg_short", "details")
    search_fields = ("object_repr", "changes", "actor_email", "actor__username")
    fieldsets = (
        (None, {"fields": ("created", "who", "remote_addr", "resource_url", "action", "details")}),
        ("Changes", {"fields": ("msg",)}),
    )
    readonly_fields = ("created", "who", "remote_addr", "resource_url", "action", "details", "msg")
    actions = ("export",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users, also when Django would delete entries along with another object."""
        return False

    @admin.display(description="who")
    def who(self, entry: LogEntry) -> str:
        """Return the user's name, also after the account's deletion; empty for the system."""
        return entry.actor_email or ""

    @admin.display(description="details")
    def details(self, entry: LogEntry) -> str:
        """Return the additional data of the entry: the reason for a change, or the event of an account."""
        return "; ".join(map(str, (entry.additional_data or {}).values()))

    @admin.action(description="Export the selected entries as CSV", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> StreamingHttpResponse:
        """Return the entries as a CSV download, with escaped formulas."""
        answer = StreamingHttpResponse(trail_lines(queryset), content_type="text/csv")
        answer["Content-Disposition"] = 'attachment; filename="fermon-audit-trail.csv"'
        return answer


def trail_lines(entries: QuerySet[LogEntry]) -> Iterator[str]:
    """Yield the entries as lines of CSV, oldest first; the first chunk includes the header."""
    lines = StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(TRAIL_COLUMNS)
    for entry in entries.order_by("timestamp", "pk").iterator():
        cells = (
            entry.timestamp.isoformat(),
            entry.actor_email or "",
            entry.remote_addr or "",
            entry.get_action_display(),
            str(entry.content_type),
            entry.object_repr,
            json.dumps(entry.changes) if entry.changes else "",
            json.dumps(entry.additional_data) if entry.additional_data else "",
        )
        writer.writerow([inert(cell) for cell in cells])
        yield lines.getvalue()
        lines.seek(0)
        lines.truncate()
