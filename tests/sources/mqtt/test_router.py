"""From topics to tags: rules, templates, filters, devices."""

import pytest

from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.mqtt.router import Router
from monitoring.sources.mqtt.settings import settings_of
from monitoring.sources.mqtt.templates import TEMPLATES, rules_of
from monitoring.sources.patterns import find_overlap
from tests.sources.mqtt.conftest import config_of


def router_of(config: SourceConfig) -> Router:
    return Router(config, settings_of(config))


def targets(router: Router, topic: str) -> list[tuple[str, str]]:
    return [(target.tag, "/".join(target.value_tokens)) for target in router.route(topic).targets]


def of_template(name: str, *rules: MappingRule, **fields: str) -> Router:
    config = SourceConfig(7, "plant", "mqtt", {"host": "broker", "template": name, **fields}, rules)
    return router_of(config)


def test_rules_of_templates_do_not_overlap():
    for name in TEMPLATES:
        rules = rules_of({"template": name})
        for rule in rules:
            assert find_overlap(rule, rules) is None, rule


@pytest.mark.parametrize(
    ("template", "topic", "expected"),
    [
        ("pioreactor", "pioreactor/pio1/Exp 7/od_reading/od1", [("pio1.od1", "od")]),
        ("pioreactor", "pioreactor/pio1/Exp 7/stirring/target_rpm", [("pio1.target_rpm", "")]),
        (
            "pioreactor",
            "pioreactor/p/e/growth_rate_calculating/growth_rate",
            [("p.growth_rate", "growth_rate")],
        ),
        ("pioreactor", "pioreactor/p/$experiment/monitor/$state", []),
        ("home_assistant", "homeassistant/sensor/tank_temp/state", [("tank_temp", "")]),
        ("home_assistant", "homeassistant/switch/pump/state", [("switch.pump", "")]),
        ("esphome", "tank1/sensor/ph/state", [("tank1.ph", "")]),
        ("tasmota", "tele/plug1/SENSOR", [
            ("plug1.DS18B20.Temperature", "DS18B20/Temperature"),
            ("plug1.BME280.Temperature", "BME280/Temperature"),
            ("plug1.BME280.Humidity", "BME280/Humidity"),
            ("plug1.BME280.Pressure", "BME280/Pressure"),
            ("plug1.AM2301.Temperature", "AM2301/Temperature"),
            ("plug1.AM2301.Humidity", "AM2301/Humidity"),
        ]),
        ("tasmota", "stat/plug1/POWER", [("plug1.power", "")]),
    ],
)  # fmt: skip
def test_topics_of_templates(template, topic, expected):
    assert targets(of_template(template), topic) == expected


def test_a_template_fills_in_what_is_empty():
    router = of_template("pioreactor")
    assert router.filters == ["pioreactor/+/+/+/+"]
    assert router.settings.offline == {"lost", "disconnected"}
    own = of_template("pioreactor", filters="pioreactor/pio1/#", availability_offline="away")
    assert own.filters[0] == "pioreactor/pio1/#"
    assert own.settings.offline == {"away"}


def test_an_own_rule_goes_before_the_template():
    """A ticked point has only an address with a pointer, and keeps the time of the template."""
    topic = "pioreactor/pio1/e/od_reading/od1"
    router = of_template("pioreactor", MappingRule(f"{topic}#/od", "reactor.od"))
    assert targets(router, topic) == [("reactor.od", "od")]
    assert router.route(topic).targets[0].time_tokens == ("timestamp",)
    own_time = of_template("pioreactor", MappingRule(topic, "reactor.od", "/od", "/t", "ms"))
    assert own_time.route(topic).targets[0].time_tokens == ("t",)


def test_rules_for_other_pointers_stay():
    config = config_of(1883, MappingRule("a/{x}", "{x}.ph", "/ph"), MappingRule("a/b#/temp", "temp"))
    assert targets(router_of(config), "a/b") == [("temp", "temp"), ("b.ph", "ph")]


def test_the_narrowest_pattern_takes_the_topic():
    config = config_of(
        1883,
        MappingRule("a/#", "rest"),
        MappingRule("a/{x}/{y}", "{x}.{y}"),
        MappingRule("a/{x}/od", "od.{x}"),
        MappingRule("a/b/od", "own"),
    )
    router = router_of(config)
    assert targets(router, "a/b/od") == [("own", "")]
    assert targets(router, "a/c/od") == [("od.c", "")]
    assert targets(router, "a/c/d") == [("c.d", "")]
    assert targets(router, "a/c") == [("rest", "")]
    assert router.filters == ["a/#"]


def test_an_unusable_rule_costs_no_other():
    rules = MappingRule("a", "a", "no pointer"), MappingRule("b/{", "b"), MappingRule("c", "c", zone="Mars")
    router = router_of(config_of(1883, *rules, MappingRule("d", "d")))
    assert router.filters == ["c", "d"]
    assert len(router.problems) == 2
    timed = router_of(config_of(1883, MappingRule("c", "c", "", "/t", "iso", "Mars"), MappingRule("d", "d")))
    assert timed.filters == ["d"]
    assert "Mars" in timed.problems[0]


def test_topics_of_no_filter_are_unwanted():
    router = router_of(config_of(1883, MappingRule("a/{x}", "{x}"), filters="b/#"))
    assert router.route("a/1").is_wanted
    assert router.route("b/c/d").is_wanted
    assert not router.route("a/1/2").is_wanted


def test_the_tags_of_a_device():
    rule = MappingRule("plant/{device}/{name}", "{device}.{name}")
    fields = {"availability_topic": "plant/{device}/status"}
    known = ["a.temp", "a.ph", "b.temp", "own"]
    exact = MappingRule("plant/a/x", "own")
    router = router_of(config_of(1883, rule, exact, tags=known, **fields))
    device = router.route("plant/a/status").device
    assert device == {"device": "a"}
    assert sorted(router.tags_of_device(device)) == ["a.ph", "a.temp", "own"]
    whole = router_of(config_of(1883, exact, tags=known, availability_topic="plant/status"))
    assert whole.tags_of_device(whole.route("plant/status").device) == ["own"]
