"""Faults of simulated tags that a person has requested, for training: a file in the data directory.

The simulated readings stay a pure function of time and of this file.
"""

import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings

from monitoring.kernel.tag_definition import TagDefinition

FILE = "simulated_faults.json"
KEPT = 100
DEPTH = 0.5  # of the way from the limit to the end of the valid range
BEYOND = 0.1  # of the width of the valid range


class RequestedKind(StrEnum):
    """The kind of a requested fault."""

    HIGH = "high"
    LOW = "low"
    IMPOSSIBLE = "impossible"
    STUCK = "stuck"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class RequestedFault:
    """A fault of one tag from ``start`` to ``stop`` (exclusive), in whole seconds of Unix time."""

    tag: str
    kind: str
    start: int
    stop: int

    def value(self, definition: TagDefinition, normal: float) -> float | None:
        """Return the faulty value in place of the normal one; None for no reading at all."""
        upper = definition.valid_max if definition.upper_limit is None else definition.upper_limit
        lower = definition.valid_min if definition.lower_limit is None else definition.lower_limit
        match self.kind:
            case RequestedKind.SILENT:
                return None
            case RequestedKind.HIGH:
                return upper + (definition.valid_max - upper) * DEPTH
            case RequestedKind.LOW:
                return lower - (lower - definition.valid_min) * DEPTH
            case RequestedKind.IMPOSSIBLE:
                return definition.valid_max + (definition.valid_max - definition.valid_min) * BEYOND
            case RequestedKind.STUCK:
                return round((definition.valid_min + definition.valid_max) / 2, 1)
        return normal


def path() -> Path:
    """Return the file of requests."""
    return Path(settings.FERMON_DATA_DIR) / FILE


def requested_faults() -> list[RequestedFault]:
    """Return the requested faults, oldest first; none if the file is missing or damaged."""
    try:
        return [RequestedFault(**item) for item in json.loads(path().read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def request(fault: RequestedFault) -> None:
    """Add a request to the file, which keeps the newest."""
    kept = [*requested_faults(), fault][-KEPT:]
    path().parent.mkdir(parents=True, exist_ok=True)
    draft = path().with_suffix(".part")
    draft.write_text(json.dumps([asdict(each) for each in kept]), encoding="utf-8")
    os.replace(draft, path())


def fault_at(faults: list[RequestedFault], tag: str, second: int) -> RequestedFault | None:
    """Return the newest requested fault of a tag at a second."""
    return next(
        (fault for fault in reversed(faults) if fault.tag == tag and fault.start <= second < fault.stop), None
    )
