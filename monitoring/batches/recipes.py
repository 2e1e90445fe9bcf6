"""Make, revise and retire recipes. A version that a batch has used never changes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import find_recipe
from monitoring.batches.json_fields import checked_rule, is_text, known_roles
from monitoring.database.write_lock import write_lock
from monitoring.kernel.actor import Actor
from monitoring.models import Coordinate, Recipe, RecipePhase

MOST_PHASES = 50
LONGEST_PHASE_S = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class NewPhase:
    """A phase of a recipe to make; the fields are those of ``RecipePhase``."""

    name: str
    typical_duration_s: int | None = None
    start_rule: dict[str, Any] | None = None
    coordinate: str = "time"
    coordinate_role: str = ""


def make_recipe(name: str, phases: Sequence[NewPhase], *, description: str = "", actor: Actor) -> Recipe:
    """Make version 1 of a recipe.

    Raises:
        BatchInputError: a field is invalid.
        BatchConflictError: there is a recipe of this name.
    """
    with locked_recipe(name) as versions:
        if versions:
            raise BatchConflictError(f"there is a recipe {name} already: change that one, or choose a name")
        return store_version(name, 1, phases, description, actor)


def revise_recipe(
    name: str,
    *,
    phases: Sequence[NewPhase] | None = None,
    description: str | None = None,
    seen: datetime | None = None,
    actor: Actor,
) -> Recipe:
    """Change the newest version if no batch has used it, else make the next; equal values change nothing.

    ``seen`` is the ``made_at`` of the version that the caller saw (None: not asked).

    Raises:
        UnknownBatchError, BatchInputError: no such recipe; a field is invalid.
        BatchConflictError: the recipe has changed since ``seen``.
    """
    with locked_recipe(name) as versions:
        if not versions:
            raise UnknownBatchError(f"unknown recipe {name!r}; GET /recipes lists them")
        newest = versions[0]
        new_phases = phases_of(newest) if phases is None else list(phases)
        text = newest.description if description is None else description
        if (new_phases, text) == (phases_of(newest), newest.description):
            return newest
        if seen is not None and seen != newest.made_at:
            raise BatchConflictError(
                f"recipe {name} has changed since: {newest.made_by} has stored version {newest.version}."
                " Load the page again, then repeat"
            )
        if newest.batches.exists() or newest.profiles.exists():
            return store_version(name, newest.version + 1, new_phases, text, actor)
        newest.description, newest.made_at, newest.made_by = text, datetime.now(UTC), actor.by
        store_phases(newest, new_phases)
        return newest


def retire_recipe(name: str, version: int, *, is_retired: bool = True, actor: Actor) -> Recipe:
    """Offer a version no longer for new batches, or again.

    Raises:
        UnknownBatchError: no such recipe or version.
    """
    del actor  # the audit trail records the caller
    with locked_recipe(name):
        recipe = find_recipe(name, version)
        recipe.is_retired = is_retired
        recipe.save()
    return recipe


@contextmanager
def locked_recipe(name: str) -> Iterator[list[Recipe]]:
    """Lock the versions of a recipe, newest first: batches that would use one wait. Opens a transaction.

    Raises:
        BatchConflictError: the same version was made at once.
    """
    try:
        with write_lock(), transaction.atomic():
            yield list(Recipe.objects.select_for_update().filter(name=name).order_by("-version"))
    except IntegrityError as error:
        raise BatchConflictError(f"recipe {name} has changed just now: load the recipe again") from error


def store_version(
    name: str, version: int, phases: Sequence[NewPhase], description: str, actor: Actor
) -> Recipe:
    """Store a version of a recipe.

    Raises:
        BatchInputError: a field is invalid.
    """
    made = {"made_at": datetime.now(UTC), "made_by": actor.by}
    recipe = Recipe(name=name, version=version, description=description, **made)
    store_phases(recipe, phases)
    return recipe


def store_phases(recipe: Recipe, phases: Sequence[NewPhase]) -> None:
    """Check and store the recipe with these phases in place of others.

    Raises:
        BatchInputError: a field is invalid.
    """
    check_phases(phases)
    clean(recipe, "")
    recipe.save()
    recipe.phases.all().delete()
    for position, phase in enumerate(phases, 1):
        row = RecipePhase(recipe=recipe, position=position, **asdict(phase))
        clean(row, f"phases.{position}.")
        row.save()


def check_phases(phases: Sequence[NewPhase]) -> None:
    """Check the phases of a recipe.

    Raises:
        BatchInputError: there are none or too many, two have the same name, or a field is invalid.
    """
    if not 1 <= len(phases) <= MOST_PHASES:
        raise BatchInputError(f"expected 1 to {MOST_PHASES} phases", "phases")
    for position, phase in enumerate(phases, 1):
        check_phase(phase, position)
    names = [phase.name for phase in phases]
    if twice := [name for name in names if names.count(name) > 1]:
        raise BatchInputError(f"expected different names, got {twice[0]!r} twice", "phases")


def check_phase(phase: NewPhase, position: int) -> None:
    """Check a phase.

    Raises:
        BatchInputError: a name, a rule, a duration or the role of the coordinate is invalid.
    """
    field = f"phases.{position}"
    if not is_text(phase.name) or not phase.name.strip():
        raise BatchInputError("expected a name", f"{field}.name")
    if phase.start_rule is not None:
        checked_rule(phase.start_rule, f"{field}.start_rule")
        if position == 1:
            raise BatchInputError(
                "the first phase begins with the inoculation: give that rule to the vessel",
                f"{field}.start_rule",
            )
    if phase.typical_duration_s is not None and not is_duration(phase.typical_duration_s):
        raise BatchInputError(
            f"expected 1 to {LONGEST_PHASE_S} seconds, or none", f"{field}.typical_duration_s"
        )
    check_coordinate(phase, f"{field}.coordinate_role")


def is_duration(value: Any) -> bool:
    """Return whether the value is a whole number of seconds that a phase may last."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LONGEST_PHASE_S


def check_coordinate(phase: NewPhase, field: str) -> None:
    """Check that a totaliser, and no other coordinate, has a role.

    Raises:
        BatchInputError: the role is missing, unknown or superfluous.
    """
    is_total = phase.coordinate == Coordinate.TOTAL
    if is_total and phase.coordinate_role not in known_roles():
        raise BatchInputError("expected the role of a totaliser, as feed_rate", field)
    if phase.coordinate_role and not is_total:
        raise BatchInputError("expected with coordinate 'total' only", field)


def clean(row: Recipe | RecipePhase, prefix: str) -> None:
    """Check the fields of a row.

    Raises:
        BatchInputError: one is invalid.
    """
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise BatchInputError(" ".join(messages), f"{prefix}{field}") from error


def phases_of(recipe: Recipe) -> list[NewPhase]:
    """Return the phases of a recipe, in order."""
    return [
        NewPhase(
            phase.name,
            phase.typical_duration_s,
            phase.start_rule,
            phase.coordinate,
            phase.coordinate_role,
        )
        for phase in recipe.phases.all()
    ]
