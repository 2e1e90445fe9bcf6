"""Find vessels, batches and recipes by name, and lock a vessel for a change."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from monitoring.batches.errors import UnknownBatchError
from monitoring.database.write_lock import write_lock
from monitoring.models import Batch, Profile, Recipe, RecipePhase, Vessel, VesselTag


def find_vessel(name: str) -> Vessel:
    """Return the vessel of this name, or that had this name formerly.

    Raises:
        UnknownBatchError: there is none.
    """
    found = Vessel.objects.filter(Q(name=name) | Q(former_names__name=name)).distinct().first()
    if found is None:
        raise UnknownBatchError(f"unknown vessel {name!r}; GET /vessels lists them")
    return found


def find_batch(pk: int) -> Batch:
    """Return the batch with vessel and recipe.

    Raises:
        UnknownBatchError: there is none.
    """
    found = Batch.objects.select_related("vessel", "recipe", "profile").filter(pk=pk).first()
    if found is None:
        raise UnknownBatchError(f"there is no batch {pk}; GET /batches lists them")
    return found


def find_batches(pks: Sequence[int]) -> list[Batch]:
    """Return the batches in the order of the ids, with vessel, recipe, profile and phases.

    Raises:
        UnknownBatchError: one of them does not exist.
    """
    related = Batch.objects.select_related("vessel", "recipe", "profile")
    found = related.prefetch_related("phases", "recipe__phases").in_bulk(pks)
    for pk in pks:
        if pk not in found:
            raise UnknownBatchError(f"there is no batch {pk}; GET /batches lists them")
    return [found[pk] for pk in pks]


def find_recipe(name: str, version: int | None = None) -> Recipe:
    """Return the version of the recipe; the newest that is not retired if ``version`` is None.

    Raises:
        UnknownBatchError: there is none.
    """
    chosen = Recipe.objects.filter(name=name)
    chosen = chosen.filter(is_retired=False) if version is None else chosen.filter(version=version)
    found = chosen.order_by("-version").first()
    if found is None:
        which = f"{name!r}" if version is None else f"{name!r}, version {version}"
        raise UnknownBatchError(f"unknown recipe {which}; GET /recipes lists them")
    return found


def newest_version(name: str) -> Recipe | None:
    """Return the newest version of the recipe, retired or not; None if there is none."""
    return Recipe.objects.filter(name=name).order_by("-version").first()


def find_profile(pk: int) -> Profile:
    """Return the profile with its recipe.

    Raises:
        UnknownBatchError: there is none.
    """
    found = Profile.objects.select_related("recipe").filter(pk=pk).first()
    if found is None:
        raise UnknownBatchError(f"there is no profile {pk}; GET /profiles lists them")
    return found


def newest_profile(recipe: Recipe | None) -> Profile | None:
    """Return the newest profile of any version of the recipe, without curves; None if there is none."""
    if recipe is None:
        return None
    profiles = Profile.objects.filter(recipe__name=recipe.name).defer("curves")
    return profiles.order_by("-made_at", "-id").first()


def bindings_between(vessel: Vessel, start: datetime, end: datetime) -> QuerySet[VesselTag]:
    """Return the bindings of the vessel that touch the time from ``start`` to ``end`` (exclusive)."""
    touches = (Q(begin=None) | Q(begin__lt=end)) & (Q(end=None) | Q(end__gt=start))
    return VesselTag.objects.filter(touches, vessel=vessel).select_related("tag").order_by("id")


def recipe_phases(batch: Batch) -> list[RecipePhase]:
    """Return the phases of the batch's recipe, in order; none without a recipe."""
    return list(batch.recipe.phases.all()) if batch.recipe else []


@contextmanager
def locked_vessel(name: str) -> Iterator[Vessel]:
    """Lock a vessel: others that change the vessel or its batches wait. Opens a transaction.

    Raises:
        UnknownBatchError: there is none.
    """
    with write_lock(), transaction.atomic():
        yield Vessel.objects.select_for_update().get(pk=find_vessel(name).pk)


@contextmanager
def locked_batch(pk: int) -> Iterator[Batch]:
    """Lock the vessel of a batch and load the batch as stored then. Opens a transaction.

    Raises:
        UnknownBatchError: there is none.
    """
    with write_lock(), transaction.atomic():
        Vessel.objects.select_for_update().get(pk=find_batch(pk).vessel_id)
        yield find_batch(pk)
