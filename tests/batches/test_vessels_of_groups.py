"""A vessel is made of each group of tags, with roles guessed by unit and name."""

import pytest

from monitoring.batches.vessels import make_vessel
from monitoring.batches.vessels_of_groups import (
    guess_roles,
    make_of_groups,
    preview_of_groups,
    slug_of,
)
from monitoring.kernel.actor import Actor
from monitoring.models import Tag, Vessel, VesselTag

ANN = Actor("ann", "login")
UNITS = {
    "demo1.temp": "°C",
    "demo1.jacket": "°C",
    "demo1.jacket_sp": "°C",
    "demo1.ph": "pH",
    "demo1.do": "%",
    "demo1.o2": "%",
    "demo1.co2": "%",
    "demo1.rpm": "rpm",
    "demo1.rpm_sp": "rpm",
    "demo1.air": "L/min",
    "demo1.press": "bar",
    "demo1.feed": "mL/min",
    "demo1.base": "mL",
    "demo1.antifoam": "mL",
    "demo1.weight": "kg",
    "demo1.lamp": "",
    "demo1.feed_weight": "g",
}
ROLES = {
    "demo1.temp": ("temperature", "measured"),
    "demo1.jacket": ("jacket_temperature", "measured"),
    "demo1.jacket_sp": ("jacket_temperature", "setpoint"),
    "demo1.ph": ("ph", "measured"),
    "demo1.do": ("dissolved_oxygen", "measured"),
    "demo1.o2": ("offgas_o2", "measured"),
    "demo1.co2": ("offgas_co2", "measured"),
    "demo1.rpm": ("agitation", "measured"),
    "demo1.rpm_sp": ("agitation", "setpoint"),
    "demo1.air": ("air_flow", "measured"),
    "demo1.press": ("pressure", "measured"),
    "demo1.feed": ("feed_rate", "measured"),
    "demo1.base": ("base_total", "measured"),
    "demo1.antifoam": ("antifoam_total", "measured"),
    "demo1.weight": ("weight", "measured"),
    "demo1.lamp": ("other", "measured"),
    "demo1.feed_weight": ("other", "measured"),
}


def tag(name: str, unit: str, *, group: str = "", kind: str = "analog") -> Tag:
    return Tag(name=name, unit=unit, group=group, kind=kind, valid_min=0, valid_max=1000)


def test_roles_follow_from_words_and_units() -> None:
    guesses = guess_roles([tag(name, unit) for name, unit in UNITS.items()])
    assert {guess.tag: (guess.role, guess.function) for guess in guesses} == ROLES


def test_of_two_tags_of_a_role_the_better_fits_and_the_other_is_left_over() -> None:
    tags = [tag("roomTemp2", "°C"), tag("temp", "°C"), tag("stirrer", "Hz"), tag("pO2", "%")]
    assert [guess.role for guess in guess_roles(tags)] == [
        "other",
        "temperature",
        "other",
        "dissolved_oxygen",
    ]


def test_a_tag_of_kind_setpoint_is_a_setpoint() -> None:
    [guess] = guess_roles([tag("temp_wanted", "°C", kind="setpoint")])
    assert (guess.role, guess.function) == ("temperature", "setpoint")


@pytest.mark.parametrize(
    ("group", "name"),
    [("Demo 1", "demo-1"), ("3rd Reactor", "rd-reactor"), ("R.1_a", "r.1_a"), ("Ü", ""), ("42", "")],
)
def test_names_of_vessels_follow_from_groups(group: str, name: str) -> None:
    assert slug_of(group) == name


@pytest.mark.django_db
def test_the_preview_is_made_once() -> None:
    Tag.objects.all().delete()
    tag("a.temp", "°C", group="Reactor A").save()
    tag("a.ph", "pH", group="Reactor A").save()
    tag("load.1", "", group="load").save()
    tag("lone", "").save()
    [preview] = preview_of_groups()
    assert (preview.group, preview.name, preview.problem) == ("Reactor A", "reactor-a", "")
    assert not Vessel.objects.exists()
    assert make_of_groups(actor=ANN) == [preview]
    assert str(Vessel.objects.get()) == "Reactor A"
    assert set(VesselTag.objects.values_list("tag__name", "role")) == {
        ("a.temp", "temperature"),
        ("a.ph", "ph"),
    }
    assert make_of_groups(actor=ANN)[0].problem == "there is a vessel reactor-a already"


@pytest.mark.django_db
def test_groups_that_cannot_become_vessels_say_why() -> None:
    Tag.objects.all().delete()
    for name, group in (("a", "R 1"), ("b", "r-1"), ("c", "Ü"), ("d", "r2")):
        tag(name, "", group=group).save()
    vessel = make_vessel("other", actor=ANN)
    VesselTag.objects.create(vessel=vessel, tag=Tag.objects.get(name="d"), role="other")
    problems = {each.group: each.problem for each in preview_of_groups()}
    assert problems == {
        "R 1": "",
        "r-1": "there is a vessel r-1 already",
        "r2": "tag d is bound to vessel other already",
        "Ü": "the group's name has no Latin letter: make the vessel by hand",
    }
    assert [each.group for each in preview_of_groups(["r2"])] == ["r2"]
