"""Base classes for long tables in the admin, ordered by time."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.checks import ModelAdminChecks
from django.core.checks import CheckMessage
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.admin.read_only import ReadOnly
from monitoring.history.browsing import CappedPaginator, IndexedTimes, matching
from monitoring.kernel.clock import is_number_text
from monitoring.models import Tag

MOST_TAGS_TO_CHOOSE = 100

if TYPE_CHECKING:
    BrowsedModelAdmin = admin.ModelAdmin[Any]
else:  # Django's class is not generic at runtime
    BrowsedModelAdmin = admin.ModelAdmin


def to_the_second(moment: datetime) -> str:
    """Format a time in UTC with seconds (and microseconds, if any), which Django's format omits."""
    return moment.isoformat(sep=" ").removesuffix("+00:00")


class MomentAdminChecks(ModelAdminChecks):
    """Run Django's checks of an admin class, except the type check of the ``date_hierarchy`` column."""

    def _check_date_hierarchy(self, obj: Any) -> list[CheckMessage]:
        """Accept any column: Django would reject a ``MicrosecondsField``."""
        return []


class Browsed(ReadOnly, BrowsedModelAdmin):
    """Read-only list ordered by time; a page costs the same with a thousand and a hundred million rows."""

    checks_class = MomentAdminChecks
    sortable_by = ()
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each facet would count the whole table
    paginator = CappedPaginator
    search_fields = ("tag",)
    search_help_text = "A part of a tag's name or description, or a time: 2026-01-31, 2026-01-31T12:30"
    list_select_related: ClassVar[tuple[str, ...]] = ("tag",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows in the order of ``ordering``, with a date hierarchy that is read from the index."""
        return IndexedTimes(self.model).order_by(*self.ordering or ())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Filter by tag name, tag description or time, through an index."""
        if is_number_text(search_term):
            messages.info(
                request,
                "A number is searched for in the names of tags. For a time, write 2026-01-31 or"
                " 2026-01-31T12:30.",
            )
        return matching(queryset, search_term, moment=self.date_hierarchy or ""), False


class GroupFilter(admin.AllValuesFieldListFilter):
    """Filter by group; the link for rows without one has a text."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Return the choices of Django's filter, with a name for the empty group."""
        for choice in super().choices(changelist):
            display = str(choice["display"])  # with counts: the group, a space, the count in parentheses
            is_empty = not display or display.startswith(" (")
            yield {**choice, "display": f"none{display}" if is_empty else display}


class TagFilter(admin.RelatedFieldListFilter):
    """Filter by tag. List at most ``MOST_TAGS_TO_CHOOSE`` tags and the chosen one; the search finds all."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        """Return (id, name) pairs, sorted by name; append the chosen tag if not among the first."""
        tags = Tag.objects.order_by("name").values_list("pk", "name")
        first = list(tags[:MOST_TAGS_TO_CHOOSE])
        chosen = request.GET.get(self.lookup_kwarg, "")
        others = tags.filter(pk=int(chosen)) if chosen.isdecimal() else tags.none()
        return [*first, *(tag for tag in others if tag not in first)]
