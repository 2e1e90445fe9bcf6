"""Suggestions for tags of topics that no rule maps: from Home Assistant's discovery, else from the topic."""

import re
from collections.abc import Mapping
from typing import Any

from monitoring.models.source import LONGEST_ADDRESS
from monitoring.sources.mqtt.payloads import (
    BadQualityError,
    UnusableError,
    decode,
    number_leaves,
    number_of_payload,
    time_leaf,
)
from monitoring.sources.patterns import fit_name
from monitoring.sources.pointers import pointer_text

MOST_LEAVES = 20
LONGEST_UNIT, LONGEST_DISPLAY_NAME, MOST_DECIMALS = 20, 64, 10
GENERIC = frozenset(
    {"state", "sensor", "binary_sensor", "switch", "number", "tele", "stat", "value", "status"}
)
COMPONENTS = ("sensor", "binary_sensor", "switch", "number", "fan", "valve", "light", "select")
DISCOVERY = re.compile(rf"[^/]+/(?P<component>{'|'.join(COMPONENTS)})/(?:[^/]+/)?[^/]+/config")
SWITCHES = frozenset({"binary_sensor", "switch", "fan", "valve", "light"})
SWITCH_STATES = {"0": "off", "1": "on"}
# value_template of one member: {{ value_json.a.b }}, also with filters, as {{ value_json["a"] | float }}.
MEMBER = r"""(?:\.\w+|\[(?:'[^']*'|"[^"]*"|\d+)\])"""
VALUE_TEMPLATE = re.compile(rf"\s*\{{\{{\s*value_json(?P<members>{MEMBER}+)\s*(?:\|[^{{}}]*)?\}}\}}\s*")
SHORT = {
    "state_topic": "stat_t",
    "unit_of_measurement": "unit_of_meas",
    "value_template": "val_tpl",
    "state_class": "stat_cla",
    "suggested_display_precision": "sug_dsp_prc",
    "payload_on": "pl_on",
    "payload_off": "pl_off",
}


def is_discovery(topic: str) -> bool:
    """Return whether a topic is one of Home Assistant's discovery."""
    return DISCOVERY.fullmatch(topic) is not None


def discovered(topic: str, payload: bytes) -> tuple[str, dict[str, object]] | None:
    """Return address and suggestion of a discovery message; None if the message describes no value."""
    match = DISCOVERY.fullmatch(topic)
    try:
        config = decode(payload)
    except UnusableError:
        return None
    if match is None or not isinstance(config, dict):
        return None
    state_topic = _text(config, "state_topic")
    base = config.get("~")
    if isinstance(base, str):
        state_topic = re.sub(r"\A~|~\Z", lambda _: base, state_topic)
    pointer = _pointer(_text(config, "value_template"))
    if not state_topic or pointer is None or len(state_topic) + len(pointer) >= LONGEST_ADDRESS:
        return None
    address = f"{state_topic}#{pointer}" if pointer else state_topic
    return address, _suggestion(match["component"], config, state_topic)


def values_of(topic: str, payload: bytes) -> dict[str, dict[str, object]]:
    """Return a suggestion for each address of a message: the topic, or topic#/pointer of each JSON number."""
    try:
        number_of_payload(payload, {})
        return {topic: {"tag": suggested_name(topic)}}
    except (UnusableError, BadQualityError):
        pass
    switch = _switch_states(payload)
    if switch:
        return {topic: {"tag": suggested_name(topic), "kind": "discrete", **switch}}
    try:
        document = decode(payload)
    except UnusableError:
        return {topic: {}}
    time_tokens, time_format = time_leaf(document)
    time = {"time_pointer": pointer_text(time_tokens), "time_format": time_format} if time_tokens else {}
    found: dict[str, dict[str, object]] = {}
    for tokens, _ in number_leaves(document, MOST_LEAVES):
        address = f"{topic}#{pointer_text(tokens)}" if tokens else topic
        if tokens != time_tokens and len(address) <= LONGEST_ADDRESS:
            found[address] = {
                "tag": suggested_name(topic, *tokens),
                "value_pointer": pointer_text(tokens),
                **time,
            }
    return found or {topic: {}}


def suggested_name(topic: str, *tokens: str) -> str:
    """Return a name for a tag: the last telling levels of a topic, and those of a pointer."""
    levels = [level for level in topic.split("/") if level and level.lower() not in GENERIC]
    last = levels[-2:] or topic.split("/")[-1:]
    if tokens and tokens[-1] == last[-1]:
        tokens = ()
    return fit_name(".".join(part.replace(".", "_") for part in (*last, *tokens)))


def _switch_states(payload: bytes) -> dict[str, object]:
    """Return states and option of a payload that is the state of a switch."""
    if payload.strip().lower() in (b"on", b"off"):
        return {"states": SWITCH_STATES, "options": {"texts": "on=1, off=0"}}
    if payload.strip().lower() in (b"true", b"false"):
        return {"states": {"0": "false", "1": "true"}, "options": {"texts": "true=1, false=0"}}
    return {}


def _suggestion(component: str, config: Mapping[str, Any], state_topic: str) -> dict[str, object]:
    name, device = _text(config, "name"), config.get("device") or config.get("dev")
    owner = _text(device, "name") if isinstance(device, dict) else ""
    words = " ".join(filter(None, (owner, name)))
    found: dict[str, object] = {"tag": fit_name(words) if words else suggested_name(state_topic)}
    if words:
        found["display_name"] = words[:LONGEST_DISPLAY_NAME]
    if unit := _text(config, "unit_of_measurement"):
        found["unit"] = unit[:LONGEST_UNIT]
    precision = config.get("suggested_display_precision", config.get("sug_dsp_prc"))
    if isinstance(precision, int) and 0 <= precision <= MOST_DECIMALS:
        found["decimals"] = precision
    if component in SWITCHES:
        on, off = _text(config, "payload_on") or "on", _text(config, "payload_off") or "off"
        options = {"texts": f"{on}=1, {off}=0"}
        found |= {"kind": "discrete", "states": SWITCH_STATES, "options": options}
    elif component == "number":
        found["kind"] = "setpoint"
    elif _text(config, "state_class") in ("total", "total_increasing"):
        found["kind"] = "counter"
    return found


def _text(config: Mapping[str, Any], name: str) -> str:
    """Return a member by its long or short name; empty if the member is no text."""
    value = config.get(name, config.get(SHORT.get(name, name)))
    return value if isinstance(value, str) else ""


def _pointer(template: str) -> str | None:
    """Return the JSON pointer of a value template; None if the template is more than one member."""
    if not template or re.fullmatch(r"\s*\{\{\s*value\s*(\|[^{}]*)?\}\}\s*", template):
        return ""
    match = VALUE_TEMPLATE.fullmatch(template)
    if match is None:
        return None
    members = re.findall(MEMBER, match["members"])
    return pointer_text([member.strip(".[]").strip("'\"") for member in members])
