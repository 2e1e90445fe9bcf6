"""Names of tags for the series of line protocol: tags that exist already, and suggestions for new ones."""

from monitoring.sources.line_protocol.grammar import Series, Value
from monitoring.sources.suggesting import suggest, tag_name

VALUE = "value"  # the name of a field that says nothing
# Tags of a series that do not tell one sensor from another, or only on which computer the agent runs.
GENERAL = frozenset({"host", "domain", "unit_of_measurement", "unit", "source_type", "type", "friendly_name"})
ENTITY = "entity_id"  # Home Assistant, whose measurement is the unit


def identity(series: Series) -> list[str]:
    """Return the values of the tags that identify the sensor."""
    tags = dict(series.tags)
    if ENTITY in tags:
        return [tags[ENTITY]]
    return [value for key, value in series.tags if key not in GENERAL]


def candidates(series: Series, field: str) -> list[str]:
    """Return the names under which a tag for this field may exist already, the most specific first."""
    name, own = series.measurement, identity(series)
    found = list(own) if field == VALUE else []
    found += [f"{each}{separator}{field}" for each in own for separator in "._"]
    found += [name] if field == VALUE else []
    found += [f"{name}.{field}", f"{name}_{field}"]
    found += [] if field == VALUE else [field]
    return list(dict.fromkeys(found))


def suggestion_for(series: Series, field: str, value: Value) -> dict[str, object]:
    """Return the tag that a person would probably make for this field; keys as in ``SourcePoint``."""
    own = identity(series)
    is_unit = ENTITY in dict(series.tags) and field == VALUE
    parts = [*(own or [series.measurement]), *([] if field == VALUE else [field])]
    told = series.measurement if is_unit and len(series.measurement) <= MOST_UNIT else ""
    return {"tag": tag_name(*parts), **suggest(" ".join([series.measurement, *parts]), value, unit=told)}


MOST_UNIT = 20
