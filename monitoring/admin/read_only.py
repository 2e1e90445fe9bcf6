"""Mixin for read-only models in the admin."""

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """Deny adding, changing and deleting to all users: only the system writes these rows."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users."""
        return False
