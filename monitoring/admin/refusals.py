"""Rejected readings in the admin, and their counts."""

from typing import TYPE_CHECKING

from django.contrib import admin

from monitoring.admin.read_only import ReadOnly
from monitoring.models import Refusal, RefusalCount

if TYPE_CHECKING:
    RefusalModelAdmin = admin.ModelAdmin[Refusal]
    RefusalCountModelAdmin = admin.ModelAdmin[RefusalCount]
else:  # Django's class is not generic at runtime
    RefusalModelAdmin = RefusalCountModelAdmin = admin.ModelAdmin


@admin.register(Refusal)
class RefusalAdmin(ReadOnly, RefusalModelAdmin):
    """List the last rejected readings, as received; read-only."""

    list_display = ("received_at", "tag", "reason", "message", "source")
    list_filter = ("reason",)
    search_fields = ("tag", "message", "source")


@admin.register(RefusalCount)
class RefusalCountAdmin(ReadOnly, RefusalCountModelAdmin):
    """List the number of rejected readings per hour, tag and reason; read-only."""

    list_display = ("hour", "tag", "reason", "count")
    list_filter = ("reason",)
    search_fields = ("tag",)
