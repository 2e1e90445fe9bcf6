"""The tag and value that a mapping makes of a message, as shown before the mapping is stored.

Only MQTT sources can be listened to, so that the rules are those of their driver.
"""

from dataclasses import dataclass, replace

from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt.payloads import BadQualityError, UnusableError, decode, read_value, target_of
from monitoring.sources.patterns import expand, parse_pattern, split_address, split_pointer


@dataclass(frozen=True, slots=True)
class Preview:
    """The tag of a message, and the value, or the reason why the message has none."""

    tag: str
    value: float | None = None
    problem: str = ""


def preview(rule: MappingRule, address: str, raw: str) -> Preview | None:
    """Return the outcome of a message, or of a point's value; None if the mapping is of other addresses.

    The address of a point may end with the pointer of the value, as ``topic#/od``; ``raw`` is that value.
    """
    topic, place = split_pointer(address)
    wanted, pointer = split_address(rule)
    try:
        parts = parse_pattern(wanted).parts_of(topic)
    except ValueError:
        return None
    if parts is None or (place and place != pointer):
        return None
    try:
        tag = expand(rule.tag, parts)
    except KeyError as missing:
        return Preview(rule.tag, problem=f"{{{missing.args[0]}}} is no part of the address.")
    try:
        return Preview(tag, _value(rule, raw.encode(), is_value=bool(place)))
    except (ValueError, UnusableError, BadQualityError) as error:
        return Preview(tag, problem=str(error))


def _value(rule: MappingRule, payload: bytes, *, is_value: bool) -> float:
    """Return the value of a payload; with ``is_value`` the payload is the value, whatever the pointer.

    Raises:
        ValueError: there is no value, or the rule is invalid.
    """
    target = target_of(rule, rule.tag, uses_receive_time=True, is_exact=True)
    if is_value:
        target = replace(target, value_tokens=())
    return read_value(payload, decode(payload) if target.needs_document else None, target)
