"""Saved views of the dashboard: read, saved, changed and deleted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from monitoring.database.write_lock import write_lock
from monitoring.kernel.clock import iso_utc
from monitoring.models import SavedView

# Lengths of time up to now that a view may have; the dashboard has a label for each.
RANGES = ("5m", "1h", "8h", "24h", "7d", "30d")
SHOWS = ("charts", "values")
MOST_CHARTS = 200
MOST_COMPARED = 4
MOST_VIEWS = 500
FIELDS = ("name", "group", "charts", "compare", "show", "range")
UNNAMED = "view"  # the address of a name without a letter or digit of ASCII


class SavedViewError(Exception):
    """A view that cannot be saved; the message has the remedy."""


class UnknownViewError(LookupError):
    """No view has this address."""


def read_views() -> list[SavedView]:
    """Return the saved views by name."""
    return list(SavedView.objects.order_by("name")[:MOST_VIEWS])


def find_view(slug: str) -> SavedView | None:
    """Return the view with this address; None if there is none."""
    return SavedView.objects.filter(slug=slug).first()


def save_view(wanted: Mapping[str, Any], *, by: str) -> SavedView:
    """Store a new view; the address follows from the name.

    Raises:
        SavedViewError: the name is taken, or there are too many views.
    """
    with writing():
        if SavedView.objects.count() >= MOST_VIEWS:
            raise SavedViewError(f"there are {MOST_VIEWS} saved views; delete one first")
        view = SavedView(by=by, at=datetime.now(UTC), slug=free_slug(wanted["name"]))
        return stored(view, wanted)


def change_view(slug: str, changes: Mapping[str, Any], *, by: str) -> SavedView:
    """Change the fields of a view that are given; the address stays.

    Raises:
        UnknownViewError: no view has this address.
        SavedViewError: the name is taken.
    """
    with writing():
        view = SavedView.objects.select_for_update().filter(slug=slug).first()
        if view is None:
            raise UnknownViewError(slug)
        view.by, view.at = by, datetime.now(UTC)
        return stored(view, changes)


def delete_view(slug: str) -> None:
    """Delete a view.

    Raises:
        UnknownViewError: no view has this address.
    """
    with writing():
        if not SavedView.objects.filter(slug=slug).delete()[0]:
            raise UnknownViewError(slug)


@contextmanager
def writing() -> Iterator[None]:
    """Write in one transaction, as the only writer on SQLite.

    Raises:
        SavedViewError: another view has the name.
    """
    try:
        with write_lock(), transaction.atomic():
            yield
    except IntegrityError as error:
        raise name_taken() from error


def stored(view: SavedView, fields: Mapping[str, Any]) -> SavedView:
    """Set the fields and save the view.

    Raises:
        SavedViewError: another view has the name.
    """
    for name in FIELDS:
        setattr(view, name, fields.get(name, getattr(view, name)))
    if SavedView.objects.filter(name__iexact=view.name).exclude(pk=view.pk).exists():
        raise name_taken()
    view.save()
    return view


def name_taken() -> SavedViewError:
    """Return the error of a name that another view has."""
    return SavedViewError("another view has this name; choose another name, or change that view")


def free_slug(name: str) -> str:
    """Return the name as an address, with a number if another view has that address."""
    first = slugify(name.casefold())[:70].strip("-") or UNNAMED
    taken = set(SavedView.objects.filter(slug__startswith=first).values_list("slug", flat=True))
    numbers = range(2, MOST_VIEWS + 2)
    return next(slug for slug in (first, *(f"{first}-{number}" for number in numbers)) if slug not in taken)


def view_json(view: SavedView) -> dict[str, Any]:
    """Return the view as a JSON object, without the link to the page."""
    return {
        "slug": view.slug,
        **{name: getattr(view, name) for name in FIELDS},
        "by": view.by,
        "at": iso_utc(view.at),
    }
