"""Rejected readings in the admin, and their counts."""

from typing import TYPE_CHECKING

from django.contrib import admin

from monitoring.admin.read_only import ReadOnly
from monitoring.models import Refusal, RefusalCount

if TYPE_CHECKING:
    RefusalModelAdmin = admin.ModelAdmin[Refusal]
    RefusalCountModelAdmin = admin.ModelAdmin[RefusalCount]
else:  # Django's own class takes no parameters while it runs
    RefusalModelAdmin = RefusalCountModelAdmin = admin.ModelAdmin


@admin.register(Refusal)
class RefusalAdmin(ReadOnly, RefusalModelAdmin):
    """The last rejected readings, as received."""

    list_display = ("received_at", "tag", "reason", "message", "source")
    list_filter = ("reason",)
    search_fields = ("tag", "message", "source")


@admin.register(RefusalCount)
class RefusalCountAdmin(ReadOnly, RefusalCountModelAdmin):
    """Numbers of rejected readings, hour by hour."""

    list_display = ("hour", "tag", "reason", "count")
    list_filter = ("reason",)
    search_fields = ("tag",)
