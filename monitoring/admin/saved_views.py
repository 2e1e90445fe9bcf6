"""Saved views of the dashboard in the admin: renamed and deleted here, saved on the page or by the API."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from monitoring.admin.browsed import GroupFilter, to_the_second
from monitoring.models import SavedView

if TYPE_CHECKING:
    SavedViewModelAdmin = admin.ModelAdmin[SavedView]
else:  # Django's class is not generic at runtime
    SavedViewModelAdmin = admin.ModelAdmin


@admin.register(SavedView)
class SavedViewAdmin(SavedViewModelAdmin):
    """List the saved views; administrators rename and delete them."""

    list_display = ("name", "slug", "group", "by", "at_utc")
    list_filter = (("group", GroupFilter),)
    search_fields = ("name", "slug", "by")
    fields = ("name", "slug", "group", "charts", "compare", "show", "range", "by", "at_utc")
    readonly_fields = ("slug", "group", "charts", "compare", "show", "range", "by", "at_utc")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the page saves views."""
        return False

    @admin.display(description="saved at (UTC)", ordering="at")
    def at_utc(self, row: SavedView) -> str:
        """Return the time with seconds."""
        return to_the_second(row.at)
