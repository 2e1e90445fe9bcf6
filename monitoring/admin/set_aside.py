"""Dead letters in the admin."""

import json
from typing import TYPE_CHECKING, Any

from auditlog.models import LogEntry
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.models import SetAsideReading
from monitoring.spool.replay import retry

if TYPE_CHECKING:
    SetAsideModelAdmin = admin.ModelAdmin[SetAsideReading]
else:  # Django's class is not generic at runtime
    SetAsideModelAdmin = admin.ModelAdmin


@admin.register(SetAsideReading)
class SetAsideReadingAdmin(SetAsideModelAdmin):
    """List dead letters: acknowledged readings that could not be stored. Users retry or dismiss them."""

    list_display = ("set_aside_at", "reading", "message", "source", "kept_at")
    fields = readonly_fields = ("reading", "message", "source", "kept_at", "set_aside_at")
    actions = ("try_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False for all users: only the system adds dead letters."""
        return False

    @admin.action(description="Try to store the selected readings again", permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[SetAsideReading]) -> None:
        """Retry the selected readings. Readings that fail again stay, with the present reason."""
        outcomes = [retry(row) for row in queryset]
        stuck = [outcome.error for outcome in outcomes if outcome.reason is not None]
        if len(stuck) < len(outcomes):
            messages.success(request, f"{len(outcomes) - len(stuck)} stored.")
        if stuck:
            messages.warning(request, f"{len(stuck)} can't be stored still: {stuck[0]}")

    def delete_model(self, request: HttpRequest, obj: SetAsideReading) -> None:
        """Dismiss one dead letter."""
        self.delete_queryset(request, SetAsideReading.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SetAsideReading]) -> None:
        """Dismiss the dead letters, after copying the content to the audit trail."""
        for row in queryset:
            gone = {"reading": json.dumps(row.reading), "source": row.source, "kept_at": str(row.kept_at)}
            changes = {field: (value, "None") for field, value in gone.items()}
            LogEntry.objects.log_create(row, action=LogEntry.Action.DELETE, changes=changes)
        super().delete_queryset(request, queryset)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions; relabel Django's deletion as a dismissal."""
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            function, name, _ = actions["delete_selected"]
            actions["delete_selected"] = (function, name, "Dismiss the selected readings for good")
        return actions
