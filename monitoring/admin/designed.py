"""Base classes for rows that engineers set up in the admin, through the checks of the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import HttpRequest

from monitoring.access.callers import address_of
from monitoring.access.roles import DESIGN, allows
from monitoring.admin.read_only import ReadOnly
from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.kernel.actor import Actor

if TYPE_CHECKING:
    DesignModelAdmin = admin.ModelAdmin[Any]
    DesignModelForm = forms.ModelForm[Any]
    DesignInlineAdmin = admin.TabularInline[Any, Any]
else:  # Django's classes are not generic at runtime
    DesignModelAdmin = admin.ModelAdmin
    DesignModelForm = forms.ModelForm
    DesignInlineAdmin = admin.TabularInline

ERRORS = (UnknownBatchError, BatchInputError, BatchConflictError)


class CheckedForm(DesignModelForm):
    """A form with the checks of the API."""

    def _post_clean(self) -> None:
        """Check the instance after Django has set the fields."""
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if self.errors:
            return
        try:
            self.check()
        except ERRORS as error:
            field = getattr(error, "field", "").split(".")[0]
            self.add_error(field if field in self.fields else None, str(error)[:1].upper() + str(error)[1:])

    def check(self) -> None:
        """Check the instance.

        Raises:
            BatchInputError, BatchConflictError: it is invalid.
        """
        raise NotImplementedError


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Answer conflicts that arise after the check with status 400.

    Raises:
        BadRequest: the act does not fit the stored state.
    """
    try:
        yield
    except ERRORS as error:
        raise BadRequest(str(error)) from error


def actor_of(request: HttpRequest) -> Actor:
    """Return the user as the cause of an act."""
    return Actor(request.user.get_username(), "admin", address_of(request))


class Designed(DesignModelAdmin):
    """Rows that engineers set up; batches refer to them, so that they are never deleted."""

    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user has the right to set up vessels and recipes."""
        return allows(request.user, DESIGN)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user has the right to set up vessels and recipes."""
        return allows(request.user, DESIGN)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users."""
        return False


class ListInline(ReadOnly, DesignInlineAdmin):
    """Read-only list of rows that belong to another row."""

    extra = 0
    can_delete = False
