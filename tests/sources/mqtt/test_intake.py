"""Messages as samples, rejections, qualities and points; without a broker."""

from dataclasses import replace

import pytest

from monitoring.models import Quality
from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.mqtt.intake import Intake
from monitoring.sources.mqtt.link import Message
from monitoring.sources.mqtt.router import Router
from monitoring.sources.mqtt.settings import settings_of
from monitoring.sources.session import Malformed, Sample
from tests.sources.fake_session import FakeSession
from tests.sources.mqtt.conftest import config_of

RECEIVED_US = 1_769_860_800_000_000


class Bench:
    """An intake, and what it has told its session."""

    def __init__(self, config: SourceConfig) -> None:
        self.session = FakeSession(config)
        self.intake = Intake(self.session, Router(config, settings_of(config)))
        self.items: list[Sample | Malformed] = []

    def take(self, topic: str, payload: str, *, is_retained: bool = False, is_again: bool = False) -> None:
        message = Message(topic, payload.encode(), 1, 1, is_retained, is_again, RECEIVED_US)
        self.items += self.intake.items_of([message])

    @property
    def words(self) -> list[tuple[str, Quality | None, str]]:
        return [(tag, quality, word) for tag, quality, _, _, word in self.session.qualities]


@pytest.fixture
def exact() -> Bench:
    return Bench(config_of(1883, MappingRule("a", "a")))


def test_a_device_without_a_value_begins_one_span(exact: Bench):
    for payload in ("1", "2", "unavailable", "unavailable", "nan", "NaN", "unknown", "3", "4"):
        exact.take("a", payload)
    assert [item.value for item in exact.items if isinstance(item, Sample)] == [1, 2, 3, 4]
    assert [item.raw for item in exact.items if isinstance(item, Malformed)] == ["nan"]
    assert exact.words == [
        ("a", None, ""),
        ("a", Quality.BAD, "unavailable"),
        ("a", Quality.BAD, "nan"),
        ("a", Quality.BAD, "unknown"),
        ("a", None, ""),
    ]


def test_a_span_begins_at_the_time_of_the_message():
    bench = Bench(config_of(1883, MappingRule("a", "a", "/x", "/t", "us")))
    bench.take("a", '{"x": null, "t": 5}')
    bench.take("a", '{"x": 1, "t": 7}')
    assert [time_us for _, _, time_us, _, _ in bench.session.qualities] == [5, 7]


def test_texts_on_the_topics_of_a_pattern_are_points():
    bench = Bench(config_of(1883, MappingRule("p/{n}", "{n}")))
    for payload in ("ready", "1", "ready"):
        bench.take("p/state", payload)
    assert bench.session.points == {"p/state": "ready"}
    assert [type(item) for item in bench.items] == [Sample, Malformed]  # a number first: a text is a fault


def test_a_value_without_a_tag_is_a_point():
    bench = Bench(replace(config_of(1883, tags=["known"], template="pioreactor"), rules=()))
    topic = "pioreactor/pio1/e/temperature_automation/temperature"
    bench.take(topic, '{"temperature": 30.5, "timestamp": "2026-01-31T12:00:00Z"}')
    assert bench.items == []
    assert bench.session.suggestions == {
        f"{topic}#/temperature": {
            "tag": "pio1.temperature",
            "unit": "°C",
            "value_pointer": "/temperature",
            "time_pointer": "/timestamp",
            "time_format": "iso",
        }
    }


def test_members_that_a_template_does_not_know_are_points():
    """Nor is a member missing that another device has."""
    bench = Bench(replace(config_of(1883, template="tasmota"), rules=()))
    for temperature in (21.5, 21.6):
        payload = f'{{"DS18B20": {{"Temperature": {temperature}}}, "ANALOG": {{"A0": 512}}}}'
        bench.take("tele/plug1/SENSOR", payload)
    tag = "plug1.DS18B20.Temperature"
    assert bench.items == [Sample(tag, RECEIVED_US, 21.5), Sample(tag, RECEIVED_US, 21.6)]
    assert list(bench.session.points) == ["tele/plug1/SENSOR#/ANALOG/A0"]


def test_ignored_points_are_not_shown():
    bench = Bench(replace(config_of(1883, filters="#"), ignored=frozenset(["x", "y#/a"])))
    bench.take("x", "1")
    bench.take("y", '{"a": 1, "b": 2}')
    assert list(bench.session.points) == ["y#/b"]


def test_discovery_describes_the_point_of_its_topic():
    bench = Bench(config_of(1883, filters="#"))
    bench.take("homeassistant/sensor/ph/config", '{"state_topic": "tank/ph", "unit_of_meas": "pH"}')
    bench.take("tank/ph", "7.0")
    assert bench.session.points == {"tank/ph": "7.0"}
    assert bench.session.suggestions["tank/ph"]["unit"] == "pH"


def test_the_offset_is_that_of_fresh_messages():
    bench = Bench(config_of(1883, MappingRule("a", "a", "/x", "/t", "us")))
    payload = f'{{"x": 1, "t": {RECEIVED_US - 3_000_000}}}'
    bench.take("a", payload, is_retained=True)
    bench.take("a", payload, is_again=True)
    assert bench.intake.offset_ms is None
    bench.take("a", payload)
    assert bench.intake.offset_ms == -3000
    assert len(bench.items) == 3


def test_a_broken_document_is_one_rejection_though_it_has_two_values():
    rules = MappingRule("a", "x", "/x"), MappingRule("a", "y", "/y")
    bench = Bench(config_of(1883, *rules))
    bench.take("a", "{")
    bench.take("a", '{"x": 1}')
    assert bench.items[1:] == [
        Sample("x", RECEIVED_US, 1.0),
        Malformed("y", '{"x": 1}', "The payload has no /y."),
    ]
    assert bench.items[0].tag == "x"


def test_availability_of_an_unknown_word_changes_nothing():
    bench = Bench(config_of(1883, MappingRule("a", "a"), availability_topic="status"))
    bench.take("status", "sleeping")
    assert bench.words == []
    assert not bench.intake.is_online
    bench.take("status", "ONLINE")
    assert bench.intake.is_online
    bench.take("status", "offline")
    bench.take("status", "offline")
    assert not bench.intake.is_online
    assert bench.words == [("a", None, ""), ("a", Quality.BAD, "offline")]


def test_a_topic_that_is_no_text_is_one_rejection(exact: Bench):
    exact.take("", "1")
    assert exact.items == [Malformed("", "1", "The topic is not valid UTF-8.")]
