"""Leases in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin

from monitoring.admin.read_only import ReadOnly
from monitoring.models import Lease

if TYPE_CHECKING:
    LeaseModelAdmin = admin.ModelAdmin[Lease]
else:  # Django's own class takes no parameters while it runs
    LeaseModelAdmin = admin.ModelAdmin


@admin.register(Lease)
class LeaseAdmin(ReadOnly, LeaseModelAdmin):
    """The process that runs each source, and its position."""

    list_display = ("source", "owner", "renewed_at", "written_until", "position")
