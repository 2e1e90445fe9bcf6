"""Suggestions for tags, from names and values."""

import pytest

from monitoring.sources.line_protocol.grammar import Value, series_of
from monitoring.sources.line_protocol.naming import suggestion_for
from monitoring.sources.suggesting import completed, suggest, tag_name, words_of


@pytest.mark.parametrize(
    ("name", "value", "unit", "low", "high"),
    [
        ("jacketTemp", 37.0, "°C", -50, 200),
        ("F1.ph", 7.0, "pH", 0, 14),
        ("stirrer_rpm", 300.0, "rpm", 0, 3000),
        ("DO", 40.0, "%", 0, 200),
        ("do_temp", 37.0, "°C", -50, 200),
        ("headspace pressure", 0.5, "bar", -1, 20),
        ("oven temp", 900.0, "°C", -1e5, 1e5),
        ("graph", 3.0, "", -1e4, 1e4),
        ("anything", 123_456.0, "", -1e8, 1e8),
        ("state", "text", "", -1e4, 1e4),
    ],
)
def test_unit_and_range(name: str, value: Value, unit: str, low: float, high: float) -> None:
    found = suggest(name, value)
    assert (found["unit"], found["valid_min"], found["valid_max"]) == (unit, low, high)
    assert found["kind"] == "analog"


@pytest.mark.parametrize(
    ("name", "kind"), [("temp_setpoint", "setpoint"), ("temp.SP", "setpoint"), ("feedTotal", "counter")]
)
def test_kind(name: str, kind: str) -> None:
    assert suggest(name, 1.0)["kind"] == kind


def test_a_boolean_has_states() -> None:
    assert suggest("valve", True) == {
        "kind": "discrete",
        "states": {"0": "off", "1": "on"},
        "valid_min": 0.0,
        "valid_max": 1.0,
    }


@pytest.mark.parametrize(
    ("series", "field", "tag", "unit"),
    [
        ("°C,domain=sensor,entity_id=fermenter_jacket", "value", "fermenter_jacket", "°C"),
        ("measurements,source=iSpindel000", "gravity", "iSpindel000.gravity", "SG"),
        ("cpu,cpu=cpu-total,host=pi", "usage_idle", "cpu.cpu-total.usage_idle", ""),
        ("oven,site=A", "door", "oven.A.door", ""),
        ("°C,entity_id=jacket", "state", "C.jacket.state", ""),
        ("mqtt_consumer,host=pi,topic=plant/f1/temp", "value", "plant_f1_temp", "°C"),
        ("oven", "temp", "oven.temp", "°C"),
        ("oven", "value", "oven", ""),
        ("1st", "ph", "t1st.ph", "pH"),
        ("µ", "x", "x", ""),
    ],
)
def test_a_series_suggests_the_name_that_identifies_the_sensor(
    series: str, field: str, tag: str, unit: str
) -> None:
    found = suggestion_for(series_of(series), field, 1.0)
    assert (found["tag"], found["unit"]) == (tag, unit)


def test_names_are_valid() -> None:
    assert tag_name("a b", "°", "c/d") == "a_b.c_d"
    assert tag_name("x" * 70) == "x" * 64
    assert tag_name("...") == ""


def test_words() -> None:
    assert words_of("jacketTemp_PO2 inF1") >= {"jacket", "temp", "po2", "in"}


def test_a_suggestion_is_completed_and_what_the_source_says_stays() -> None:
    assert completed({"tag": "r1.temperature", "unit": None}, "37.5") == {
        "tag": "r1.temperature",
        "unit": "°C",
        "kind": "analog",
        "valid_min": -50.0,
        "valid_max": 200.0,
    }
    told = {"tag": "x", "unit": "mbar", "kind": "setpoint", "valid_min": 0, "valid_max": 5}
    assert completed(told, "nan") == told
    found = completed({"tag": "valve", "kind": "discrete", "states": {"0": "off", "3": "on"}}, "ON")
    assert (found["valid_min"], found["valid_max"]) == (0, 3)
    assert "unit" not in found
    assert completed({"tag": "x"}, '{"x": 1}')["valid_max"] == 10_000
    assert completed({"choices": [{"type": "uint16"}]}, "7")["valid_min"] == -10_000
    assert completed({"display_name": "Name plate"}, "abc") == {"display_name": "Name plate"}
