"""Golden profiles in the admin; read-only: they are frozen on the page and by the API, and never change."""

from typing import Any, ClassVar

from django.contrib import admin

from monitoring.admin.alarms import AlarmTable
from monitoring.admin.designed import ListInline
from monitoring.models import Profile, ProfileMember


class ProfileMemberInline(ListInline):
    """List the batches of a profile."""

    model = ProfileMember
    fields = readonly_fields = ("batch", "score", "largest")


@admin.register(Profile)
class ProfileAdmin(AlarmTable):
    """List the versions of the profiles."""

    list_display = ("name", "version", "recipe", "members_count", "made_by", "made_at", "note")
    list_select_related = ("recipe",)
    search_fields = ("name", "note", "made_by")
    ordering = ("name", "-version")
    exclude: ClassVar = ("curves",)
    inlines = (ProfileMemberInline,)

    @admin.display(description="batches")
    def members_count(self, row: Any) -> int:
        """Return the number of batches."""
        found: int = row.members.count()
        return found
