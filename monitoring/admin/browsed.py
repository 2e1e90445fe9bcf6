"""Long tables in the admin, in order of time."""

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
else:  # Django's own class takes no parameters while it runs
    BrowsedModelAdmin = admin.ModelAdmin


def to_the_second(moment: datetime) -> str:
    """Format the time in UTC with seconds, which Django's format omits."""
    return moment.isoformat(sep=" ").removesuffix("+00:00")


class MomentAdminChecks(ModelAdminChecks):
    """Django's checks of an admin class, without the check of the column's type."""

    def _check_date_hierarchy(self, obj: Any) -> list[CheckMessage]:
        """Accept a time column like a DateTimeField; Django accepts only its own types."""
        return []


class Browsed(ReadOnly, BrowsedModelAdmin):
    """A list in order of time, whose page costs the same with a thousand and a hundred million rows."""

    checks_class = MomentAdminChecks
    sortable_by = ()
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    paginator = CappedPaginator
    search_fields = ("tag",)
    search_help_text = "A part of a tag's name or description, or a time: 2026-01-31, 2026-01-31T12:30"
    list_select_related: ClassVar[tuple[str, ...]] = ("tag",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return rows, newest first, whose date hierarchy is read from the index."""
        return IndexedTimes(self.model).order_by(*self.ordering or ())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by tag or by time, both through an index."""
        if is_number_text(search_term):
            messages.info(
                request,
                "A number is searched for in the names of tags. For a time, write 2026-01-31 or"
                " 2026-01-31T12:30.",
            )
        return matching(queryset, search_term, moment=self.date_hierarchy or ""), False


class TagFilter(admin.RelatedFieldListFilter):
    """A filter by tag; of too many tags only the first and the chosen one are listed, as the search
    finds all.
    """

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        """Return ids and names."""
        tags = Tag.objects.order_by("name").values_list("pk", "name")
        first = list(tags[:MOST_TAGS_TO_CHOOSE])
        chosen = request.GET.get(self.lookup_kwarg, "")
        others = tags.filter(pk=int(chosen)) if chosen.isdecimal() else tags.none()
        return [*first, *(tag for tag in others if tag not in first)]
