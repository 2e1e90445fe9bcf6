"""Tag definitions as columns: a batch of a thousand tags reads arrays instead of a thousand objects."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray
from monitoring.kernel.clock import micros_or_first
from monitoring.kernel.tag_definition import LARGEST_VALUE, OnConflict, TagDefinition


@dataclass(frozen=True, slots=True)
class DefinitionColumns:
    """The definitions of k tags, as far as a batch needs them; all arrays have shape (k,).

    ``lowest`` and ``highest`` are the valid range as far as values can be stored, ``oldest_us`` the time from
    which measurements are kept, in microseconds since 1970. A limit that a tag lacks is infinite.
    """

    lowest: FloatArray
    highest: FloatArray
    lower_limit: FloatArray
    upper_limit: FloatArray
    is_active: BoolArray
    is_analog: BoolArray
    keeps_last: BoolArray
    oldest_us: IntArray

    def take(self, rows: NDArray[Any]) -> "DefinitionColumns":
        """Return the definitions that an index array selects."""
        return DefinitionColumns(*(getattr(self, field.name)[rows] for field in fields(self)))

    def followed_by(self, other: "DefinitionColumns") -> "DefinitionColumns":
        """Return these definitions and the others after them."""
        return DefinitionColumns(
            *(
                np.concatenate([getattr(self, field.name), getattr(other, field.name)])
                for field in fields(self)
            )
        )


def definition_columns(tags: Sequence[TagDefinition]) -> DefinitionColumns:
    """Return the definitions of these tags as columns, in the same order."""
    return DefinitionColumns(
        lowest=np.maximum(np.array([tag.valid_min for tag in tags], dtype=np.float64), -LARGEST_VALUE),
        highest=np.minimum(np.array([tag.valid_max for tag in tags], dtype=np.float64), LARGEST_VALUE),
        lower_limit=limits([tag.lower_limit for tag in tags], absent=-np.inf),
        upper_limit=limits([tag.upper_limit for tag in tags], absent=np.inf),
        is_active=np.array([tag.active for tag in tags], dtype=np.bool_),
        is_analog=np.array([tag.is_analog for tag in tags], dtype=np.bool_),
        keeps_last=np.array([tag.on_conflict == OnConflict.KEEP_LAST for tag in tags], dtype=np.bool_),
        oldest_us=np.array([micros_or_first(tag.raw_from) for tag in tags], dtype=np.int64),
    )


def limits(values: Sequence[float | None], *, absent: float) -> FloatArray:
    """Return limits as an array, with ``absent`` in place of each that a tag lacks."""
    return np.array([absent if value is None else value for value in values], dtype=np.float64)
