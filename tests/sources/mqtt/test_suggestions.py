"""Suggestions for tags: from Home Assistant's discovery, and from topics."""

import orjson
import pytest

from monitoring.sources.mqtt.suggestions import discovered, suggested_name, values_of

TOPIC = "homeassistant/sensor/tank1/temperature/config"


def found(topic: str = TOPIC, **config: object):
    return discovered(topic, orjson.dumps(config))


def test_a_sensor_of_home_assistant():
    assert found(
        name="Temperature",
        state_topic="tank1/sensor/temperature/state",
        unit_of_measurement="°C",
        device_class="temperature",
        suggested_display_precision=1,
        device={"name": "Tank 1"},
    ) == (
        "tank1/sensor/temperature/state",
        {"tag": "Tank_1_Temperature", "display_name": "Tank 1 Temperature", "unit": "°C", "decimals": 1},
    )


def test_short_names_base_topic_and_template():
    address, suggestion = found(
        **{
            "~": "tele/plug1",
            "stat_t": "~/SENSOR",
            "val_tpl": "{{ value_json['DS18B20'].Temperature | float }}",
        },
        unit_of_meas="°C",
        stat_cla="total_increasing",
    )
    assert address == "tele/plug1/SENSOR#/DS18B20/Temperature"
    assert suggestion == {"tag": "plug1", "unit": "°C", "kind": "counter"}


@pytest.mark.parametrize("component", ["switch", "binary_sensor"])
def test_a_switch_has_states(component):
    topic = f"homeassistant/{component}/pump/config"
    _, suggestion = found(topic, name="Pump", state_topic="pump/state", payload_on="RUN", payload_off="STOP")
    assert suggestion["kind"] == "discrete"
    assert suggestion["states"] == {"0": "off", "1": "on"}
    assert suggestion["options"] == {"texts": "RUN=1, STOP=0"}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("homeassistant/sensor/a/state", b'{"state_topic": "a"}'),
        (TOPIC, b"no JSON"),
        (TOPIC, b"[]"),
        (TOPIC, b'{"name": "no state"}'),
        (TOPIC, b'{"state_topic": 7}'),
        (TOPIC, b'{"state_topic": "a", "value_template": "{{ value_json.a + 1 }}"}'),
    ],
)
def test_other_messages_describe_no_value(topic, payload):
    assert discovered(topic, payload) is None


def test_values_of_payloads():
    assert values_of("tank/temp", b"21") == {"tank/temp": {"tag": "tank.temp"}}
    assert values_of("tank/pump/state", b"ON")["tank/pump/state"]["kind"] == "discrete"
    assert values_of("tank/note", b"hello") == {"tank/note": {}}
    document = b'{"Time": "2026-01-31T12:00:00Z", "DS": {"Temp": 21.5, "Id": "AB"}, "list": [1, 2]}'
    assert values_of("tele/plug/SENSOR", document) == {
        f"tele/plug/SENSOR#{pointer}": {
            "tag": f"plug.{name}",
            "value_pointer": pointer,
            "time_pointer": "/Time",
            "time_format": "iso",
        }
        for pointer, name in (("/DS/Temp", "DS.Temp"), ("/list/0", "list.0"), ("/list/1", "list.1"))
    }


def test_a_local_time_without_offset_is_not_suggested():
    assert "time_pointer" not in values_of("a", b'{"Time": "2026-01-31T12:00:00", "x": 1}')["a#/x"]


def test_many_members_are_cut():
    assert len(values_of("a", orjson.dumps(list(range(1000))))) == 20


def test_names():
    assert suggested_name("pioreactor/pio1/exp/od_reading/od1", "od") == "od_reading.od1.od"
    assert suggested_name("state") == "state"
    assert suggested_name("a/ph", "ph") == "a.ph"
