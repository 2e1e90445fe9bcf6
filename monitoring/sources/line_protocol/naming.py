"""Names of tags for the series of line protocol: tags that exist already, and suggestions for new ones."""

from monitoring.sources.line_protocol.grammar import Series, Value
from monitoring.sources.suggesting import suggest, tag_name

VALUE = "value"  # the name of a field that says nothing
# Tags of a series that do not tell one sensor from another, or only on which computer the agent runs.
GENERAL = frozenset({"host", "domain", "unit_of_measurement", "unit", "source_type", "type", "friendly_name"})
# Measurements that name the kind of the input, not the equipment.
PLUGINS = frozenset({"measurements", "mqtt_consumer", "opcua", "opcua_listener", "modbus", "exec", "http"})
MOST_UNIT = 20
ENTITY = "entity_id"  # Home Assistant, whose measurement is the unit


def identity(series: Series) -> list[str]:
    """Return the values of the tags that identify the sensor."""
    tags = dict(series.tags)
    if ENTITY in tags:
        return [tags[ENTITY]]
    return [value for key, value in series.tags if key not in GENERAL]


def full_name(series: Series, field: str) -> str:
    """Return the name of a tag from measurement, identity and field, without those that say nothing."""
    own = identity(series)
    is_said = not own or (series.measurement not in PLUGINS and not is_unit(series, field))
    parts = [series.measurement] if is_said else []
    return tag_name(*parts, *own, *([] if field == VALUE else [field]))


def is_unit(series: Series, field: str) -> bool:
    """Return whether the measurement is the unit of the values, as Home Assistant sends."""
    return field == VALUE and ENTITY in dict(series.tags)


def candidates(series: Series, field: str) -> list[str]:
    """Return the names under which a tag for this field may exist already, the most specific first."""
    name, own = series.measurement, identity(series)
    found = [full_name(series, field)]
    found += own if field == VALUE else []
    found += [f"{each}{separator}{field}" for each in own for separator in "._"]
    found += [name] if field == VALUE else []
    found += [f"{name}.{field}", f"{name}_{field}"]
    found += [] if field == VALUE else [field]
    return list(dict.fromkeys(filter(None, found)))


def suggestion_for(series: Series, field: str, value: Value) -> dict[str, object]:
    """Return the tag that a person would probably make for this field; keys as in ``SourcePoint``."""
    name = full_name(series, field)
    is_told = is_unit(series, field) and len(series.measurement) <= MOST_UNIT
    words = f"{series.measurement} {name}"
    return {"tag": name, **suggest(words, value, unit=series.measurement if is_told else "")}
