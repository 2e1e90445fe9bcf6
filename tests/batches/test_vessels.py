"""Vessels are made, changed and renamed; tags are bound to them in roles."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import find_vessel
from monitoring.batches.reading import binding_json, vessel_json
from monitoring.batches.vessels import (
    bind,
    change_binding,
    change_vessel,
    make_vessel,
    rename_vessel,
    unbind,
)
from monitoring.kernel.actor import Actor
from monitoring.models import Tag, VesselTag

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Actor("ann", "login")


@pytest.fixture(autouse=True)
def plant() -> None:
    for name in ("t1", "t2"):
        Tag.objects.create(name=name, unit="°C", valid_min=0, valid_max=100)
    for name in ("v1", "v2"):
        make_vessel(name, actor=ANN)


def test_a_renamed_vessel_is_found_by_each_of_its_names() -> None:
    rename_vessel("v1", "north", actor=ANN)
    rename_vessel("v1", "south", actor=ANN)
    assert {find_vessel(name).name for name in ("v1", "north", "south")} == {"south"}
    assert vessel_json(find_vessel("v1"))["former_names"] == ["north", "v1"]
    rename_vessel("south", "v1", actor=ANN)
    assert vessel_json(find_vessel("south"))["former_names"] == ["north", "south"]


def test_a_former_name_stays_with_its_vessel() -> None:
    rename_vessel("v1", "north", actor=ANN)
    with pytest.raises(BatchConflictError, match="former name of vessel north"):
        make_vessel("v1", actor=ANN)
    with pytest.raises(BatchConflictError, match="former name of vessel north"):
        rename_vessel("v2", "v1", actor=ANN)
    with pytest.raises(BatchConflictError, match="there is a vessel north"):
        rename_vessel("v2", "north", actor=ANN)
    assert rename_vessel("v1", "north", actor=ANN).name == "north"


@pytest.mark.parametrize("name", ["", "1st", "a b", "ä", "compare/x", "x" * 65])
def test_names_are_parts_of_addresses(name: str) -> None:
    with pytest.raises(BatchInputError) as caught:
        make_vessel(name, actor=ANN)
    assert caught.value.field == "name"


def test_fields_that_are_left_out_stay() -> None:
    change_vessel("v1", {"title": "North", "constants": {"ua_w_per_k": 40}}, actor=ANN)
    vessel = change_vessel("v1", {"is_active": False}, actor=ANN)
    assert (vessel.title, vessel.constants, vessel.is_active) == ("North", {"ua_w_per_k": 40}, False)
    with pytest.raises(BatchInputError, match=r"from 0\.001 to"):
        change_vessel("v1", {"constants": {"ua_w_per_k": float("nan")}}, actor=ANN)
    with pytest.raises(BatchInputError, match="unknown constant"):
        change_vessel("v1", {"constants": {"ua": 40}}, actor=ANN)


def test_a_tag_is_on_one_vessel_at_a_time() -> None:
    first = bind("v1", "t1", "temperature", end=NOON, actor=ANN)
    with pytest.raises(BatchConflictError, match=r"v1 as temperature \(measured\) until 2024-01-31T12:00"):
        bind("v2", "t1", "temperature", begin=NOON - HOUR, actor=ANN)
    bind("v2", "t1", "temperature", begin=NOON, actor=ANN)
    with pytest.raises(BatchConflictError, match="v2"):
        change_binding("v1", first.pk, {"end": None}, actor=ANN)


def test_shared_tags_are_on_several_vessels_but_once_on_each() -> None:
    bind("v1", "t1", "pressure", is_shared=True, actor=ANN)
    bind("v2", "t1", "pressure", is_shared=True, actor=ANN)
    with pytest.raises(BatchConflictError, match="v1"):
        bind("v1", "t1", "other", is_shared=True, actor=ANN)


def test_a_vessel_has_one_tag_for_a_role_and_function() -> None:
    bind("v1", "t1", "temperature", actor=ANN)
    with pytest.raises(BatchConflictError, match="tag t1 as temperature"):
        bind("v1", "t2", "temperature", actor=ANN)
    bind("v1", "t2", "temperature", "setpoint", tolerance=0.5, actor=ANN)
    row = VesselTag.objects.get(tag__name="t2")
    assert binding_json(row) == {
        "id": row.pk,
        "tag": "t2",
        "role": "temperature",
        "function": "setpoint",
        "tolerance": 0.5,
        "shared": False,
        "begin": None,
        "end": None,
    }


def test_a_binding_by_mistake_is_removed() -> None:
    binding = bind("v1", "t1", "other", actor=ANN)
    with pytest.raises(UnknownBatchError):
        unbind("v2", binding.pk, actor=ANN)
    unbind("v1", binding.pk, actor=ANN)
    assert not VesselTag.objects.exists()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("tag", {"tag_name": "t9"}),
        ("role", {"role": "colour"}),
        ("function", {"function": "guess"}),
        ("end", {"begin": NOON, "end": NOON}),
        ("tolerance", {"tolerance": -1}),
    ],
)
def test_wrong_fields_of_a_binding_are_named(field: str, wrong: dict[str, object]) -> None:
    with pytest.raises(BatchInputError) as caught:
        bind("v1", **{"tag_name": "t1", "role": "ph", "actor": ANN, **wrong})  # type: ignore[arg-type]
    assert caught.value.field == field
