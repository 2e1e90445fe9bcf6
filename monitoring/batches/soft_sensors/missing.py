"""Sentences on the tags and constants that soft sensors of a vessel lack."""

from collections.abc import Collection, Mapping

from monitoring.batches.soft_sensors.catalogue import SOFT_SENSORS
from monitoring.batches.soft_sensors.constants import CONSTANTS
from monitoring.batches.soft_sensors.definition import SAMPLES, Need, lacking
from monitoring.batches.vessel_roles import ROLES


def missing_for(
    name: str,
    roles: Collection[str],
    constants: Mapping[str, float],
    problems: Mapping[str, str] | None = None,
) -> list[str]:
    """Return a sentence for each input that a soft sensor lacks, with its purpose; empty if there is none.

    ``roles`` are the measured roles that tags of the vessel have, ``constants`` those that the vessel has.
    ``problems`` has a sentence for each role with an unusable tag.
    """
    unmet = [need for need in SOFT_SENSORS[name].needs if not need.is_met(roles, constants)]
    return list(dict.fromkeys(sentence_of(need, roles, constants, problems or {}) for need in unmet))


def sentence_of(
    need: Need, roles: Collection[str], constants: Mapping[str, float], problems: Mapping[str, str]
) -> str:
    """Return the sentence for an unmet need: the problem of its tag, or the input to add and its use."""
    known = [problems[name] for way in need.ways for name in way if name in problems]
    if known:
        return known[0]
    ways = [" and ".join(to_add(name) for name in lacking(way, roles, constants)) for way in need.ways]
    return f"Add {', or '.join(ways)}: needed for {need.purpose}."


def to_add(name: str) -> str:
    """Return in words which tag or constant to add."""
    if name in ROLES:
        return f"a tag with the role {name} ({ROLES[name].title}, {ROLES[name].unit})"
    constant = CONSTANTS[name]
    return f"the vessel's constant {name} ({constant.title}{', ' if constant.unit else ''}{constant.unit})"


def remarks_for(name: str, roles: Collection[str], *, samples: bool) -> list[str]:
    """Return a sentence for each input that would make a soft sensor better, with the substitute."""
    return [
        text if key == SAMPLES else f"Without {to_add(key)}, {text}."
        for key, text in SOFT_SENSORS[name].better.items()
        if not (samples if key == SAMPLES else key in roles)
    ]


def gain_of(name: str, roles: Collection[str], constants: Mapping[str, float]) -> list[str]:
    """Return the titles of the soft sensors that a role or constant would complete, all else as it is."""
    more = {**constants, name: 1.0} if name in CONSTANTS else constants
    with_it = roles if name in CONSTANTS else {*roles, name}
    return [
        sensor.title
        for sensor in SOFT_SENSORS.values()
        if missing_for(sensor.name, roles, constants) and not missing_for(sensor.name, with_it, more)
    ]
