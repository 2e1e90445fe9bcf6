"""Templates: filters, rules and availability for devices whose topics are known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt.sparkplug import TEMPLATE
from monitoring.sources.patterns import SPARKPLUG

SWITCH_TEXTS = {"texts": "on=1, off=0"}


@dataclass(frozen=True, slots=True)
class Template:
    """The settings for a family of devices. ``fields`` fill in empty fields of the source."""

    label: str
    fields: Mapping[str, str]
    rules: tuple[MappingRule, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)  # by the last part of the tag's name


def stamped(address: str, tag: str, pointer: str) -> MappingRule:
    """Return a rule for JSON with a member ``timestamp``."""
    return MappingRule(address, tag, pointer, time_pointer="/timestamp", time_format="iso")


PIOREACTOR = "pioreactor/{unit}/{experiment}"
TEMPLATES: Mapping[str, Template] = {
    "pioreactor": Template(
        "Pioreactor",
        fields={
            "filters": "pioreactor/+/+/+/+",
            "availability_topic": "pioreactor/{unit}/$experiment/monitor/$state",
            "availability_online": "ready, init, sleeping",
            "availability_offline": "lost, disconnected",
        },
        rules=(
            *(
                stamped(f"{PIOREACTOR}/od_reading/od{channel}", f"{{unit}}.od{channel}", "/od")
                for channel in (1, 2, 3, 4)
            ),
            stamped(f"{PIOREACTOR}/temperature_automation/temperature", "{unit}.temperature", "/temperature"),
            stamped(
                f"{PIOREACTOR}/growth_rate_calculating/growth_rate", "{unit}.growth_rate", "/growth_rate"
            ),
            stamped(
                f"{PIOREACTOR}/growth_rate_calculating/od_filtered", "{unit}.od_filtered", "/od_filtered"
            ),
            MappingRule(f"{PIOREACTOR}/{{job}}/{{name}}", "{unit}.{name}"),
        ),
        units={"temperature": "°C", "growth_rate": "1/h", "target_rpm": "rpm", "measured_rpm": "rpm"},
    ),
    "home_assistant": Template(
        "Home Assistant (statestream)",
        fields={
            "filters": "homeassistant/#",
            "availability_topic": "homeassistant/status",
            "availability_online": "online",
            "availability_offline": "offline",
        },
        rules=(
            MappingRule("homeassistant/sensor/{entity}/state", "{entity}"),
            MappingRule("homeassistant/number/{entity}/state", "number.{entity}"),
            MappingRule(
                "homeassistant/binary_sensor/{entity}/state", "binary.{entity}", options=SWITCH_TEXTS
            ),
            MappingRule("homeassistant/switch/{entity}/state", "switch.{entity}", options=SWITCH_TEXTS),
        ),
    ),
    "esphome": Template(
        "ESPHome",
        fields={
            "filters": "+/+/+/state\n+/status\nhomeassistant/+/+/+/config",
            "availability_topic": "{device}/status",
            "availability_online": "online",
            "availability_offline": "offline",
        },
        rules=(
            MappingRule("{device}/sensor/{name}/state", "{device}.{name}"),
            MappingRule("{device}/number/{name}/state", "{device}.number.{name}"),
            MappingRule(
                "{device}/binary_sensor/{name}/state", "{device}.binary.{name}", options=SWITCH_TEXTS
            ),
            MappingRule("{device}/switch/{name}/state", "{device}.switch.{name}", options=SWITCH_TEXTS),
        ),
    ),
    "tasmota": Template(
        "Tasmota",
        fields={
            "filters": "tele/+/SENSOR\ntele/+/LWT\nstat/+/POWER",
            "availability_topic": "tele/{device}/LWT",
            "availability_online": "Online",
            "availability_offline": "Offline",
        },
        # Its Time is local without an offset, so that the time of receipt is the safer one.
        rules=(
            *(
                MappingRule("tele/{device}/SENSOR", f"{{device}}.{chip}.{quantity}", f"/{chip}/{quantity}")
                for chip, quantities in (
                    ("DS18B20", ("Temperature",)),
                    ("BME280", ("Temperature", "Humidity", "Pressure")),
                    ("AM2301", ("Temperature", "Humidity")),
                )
                for quantity in quantities
            ),
            MappingRule("stat/{device}/POWER", "{device}.power", options=SWITCH_TEXTS),
        ),
        units={"Temperature": "°C", "Humidity": "%", "Pressure": "hPa"},
    ),
    TEMPLATE: Template(
        "Sparkplug B",
        fields={"filters": f"{SPARKPLUG}/#"},
        rules=(
            MappingRule(f"{SPARKPLUG}/{{group}}/{{node}}/{{device}}#/{{metric}}", "{device}.{metric}"),
            MappingRule(f"{SPARKPLUG}/{{group}}/{{node}}#/{{metric}}", "{node}.{metric}"),
        ),
    ),
}
CHOICES = (("", "None"), *((name, each.label) for name, each in TEMPLATES.items()))


def with_template(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a source with those of the template in place of empty ones."""
    template = TEMPLATES.get(fields.get("template", ""))
    if template is None:
        return dict(fields)
    return {**fields, **{name: text for name, text in template.fields.items() if not fields.get(name)}}


def rules_of(fields: Mapping[str, str]) -> tuple[MappingRule, ...]:
    """Return the rules of the template that a source uses; none without a template."""
    template = TEMPLATES.get(fields.get("template", ""))
    return template.rules if template else ()


def unit_of(fields: Mapping[str, str], tag: str) -> str:
    """Return the unit that a source's template knows for a tag; empty if none."""
    template = TEMPLATES.get(fields.get("template", ""))
    return template.units.get(tag.rpartition(".")[2], "") if template else ""
