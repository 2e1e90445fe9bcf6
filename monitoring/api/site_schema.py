"""The OpenAPI description of this site: examples that run, credentials only while Fermon is closed."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError

from monitoring.ingest.tags import tag_cache
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.tag_definition import TagDefinition

EXAMPLE_TAG = "fermenter_temp"
EXAMPLE_VALUE = 37.2
# No source stores a reading at this fraction of a second by chance, which would be a conflict.
EXAMPLE_AGE = timedelta(minutes=10)
EXAMPLE_FRACTION_US = 123_457
QUARTER_S = timedelta(milliseconds=250)
LATER = timedelta(minutes=5)


def fit_to_site(schema: dict[str, Any], *, is_open: bool) -> None:
    """Adapt a generated description in place.

    Examples name a tag in use, a value within its limits and a time of the last minutes, so that a first run
    stores and a second one is a duplicate. Operations name credentials only while Fermon is closed.
    """
    tag = example_tag()
    replaced = replacements(tag, datetime.now(UTC)) if tag else {}
    for operation in operations_of(schema):
        needed = [each for each in operation.get("security", []) if each]
        operation["security"] = [] if is_open else needed
        if tag is None:
            continue
        for body in operation.get("requestBody", {}).get("content", {}).values():
            body.update(with_replaced({"examples": body["examples"]}, replaced) if "examples" in body else {})
        for parameter in operation.get("parameters", []):
            is_name = (parameter["in"], parameter["name"]) in {("query", "tag"), ("path", "name")}
            if is_name and parameter.get("required"):
                parameter["example"] = tag.name
    if is_open:
        schema["components"].pop("securitySchemes", None)


def example_tag() -> TagDefinition | None:
    """Return the example's tag if in use, else the first tag in use; None without one."""
    try:
        tags = tag_cache().read()
    except DatabaseError:
        tags = tag_cache().definitions or {}
    used = {name: tag for name, tag in tags.items() if tag.active}
    return used.get(EXAMPLE_TAG) or next(iter(used.values()), None)


def replacements(tag: TagDefinition, now: datetime) -> dict[Any, Any]:
    """Return the tag, value and times by those of the written examples."""
    moment = now.replace(microsecond=EXAMPLE_FRACTION_US) - EXAMPLE_AGE
    quarter = moment.replace(microsecond=0) + QUARTER_S
    return {
        EXAMPLE_TAG: tag.name,
        EXAMPLE_VALUE: middle_of(tag),
        "2026-01-31T12:00:00Z": iso_utc(moment),
        "2026-01-31T12:05:00Z": iso_utc(moment + LATER),
        1769860800.25: quarter.timestamp(),
        1769860800250: round(quarter.timestamp() * 1000),
    }


def middle_of(tag: TagDefinition) -> float:
    """Return a value in the middle of the limits, of the valid range where a limit is missing."""
    low = tag.valid_min if tag.lower_limit is None else tag.lower_limit
    high = tag.valid_max if tag.upper_limit is None else tag.upper_limit
    return EXAMPLE_VALUE if low <= EXAMPLE_VALUE <= high else float(f"{low / 2 + high / 2:.6g}")


def with_replaced(item: Any, replaced: Mapping[Any, Any]) -> Any:
    """Return the example with all replacements, in texts of many readings, too."""
    if isinstance(item, dict):
        return {key: with_replaced(value, replaced) for key, value in item.items()}
    if isinstance(item, list):
        return [with_replaced(value, replaced) for value in item]
    if isinstance(item, str):
        for old, new in replaced.items():
            item = item.replace(str(old), str(new))
        return item
    return replaced.get(item, item) if isinstance(item, int | float) and not isinstance(item, bool) else item


def operations_of(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each operation of the description."""
    paths: Iterable[Mapping[str, Any]] = schema["paths"].values()
    for path in paths:
        yield from (operation for operation in path.values() if isinstance(operation, dict))
