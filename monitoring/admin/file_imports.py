"""Imports of files in the admin: read-only, with a link to the page; remembered mappings can be deleted."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from monitoring.admin.browsed import to_the_second
from monitoring.admin.read_only import ReadOnly
from monitoring.models import FileImport, ImportMapping

if TYPE_CHECKING:
    FileImportModelAdmin = admin.ModelAdmin[FileImport]
    MappingModelAdmin = admin.ModelAdmin[ImportMapping]
else:  # Django's class is not generic at runtime
    FileImportModelAdmin = MappingModelAdmin = admin.ModelAdmin


@admin.register(FileImport)
class FileImportAdmin(ReadOnly, FileImportModelAdmin):
    """List imports; people act on the page."""

    list_display = ("name", "state", "size", "rows", "position", "by", "created_at_utc", "page")
    list_filter = ("state",)
    search_fields = ("name", "by")
    fields = (
        *("name", "size", "state", "error", "chosen", "format", "targets", "check_result", "counts"),
        *("rows", "position", "by", "created_at_utc", "has_file", "page"),
    )
    readonly_fields: ClassVar[tuple[str, ...]] = ("created_at_utc", "page")

    @admin.display(description="uploaded at (UTC)", ordering="created_at")
    def created_at_utc(self, row: FileImport) -> str:
        """Return the time with seconds."""
        return to_the_second(row.created_at)

    @admin.display(description="page")
    def page(self, row: FileImport) -> str:
        """Return a link to the page of the import."""
        return format_html('<a href="{}">open</a>', reverse("file-import", args=[row.pk]))


@admin.register(ImportMapping)
class ImportMappingAdmin(MappingModelAdmin):
    """List remembered mappings; administrators delete one that misleads."""

    list_display = ("name", "by", "at_utc")
    search_fields = ("name", "by")
    fields = readonly_fields = ("name", "header", "chosen", "targets", "by", "at_utc")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users: an import remembers its mapping."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users."""
        return False

    @admin.display(description="used at (UTC)", ordering="at")
    def at_utc(self, row: ImportMapping) -> str:
        """Return the time with seconds."""
        return to_the_second(row.at)
