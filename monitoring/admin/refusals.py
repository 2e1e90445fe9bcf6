"""Rejected readings in the admin, and their counts."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.admin.read_only import ReadOnly
from monitoring.kernel.reason_words import REJECTION_WORDS, reason_text
from monitoring.models import Refusal, RefusalCount

if TYPE_CHECKING:
    RefusalModelAdmin = admin.ModelAdmin[Refusal]
    RefusalCountModelAdmin = admin.ModelAdmin[RefusalCount]
else:  # Django's class is not generic at runtime
    RefusalModelAdmin = RefusalCountModelAdmin = admin.ModelAdmin


class ReasonFilter(admin.SimpleListFilter):
    """Filter by reason, in words."""

    title = parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return a (value, label) pair per reason."""
        return list(REJECTION_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows with the chosen reason; all rows if none is chosen."""
        return queryset.filter(reason=self.value()) if self.value() else queryset


class WithReason:
    """Show the reason in words."""

    @admin.display(description="reason", ordering="reason")
    def why(self, row: Refusal | RefusalCount) -> str:
        """Return the reason in words."""
        return reason_text(row.reason)


@admin.register(Refusal)
class RefusalAdmin(ReadOnly, WithReason, RefusalModelAdmin):
    """List the last rejected readings, as received; read-only."""

    list_display = ("received_at", "tag", "why", "message", "source")
    list_filter = (ReasonFilter,)
    search_fields = ("tag", "message", "source")
    fields = ("received_at", "source", "tag", "why", "message", "reading")


@admin.register(RefusalCount)
class RefusalCountAdmin(ReadOnly, WithReason, RefusalCountModelAdmin):
    """List the number of rejected readings per hour, tag and reason; read-only."""

    list_display = ("hour", "tag", "why", "count")
    list_filter = (ReasonFilter,)
    search_fields = ("tag",)
    fields = ("hour", "tag", "why", "count")
