"""Measurements and events for the admin's lists, answered from an index without a scan."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet

from monitoring.kernel.clock import length_of, parse_bound
from monitoring.models import Tag

if TYPE_CHECKING:
    RowPaginator = Paginator[Any]
else:  # Paginator is generic for the type checker only
    RowPaginator = Paginator

RowT = TypeVar("RowT", bound=Model)

FEW_TAGS = 200


class CappedPaginator(RowPaginator):
    """Paginate the first ``cap`` rows only.

    Counting all rows, or skipping to the last page, would scan the table.
    """

    cap = 10_000

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most ``cap``."""
        rows: Any = self.object_list
        return int(rows[: self.cap].count())


class IndexedTimes(QuerySet[RowT, RowT]):
    """A queryset that finds the periods with rows by skipping along the index."""

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run one query per aggregate: for min and max in one query, the database reads all rows."""
        if len(args) + len(kwargs) < 2:
            return super().aggregate(*args, **kwargs)
        found = [super(IndexedTimes, self).aggregate(one) for one in args]
        found += [super(IndexedTimes, self).aggregate(**{name: one}) for name, one in kwargs.items()]
        return {name: value for answer in found for name, value in answer.items()}

    def datetimes(  # type: ignore[override]
        self, field_name: str, kind: str, order: str = "ASC", tzinfo: tzinfo | None = None
    ) -> list[datetime]:
        """Return the years, months or days that have rows."""
        periods = list(self.periods(field_name, kind, tzinfo))
        return periods if order == "ASC" else periods[::-1]

    def periods(self, field_name: str, kind: str, zone: tzinfo | None) -> Iterator[datetime]:
        """Yield the starts of the periods that have rows, oldest first, with one index lookup each."""
        rows: QuerySet[RowT, RowT] | None = self
        while rows is not None:
            moment = rows.order_by(field_name).values_list(field_name, flat=True).first()
            if moment is None:
                return
            start, end = period_of(moment.astimezone(zone), kind)
            yield start
            # Put the new bound first in the query: SQLite starts at the first lower bound in the statement.
            rows = self.model._default_manager.filter(**{f"{field_name}__gte": end}) & self if end else None


def period_of(moment: datetime, kind: str) -> tuple[datetime, datetime | None]:
    """Return the start of the year, month or day that contains a time, and the start of the next one.

    The next start is None after the year 9999.
    """
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    reach = {"year": timedelta(days=366), "month": timedelta(days=31), "day": timedelta(days=1)}[kind]
    start = beginning(day, kind)
    try:
        return start, beginning(start + reach, kind)
    except OverflowError:
        return start, None


def beginning(day: datetime, kind: str) -> datetime:
    """Return the first day of the year or month that contains a day, or the day itself."""
    if kind == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if kind == "month" else day


def matching(rows: QuerySet[RowT], term: str, *, moment: str = "timestamp") -> QuerySet[RowT]:
    """Return the rows that match a search term: a time (a day, a minute, or exact) or a word of a tag.

    ``moment`` is the column of the time.
    """
    term = term.strip()
    if not term:
        return rows
    try:
        start = parse_bound(term)
    except ValueError:
        tags = tags_like(term)
        few = list(tags.values_list("pk", flat=True)[: FEW_TAGS + 1])
        # Look up a few tags one by one; with many tags, look up the tag of each row among them.
        return rows.filter(tag__in=few if len(few) <= FEW_TAGS else tags)
    end = start + length_of(term) - timedelta(microseconds=1)
    return rows.filter(**{f"{moment}__range": (start, end)})


def tags_like(word: str) -> QuerySet[Tag]:
    """Return the tags with the word in the name or the description."""
    return Tag.objects.filter(Q(name__icontains=word) | Q(description__icontains=word))
