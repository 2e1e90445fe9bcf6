"""Leases in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin

from monitoring.admin.read_only import ReadOnly
from monitoring.models import Lease

if TYPE_CHECKING:
    LeaseModelAdmin = admin.ModelAdmin[Lease]
else:  # Django's class is not generic at runtime
    LeaseModelAdmin = admin.ModelAdmin


@admin.register(Lease)
class LeaseAdmin(ReadOnly, LeaseModelAdmin):
    """List the worker that runs each source, and the progress of the source; read-only."""

    list_display = ("source", "owner", "renewed_at", "written_until", "position")
