"""Counts of an import or a dry run: new, duplicate, rejected by reason with the first rows of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import from_micros, iso_utc
from monitoring.sources.file_import.readings import RowRejection

EXAMPLES = 5


@dataclass(slots=True)
class Counts:
    """The counts so far; ``first_us`` and ``last_us`` bound the readings that are valid."""

    new: int = 0
    duplicate: int = 0
    replaced: int = 0
    kept_first: int = 0
    skipped: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    first_us: int | None = None
    last_us: int | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Counts":
        """Return the counts as stored; empty ones for an empty object."""
        return cls(**{name: value for name, value in stored.items() if name in cls.__dataclass_fields__})

    def as_json(self) -> dict[str, Any]:
        """Return the counts as stored, with the bounds also as texts."""
        stored = {name: getattr(self, name) for name in self.__dataclass_fields__}
        bounds = {
            name: None if micros is None else iso_utc(from_micros(micros))
            for name, micros in (("first", self.first_us), ("last", self.last_us))
        }
        return {**stored, **bounds, "rejected_total": self.rejected_total}

    @property
    def rejected_total(self) -> int:
        """Return how many rows or cells are rejected."""
        return sum(self.rejected.values())

    def reject(self, rejections: Iterable[RowRejection]) -> None:
        """Count rejections; keep the first ones of each reason."""
        for rejection in rejections:
            self.rejected[rejection.reason] = self.rejected.get(rejection.reason, 0) + 1
            shown = self.examples.setdefault(rejection.reason, [])
            if len(shown) < EXAMPLES:
                shown.append({"row": rejection.row, "tag": rejection.tag, "message": rejection.message})

    def span(self, times_us: IntArray) -> None:
        """Extend the bounds by these times."""
        if not len(times_us):
            return
        lowest, highest = int(np.min(times_us)), int(np.max(times_us))
        self.first_us = lowest if self.first_us is None else min(self.first_us, lowest)
        self.last_us = highest if self.last_us is None else max(self.last_us, highest)
