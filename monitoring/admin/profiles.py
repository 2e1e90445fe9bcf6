"""Golden profiles in the admin; read-only: they are frozen on the page and by the API, and never change."""

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin

from monitoring.admin.alarms import AlarmTable
from monitoring.admin.read_only import ReadOnly
from monitoring.models import Profile, ProfileMember

if TYPE_CHECKING:
    ProfileMemberInlineAdmin = admin.TabularInline[ProfileMember, Profile]
else:  # Django's class is not generic at runtime
    ProfileMemberInlineAdmin = admin.TabularInline


class ProfileMemberInline(ReadOnly, ProfileMemberInlineAdmin):
    """List the batches of a profile."""

    model = ProfileMember
    fields = readonly_fields = ("batch", "score", "largest")
    extra = 0
    can_delete = False


@admin.register(Profile)
class ProfileAdmin(AlarmTable):
    """List the versions of the profiles."""

    list_display = ("name", "version", "recipe", "made_at", "made_by", "note")
    list_select_related = ("recipe",)
    search_fields = ("name", "note")
    ordering = ("name", "-version")
    exclude: ClassVar = ("curves",)
    inlines = (ProfileMemberInline,)
