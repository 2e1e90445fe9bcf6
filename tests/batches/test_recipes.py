"""Recipes are versions: one that a batch has used never changes."""

from datetime import UTC, datetime

import pytest

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import find_recipe
from monitoring.batches.lifecycle import NewBatch, plan_batch
from monitoring.batches.reading import read_recipes, recipe_json
from monitoring.batches.recipes import NewPhase, make_recipe, retire_recipe, revise_recipe
from monitoring.kernel.actor import Actor
from monitoring.models import Recipe, Vessel

pytestmark = pytest.mark.django_db
ANN = Actor("ann", "login")
RULE = {"role": "feed_rate", "above": 0.0, "for_s": 180}
PHASES = (NewPhase("growth", 8 * 3600), NewPhase("feed", start_rule=RULE))


@pytest.fixture
def recipe() -> Recipe:
    return make_recipe("fed-batch", PHASES, description="Glucose feed", actor=ANN)


def use(name: str) -> None:
    """Plan a batch by the newest version of the recipe."""
    vessel, _ = Vessel.objects.get_or_create(name="v1", defaults={"made_at": datetime.now(UTC)})
    plan_batch(NewBatch(vessel.name, f"b-{name}", recipe=name), actor=ANN)


def test_a_recipe_is_read_as_made(recipe: Recipe) -> None:
    shown = recipe_json(recipe)
    assert [phase["name"] for phase in shown["phases"]] == ["growth", "feed"]
    assert shown["phases"][1]["start_rule"] == RULE
    assert (shown["version"], shown["made_by"]) == (1, "ann")


def test_an_unused_version_changes_in_place(recipe: Recipe) -> None:
    changed = revise_recipe("fed-batch", phases=[NewPhase("all")], actor=ANN)
    assert (changed.pk, changed.version, changed.description) == (recipe.pk, 1, "Glucose feed")
    assert [phase.name for phase in find_recipe("fed-batch").phases.all()] == ["all"]


def test_a_change_of_a_used_version_makes_the_next(recipe: Recipe) -> None:
    use("fed-batch")
    assert revise_recipe("fed-batch", phases=PHASES, actor=ANN).version == 1
    assert revise_recipe("fed-batch", description="Glycerol feed", actor=ANN).version == 2
    recipe.refresh_from_db()
    assert recipe.description == "Glucose feed"
    assert [phase.name for phase in find_recipe("fed-batch").phases.all()] == ["growth", "feed"]


def test_a_retired_version_is_not_offered(recipe: Recipe) -> None:
    retire_recipe("fed-batch", 1, actor=ANN)
    with pytest.raises(UnknownBatchError):
        find_recipe("fed-batch")
    assert (read_recipes(), len(read_recipes(with_retired=True))) == ([], 1)


def test_a_name_is_used_once(recipe: Recipe) -> None:
    with pytest.raises(BatchConflictError, match="fed-batch"):
        make_recipe("fed-batch", PHASES, actor=ANN)
    with pytest.raises(UnknownBatchError):
        revise_recipe("batch", actor=ANN)


@pytest.mark.parametrize(
    ("field", "phases"),
    [
        ("phases", []),
        ("phases", [NewPhase("a"), NewPhase("a")]),
        ("phases.1.name", [NewPhase("")]),
        ("phases.1.start_rule", [NewPhase("a", start_rule=RULE)]),
        ("phases.2.start_rule", [NewPhase("a"), NewPhase("b", start_rule={"role": "feed_rate"})]),
        ("phases.1.typical_duration_s", [NewPhase("a", 0)]),
        ("phases.1.coordinate", [NewPhase("a", coordinate="mood")]),
        ("phases.1.coordinate_role", [NewPhase("a", coordinate="total")]),
        ("phases.1.coordinate_role", [NewPhase("a", coordinate_role="feed_rate")]),
    ],
)
def test_wrong_phases_are_named(field: str, phases: list[NewPhase]) -> None:
    with pytest.raises(BatchInputError) as caught:
        make_recipe("new", phases, actor=ANN)
    assert caught.value.field == field
