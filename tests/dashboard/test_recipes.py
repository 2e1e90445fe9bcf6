"""The pages of recipes: the list, and the form with phases as rows."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.batches.lifecycle import NewBatch, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe, revise_recipe
from monitoring.batches.vessels import make_vessel
from monitoring.models import Recipe
from tests.dashboard.form_fields import fields_of
from tests.dashboard.test_alarm_pages import page
from tests.dashboard.test_vessels import ANN, refused, text

pytestmark = pytest.mark.django_db
CHANGE = "/recipes/fed-batch/change"
FEED = {"condition": "above", "role": "feed_rate", "limit": "0", "minutes": "3"}
FEED_RULE = {"role": "feed_rate", "above": 0, "for_s": 180}


@pytest.fixture
def recipe() -> Recipe:
    phases = [NewPhase("growth", 8 * 3600), NewPhase("feed", start_rule=FEED_RULE), NewPhase("harvest", 900)]
    return make_recipe("fed-batch", phases, description="our usual one", actor=ANN)


def body(*rows: dict[str, str], **fields: str) -> dict[str, str]:
    """The form of a recipe with these rows."""
    sent = {f"row-{place}-{name}": value for place, row in enumerate(rows) for name, value in row.items()}
    return {"row-TOTAL_FORMS": str(len(rows)), "row-INITIAL_FORMS": "0", **sent, **fields}


def newest() -> Recipe:
    return Recipe.objects.order_by("-version")[0]


def phases() -> list[str]:
    return [phase.name for phase in newest().phases.all()]


def use(recipe: Recipe) -> None:
    make_vessel("v1", actor=ANN)
    start_batch(NewBatch("v1", "run-1", recipe=recipe.name), actor=ANN)


def test_the_list_tells_phases_rules_use_and_versions(client: Client, recipe: Recipe) -> None:
    use(recipe)
    revise_recipe("fed-batch", phases=[NewPhase("growth"), NewPhase("feed")], actor=ANN)
    shown = text(client, "/recipes")
    assert "Recipes Vessels Batches Recipes Golden profiles" in shown
    assert "fed-batch Version 2" in shown
    assert "not used yet our usual one growth begins with the inoculation feed begun by a person" in shown
    assert "Older versions of fed-batch : 1 Version 1" in shown
    assert "· 1 batch our usual one growth 8 h begins with the inoculation" in shown
    assert "feed Feed rate above 0 mL/min for 3 min harvest 15 min begun by a person" in shown


def test_without_a_recipe_the_list_says_what_that_means(client: Client) -> None:
    assert "No recipe yet. A batch without a recipe has the phases that people name" in text(
        client, "/recipes"
    )


def test_a_json_client_gets_the_recipes_at_the_same_address(client: Client, recipe: Recipe) -> None:
    assert client.get("/recipes").json()[0]["name"] == "fed-batch"


def test_a_recipe_is_made_with_phases_and_rules(client: Client) -> None:
    empty = fields_of(page(client, "/new-recipe"))
    assert empty["row-TOTAL_FORMS"] == "3"
    growth = {"name": "growth", "hours": "8.5", "coordinate": "growth"}
    feed = {"name": "feed", **FEED, "coordinate": "total", "coordinate_role": "feed_rate"}
    sent = body(growth, {}, feed, name="fed-batch", description="a new one")
    assert client.post("/new-recipe", empty | sent)["Location"] == "/recipes#recipe-fed-batch"
    made = newest()
    assert (made.name, made.version, made.description) == ("fed-batch", 1, "a new one")
    assert [(each.name, each.typical_duration_s, each.start_rule) for each in made.phases.all()] == [
        ("growth", 30_600, None),
        ("feed", None, FEED_RULE),
    ]
    assert [(each.coordinate, each.coordinate_role) for each in made.phases.all()] == [
        ("growth", ""),
        ("total", "feed_rate"),
    ]


def test_a_form_sent_as_shown_changes_nothing(client: Client, recipe: Recipe) -> None:
    use(recipe)
    html = page(client, CHANGE)
    assert "Batches have used version 1, which stays as it is: the change makes version 2." in html
    assert client.post(CHANGE, fields_of(html)).status_code == 302
    assert Recipe.objects.count() == 1


def test_phases_are_moved_removed_and_added_in_one_change(client: Client, recipe: Recipe) -> None:
    sent = fields_of(page(client, CHANGE))
    sent |= {"row-3-name": "wash", "row-3-position": "1.5", "row-1-DELETE": "on", "row-1-limit": "no number"}
    client.post(CHANGE, sent)
    assert phases() == ["growth", "wash", "harvest"]
    assert newest().version == 1  # no batch has used it


@pytest.mark.parametrize(
    ("row", "position", "order"),
    [
        (2, "1", ["harvest", "growth", "feed"]),
        (2, "2", ["growth", "harvest", "feed"]),
        (0, "3", ["feed", "harvest", "growth"]),
        (1, "", ["growth", "feed", "harvest"]),
    ],
)
def test_a_phase_takes_the_place_of_the_one_that_had_the_position(
    client: Client, recipe: Recipe, row: int, position: str, order: list[str]
) -> None:
    sent = fields_of(page(client, CHANGE)) | {f"row-{row}-position": position, "row-1-condition": ""}
    assert client.post(CHANGE, sent).status_code == 302
    assert phases() == order


def test_a_version_in_use_stays_and_a_change_makes_the_next(client: Client, recipe: Recipe) -> None:
    use(recipe)
    client.post(CHANGE, fields_of(page(client, CHANGE)) | {"row-0-hours": "9"})
    first, second = Recipe.objects.order_by("version")
    assert [each.phases.all()[0].typical_duration_s for each in (first, second)] == [28_800, 32_400]


def test_one_more_row_keeps_the_entries_and_stores_nothing(client: Client, recipe: Recipe) -> None:
    sent = fields_of(page(client, CHANGE)) | {"act": "more", "row-0-hours": "x", "row-2-DELETE": "on"}
    answer = client.post(CHANGE, sent)
    assert answer.status_code == 200
    again = fields_of(answer.content.decode())
    assert (again["row-0-hours"], again["row-2-DELETE"], again["row-4-name"]) == ("x", "on", "")
    assert "Enter a number" not in answer.content.decode()
    client.post(CHANGE, again | {"row-0-hours": "8", "row-4-name": "wash"})
    assert phases() == ["growth", "feed", "wash"]


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"row-1-role": ""}, "row-1-role", "Choose the role of the tag to look at."),
        ({"row-1-limit": ""}, "row-1-limit", "Enter a value, in the unit of the tag."),
        ({"row-1-minutes": "2000"}, "row-1-minutes", "Enter minutes from 0 to 1440."),
        ({"row-0-hours": "0"}, "row-0-hours", "Enter hours up to 8784, or none."),
        ({"row-0-hours": "1e308"}, "row-0-hours", "Enter hours up to 8784, or none."),
        ({"row-2-name": ""}, "row-2-name", "This field is required."),
        ({"row-1-position": "0"}, "row-1-condition", "The first phase begins with the inoculation: give"),
        ({"row-2-coordinate": "total"}, "row-2-coordinate_role", "Expected the role of a totaliser"),
    ],
)
def test_an_error_stands_beside_the_field_of_its_row(
    client: Client, recipe: Recipe, wrong: dict[str, str], field: str, words: str
) -> None:
    answer = client.post(CHANGE, fields_of(page(client, CHANGE)) | wrong)
    assert "Not saved; below is why." in refused(answer)
    before, _, after = unescape(answer.content.decode()).partition(f'id="id_{field}_error"')
    assert words in after.partition("</div>")[0]
    assert "autofocus" in before.rpartition('<div class="field wrong">')[2]
    folded = before.rpartition("<details")[2]
    assert "</details>" in folded or folded.startswith(" open") or "<fieldset" in folded
    assert phases() == ["growth", "feed", "harvest"]


def test_what_no_row_is_about_is_said_above_the_form(client: Client, recipe: Recipe) -> None:
    def answer(path: str, *rows: dict[str, str], **fields: str) -> str:
        return refused(client.post(path, body(*rows, **fields)))

    assert "There is a recipe fed-batch already" in answer("/new-recipe", {"name": "a"}, name="fed-batch")
    assert "Expected 1 to 50 phases." in answer("/new-recipe", name="r2")
    assert "got 'a' twice" in answer("/new-recipe", {"name": "a"}, {"name": "a"}, name="r2")
    assert "Start with a letter" in answer("/new-recipe", {"name": "a"}, name="2")
    assert "ManagementForm data is missing" in refused(client.post("/new-recipe", {"name": "r2"}))
    assert not Recipe.objects.filter(name="r2").exists()


def test_a_form_that_was_shown_before_another_change_is_refused(client: Client, recipe: Recipe) -> None:
    shown = fields_of(page(client, CHANGE))
    revise_recipe("fed-batch", phases=[NewPhase("growth"), NewPhase("wash")], actor=ANN)
    answer = refused(client.post(CHANGE, shown | {"row-0-hours": "9"}))
    assert "Recipe fed-batch has changed since: ann has stored version 1. Load the page again" in answer
    assert phases() == ["growth", "wash"]
    assert client.post(CHANGE, shown | {"description": "new"}).status_code == 400
    for wrong in ("", "x", "-1", "9" * 30):
        assert client.post(CHANGE, shown | {"seen": wrong}).status_code == 400


def test_a_version_is_offered_no_longer_and_again(client: Client, recipe: Recipe) -> None:
    def offer(act: str, version: str = "1") -> Any:
        return client.post("/recipes/fed-batch/offer", {"act": act, "version": version})

    assert offer("retire")["Location"] == "/recipes#recipe-fed-batch"
    assert "not offered for new batches" in text(client, "/recipes")
    offer("offer")
    assert not newest().is_retired
    assert "Unknown recipe 'fed-batch', version 7." in refused(offer("retire", "7"))
    assert offer("explode").status_code == 404


def test_an_unknown_recipe_is_not_found(client: Client) -> None:
    assert client.get("/recipes/nothing/change").status_code == 404
    assert client.post("/recipes/nothing/offer", {"act": "retire", "version": "1"}).status_code == 404


def test_only_engineers_change_recipes_and_the_trail_names_them(
    client: Client, settings: Settings, account: Callable[[str], User], recipe: Recipe
) -> None:
    sent = fields_of(page(client, CHANGE)) | {"description": "better"}
    settings.FERMON_OPEN = False
    for role, status in (("viewer", 403), ("operator", 403), ("engineer", 302)):
        client.force_login(account(role))
        assert ("Make a recipe" in text(client, "/recipes")) == (role == "engineer")
        assert client.post(CHANGE, sent).status_code == status
    entry = LogEntry.objects.filter(object_repr="fed-batch, version 1").order_by("-pk")[0]
    assert (entry.actor_email, entry.changes["description"]) == ("engineer", ["our usual one", "better"])
