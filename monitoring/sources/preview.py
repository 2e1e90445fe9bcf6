"""The tag and value that a mapping makes of a message, as shown before the mapping is stored.

Only MQTT sources can be listened to, so that the rules are those of their driver.
"""

from dataclasses import dataclass

from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt.payloads import (
    decode,
    number_of_text,
    parse_texts,
    read_time,
    read_value,
    target_of,
)
from monitoring.sources.mqtt.sparkplug import metric_of
from monitoring.sources.mqtt.sparkplug_rules import metric_parts
from monitoring.sources.patterns import (
    expand,
    is_sparkplug,
    parse_pattern,
    split_address,
    split_pointer,
    tag_problem,
)


@dataclass(frozen=True, slots=True)
class Preview:
    """The tag of a message, and the value, or the reason why the message has none."""

    tag: str
    value: float | None = None
    problem: str = ""


def preview(rule: MappingRule, address: str, raw: str, *, uses_receive_time: bool = False) -> Preview | None:
    """Return the outcome of a message; None if the mapping is of other addresses.

    The address of a point may end with the pointer of a value, as ``topic#/od``; ``raw`` is the payload.
    """
    try:
        parts = parts_of(rule, address)
    except ValueError:
        return None
    if parts is None:
        return None
    if rule.tag and (problem := tag_problem(rule.tag, parts)):
        return Preview(rule.tag, problem=problem)
    tag = expand(rule.tag, parts) if rule.tag else ""
    try:
        if is_sparkplug(address):
            return Preview(tag, value_of_metric(rule, raw))
        return Preview(tag, value_of(rule, raw, uses_receive_time=uses_receive_time))
    except ValueError as error:
        return Preview(tag, problem=str(error))


def parts_of(rule: MappingRule, address: str) -> dict[str, str] | None:
    """Return the parts of an address by name; None if the mapping is of other addresses.

    Raises:
        ValueError: the mapping is invalid.
    """
    topic, place = split_pointer(address)
    if is_sparkplug(topic):
        return metric_parts(rule, topic, metric_of(place))
    wanted, pointer = split_address(rule)
    is_other = bool(place) and place != pointer
    return None if is_other else parse_pattern(wanted).parts_of(topic)


def value_of_metric(rule: MappingRule, raw: str) -> float:
    """Return the value of a Sparkplug metric, as shown, in the unit of the tag.

    Raises:
        ValueError: there is no number.
    """
    texts = {"true": 1.0, "false": 0.0, **parse_texts(str(rule.options.get("texts", "")))}
    return rule.scaled(number_of_text(raw, texts))


def value_of(rule: MappingRule, raw: str, *, uses_receive_time: bool = False) -> float:
    """Return the value of a payload in the unit of the tag.

    Raises:
        ValueError: there is no number, or no such time, or the mapping is invalid.
    """
    target = target_of(rule, rule.tag, uses_receive_time=uses_receive_time, is_exact=True)
    payload = raw.encode(errors="replace")
    document = decode(payload) if target.needs_document else None
    value = read_value(payload, document, target)
    read_time(document, target, received_us=0)
    return value
