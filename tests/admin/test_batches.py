"""Vessels, bindings and recipes in the admin have the checks of the API; records of batches are read-only."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from monitoring.batches.lifecycle import NewBatch, inoculate, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.batches.vessels import bind, make_vessel, rename_vessel
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, BatchWatch, Profile, Recipe, Sample, Tag, Vessel, VesselTag

pytestmark = pytest.mark.django_db
ANN = Actor("ann", "login")
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
VESSEL = {"name": "v1", "rules": "{}", "constants": "{}", "is_active": "on"}
INLINES = {
    f"{part}-{end}_FORMS": "0"
    for part in ("bindings", "former_names", "phases")
    for end in ("TOTAL", "INITIAL")
}


def errors(answer: Any) -> dict[str, list[str]]:
    """Return the errors of the form, by field."""
    found: dict[str, list[str]] = answer.context["adminform"].form.errors
    return found


def test_a_vessel_is_made_renamed_and_retired(admin_client: Client) -> None:
    wrong = {**VESSEL, "rules": '{"end": {"role": "weight"}}'}
    answer = admin_client.post("/admin/monitoring/vessel/add/", {**wrong, **INLINES})
    assert list(errors(answer)) == ["rules"]
    admin_client.post("/admin/monitoring/vessel/add/", {**VESSEL, **INLINES})
    vessel = Vessel.objects.get(name="v1")
    path = f"/admin/monitoring/vessel/{vessel.pk}/change/"
    changed = {**VESSEL, "name": "north", "is_active": "", "constants": '{"tare_kg": 12}'}
    assert admin_client.post(path, {**changed, **INLINES}).status_code == 302
    vessel.refresh_from_db()
    assert (vessel.name, vessel.is_active, vessel.constants) == ("north", False, {"tare_kg": 12})
    assert "v1" in admin_client.get(path).content.decode()
    answer = admin_client.post("/admin/monitoring/vessel/add/", {**VESSEL, **INLINES})
    assert list(errors(answer)) == ["__all__"]


def test_a_binding_is_checked_beside_others(admin_client: Client) -> None:
    vessel = make_vessel("v1", actor=ANN)
    tags = list(Tag.objects.order_by("name")[:2])
    path = "/admin/monitoring/vesseltag/"
    fields = {"vessel": vessel.pk, "role": "temperature", "function": "measured"}
    assert admin_client.post(f"{path}add/", {**fields, "tag": tags[0].pk}).status_code == 302
    answer = admin_client.post(f"{path}add/", {**fields, "tag": tags[1].pk})
    assert tags[0].name in str(errors(answer))
    row = VesselTag.objects.get()
    admin_client.post(f"{path}{row.pk}/change/", {"role": "other", "function": "measured", "tolerance": "2"})
    row.refresh_from_db()
    assert (row.role, row.tolerance, row.tag) == ("other", 2, tags[0])
    admin_client.post(f"{path}{row.pk}/delete/", {"post": "yes"})
    assert not VesselTag.objects.exists()


def test_a_recipe_in_use_gets_another_version(admin_client: Client) -> None:
    path = "/admin/monitoring/recipe/"
    phases = [{"name": "growth", "typical_duration_s": 3600}]
    fields = {"name": "r1", "description": "first", **INLINES}
    for wrong in (
        "[]",
        "{}",
        '[{"colour": 1}]',
        '[{"name": 1}]',
        '[{"name": "a", "typical_duration_s": "x"}]',
    ):
        answer = admin_client.post(f"{path}add/", {**fields, "phases": wrong})
        assert list(errors(answer)) == ["phases"], wrong
    admin_client.post(f"{path}add/", {**fields, "phases": json.dumps(phases)})
    recipe = Recipe.objects.get()
    assert "growth" in admin_client.get(f"{path}{recipe.pk}/change/").content.decode()
    make_vessel("v1", actor=ANN)
    start_batch(NewBatch("v1", "b1", recipe="r1"), actor=ANN)
    changed = {"description": "second", "phases": json.dumps([*phases, {"name": "feed"}]), **INLINES}
    admin_client.post(f"{path}{recipe.pk}/change/", changed)
    assert list(Recipe.objects.order_by("version").values_list("version", "description")) == [
        (1, "first"),
        (2, "second"),
    ]
    admin_client.post(f"{path}{recipe.pk}/change/", {"is_retired": "on", **INLINES})
    recipe.refresh_from_db()
    assert (recipe.is_retired, recipe.description) == (True, "first")
    answer = admin_client.post(f"{path}add/", {**fields, "phases": json.dumps(phases)})
    assert list(errors(answer)) == ["name"]


def test_records_of_batches_are_shown_and_not_changed(admin_client: Client) -> None:
    make_vessel("v1", actor=ANN)
    rename_vessel("v1", "north", actor=ANN)
    bind("north", "fermenter_temp", "temperature", actor=ANN)
    make_recipe("r1", [NewPhase("growth")], actor=ANN)
    batch = start_batch(NewBatch("north", "b1", recipe="r1", start=NOON), actor=ANN)
    inoculate(batch.pk, at=NOON, actor=ANN)
    sample = Sample.objects.create(batch=batch, number=1, taken_at=NOON, entered_at=NOON, entered_by="ann")
    sample.results.create(analyte="od600", value=1.5, entered_at=NOON, entered_by="ann")
    profile = Profile.objects.create(name="p1", curves=b"x", inputs_hash="", made_at=NOON, made_by="ann")
    profile.members.create(batch=batch, score=0.5)
    BatchWatch.objects.create(batch=batch, score=0.75, message="Limits are wide.", upto=NOON, changed_at=NOON)
    deviation = batch.deviations.create(
        start=NOON, peak_at=NOON, score=2, sentence="It differs.", revision=1, changed_at=NOON
    )
    shown = {
        "batchwatch/": "Limits are wide.",
        "deviation/": "It differs.",
        f"deviation/{deviation.pk}/change/": "It differs.",
        f"batch/{batch.pk}/change/": "growth",
        f"sample/{sample.pk}/change/": "od600",
        f"profile/{profile.pk}/change/": "0.5",
        f"vessel/{batch.vessel_id}/change/": "fermenter_temp",
        "batch/": "2024-01-31 12:00:00",
        "sample/": "2024-01-31 12:00:00",
        "profile/": "p1",
        "vessel/": "north",
        "vesseltag/": "temperature",
        "recipe/": "r1",
    }
    for path, text in shown.items():
        assert text in admin_client.get(f"/admin/monitoring/{path}").content.decode(), path
    rows = {"batch": batch, "sample": sample, "profile": profile, "deviation": deviation}
    for table, pk in ((name, row.pk) for name, row in rows.items()):
        for act in (f"{pk}/change/", f"{pk}/delete/", "add/"):
            assert admin_client.post(f"/admin/monitoring/{table}/{act}", {}).status_code == 403
    assert Batch.objects.count() == 1
