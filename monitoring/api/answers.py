"""The domain's objects as the JSON of answers."""

from typing import Any

from monitoring.domain.tags import TagDefinition
from monitoring.queries.series import Point, Reason


def anomaly(point: Point, reasons: list[Reason]) -> dict[str, Any]:
    """An item of ``/anomalies``: a measurement and why it is one."""
    return {
        **point.as_json(),
        "reasons": [reason.reason for reason in reasons],
        "findings": [
            {"reason": reason.reason, "lower": reason.lower, "upper": reason.upper} for reason in reasons
        ],
    }


def tag(definition: TagDefinition, latest: Point | None) -> dict[str, Any]:
    """A tag and its newest measurement."""
    return {
        "name": definition.name,
        "description": definition.description,
        "unit": definition.unit,
        "active": definition.active,
        "valid_range": {"min": definition.valid_min, "max": definition.valid_max},
        "limits": {"lower": definition.lower_limit, "upper": definition.upper_limit},
        "latest": latest.as_json() if latest else None,
    }
