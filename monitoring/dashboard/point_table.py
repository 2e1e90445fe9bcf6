"""The table of discovered points: rows to tick, each with the tag that is suggested for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.http import urlencode

from monitoring.kernel.tag_definition import TagKind
from monitoring.models import Source, SourceJob, SourceMapping
from monitoring.sources.job_requests import FOLDER, results_of
from monitoring.sources.suggesting import completed

ROWS = 100  # on a page: a form has at most 1000 fields
COLUMNS = ("tag", "unit", "kind", "valid_min", "valid_max")
# Further parts of a suggestion that a tag or its mapping takes.
TAKEN = (
    *("lower_limit", "upper_limit", "states", "display_name", "factor", "offset", "options"),
    *("value_pointer", "time_pointer", "time_format", "zone"),
)
TAG_KINDS = [str(kind) for kind in TagKind]


@dataclass(slots=True)
class PointRow:
    """A point with the tag to make; ``tag`` to ``valid_max`` are texts of the form, ``errors`` by name."""

    place: int
    address: str
    raw: str = ""
    children: int = 0
    mapped_to: str = ""
    is_ticked: bool = False
    tag: str = ""
    unit: str = ""
    kind: str = str(TagKind.ANALOG)
    valid_min: str = ""
    valid_max: str = ""
    choice: str = ""
    suggestion: Mapping[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> list[tuple[str, str, str]]:
        """Return name, value and error of each text field."""
        return [(name, getattr(self, name), self.errors.get(name, "")) for name in COLUMNS if name != "kind"]

    @property
    def meanings(self) -> list[tuple[str, str]]:
        """Return the suggested ways to read the point: options, and words with the value."""
        found = self.suggestion.get("choices")
        ways = [way for way in found if isinstance(way, dict)] if isinstance(found, list) else []
        return [
            (json.dumps(options_of(way)), f"{' '.join(options_of(way).values())}: {way.get('value', '')}")
            for way in ways
        ]

    def as_choice(self) -> dict[str, Any]:
        """Return the point as a choice for ``sources.making``.

        Raises:
            ValueError: a bound of the valid range is no number; ``errors`` has the words.
        """
        bounds = {}
        for name in ("valid_min", "valid_max"):
            try:
                bounds[name] = float(getattr(self, name))
            except ValueError:
                self.errors[name] = "Expected a number."
        if self.errors:
            raise ValueError(self.address)
        given = {"address": self.address, "tag": self.tag, "unit": self.unit, "kind": self.kind}
        standard = {"display_name": "", "factor": 1.0, "offset": 0.0, "options": {}}
        others = {name: value for name, value in self.suggestion.items() if name in TAKEN}
        if self.choice in dict(self.meanings):
            others["options"] = json.loads(self.choice)
        return {**standard, **others, **given, **bounds}


@dataclass(frozen=True, slots=True)
class PointTable:
    """A page of points. ``folder`` is the one that was opened, empty at the top."""

    rows: list[PointRow]
    found: int
    folder: str = ""
    find: str = ""
    newer: str = ""
    older: str = ""
    error: str = ""

    @property
    def has_ticks(self) -> bool:
        """Return whether any row can be ticked."""
        return any(not row.mapped_to and not row.children for row in self.rows)


def point_table(source: Source, job: SourceJob, query: Mapping[str, str]) -> PointTable:
    """Return the page of points that the address selects."""
    find = query.get("find", "").strip()
    points = [
        (place, row)
        for place, row in enumerate(results_of(job, "points"))
        if find.lower() in str(row.get("address", "")).lower()
    ]
    text = query.get("first", "0")
    first = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    shown = points[first : first + ROWS]
    addresses = [str(row.get("address", "")) for _, row in shown]
    mapped = SourceMapping.objects.filter(source=source, address__in=addresses)
    taken = dict(mapped.values_list("address", "tag"))
    return PointTable(
        rows=[point_row(place, row, taken) for place, row in shown],
        found=len(points),
        folder=str(job.parameters.get(FOLDER, "")),
        find=find,
        newer=address(find, first - ROWS) if first >= ROWS else "",
        older=address(find, first + ROWS) if first + ROWS < len(points) else "",
    )


def address(find: str, first: int) -> str:
    """Return the query string of a page of points."""
    query: dict[str, str | int] = {"find": find} if find else {}
    return f"?{urlencode(query | {'first': first})}#points"


def point_row(place: int, row: Mapping[str, Any], mapped: Mapping[str, str]) -> PointRow:
    """Return a discovered point with the suggested tag."""
    where = str(row.get("address", ""))
    suggestion = row.get("suggestion")
    raw = str(row.get("raw", ""))
    known = completed(suggestion, raw) if isinstance(suggestion, dict) else {}
    children = row.get("children", 0)
    made = PointRow(
        place=place,
        address=where,
        raw=raw,
        children=children if isinstance(children, int) else 0,
        mapped_to=mapped.get(where, ""),
        suggestion=known,
    )
    for name in COLUMNS:
        if known.get(name) not in (None, ""):
            setattr(made, name, shown_value(known[name]))
    return made


def options_of(way: Mapping[str, Any]) -> dict[str, str]:
    """Return the options of a mapping for a suggested way to read a point."""
    return {name: str(value) for name, value in way.items() if name != "value"}


def shown_value(value: Any) -> str:
    """Return a suggested value as a person would type it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def ticked_rows(source: Source, job: SourceJob, posted: Mapping[str, str]) -> list[PointRow]:
    """Return the ticked points as the form gives them, with the other suggestions of discovery."""
    points = results_of(job, "points")
    rows = []
    for name in posted:
        place = name.removeprefix("tick-")
        if name == place or not place.isdecimal() or len(place) > 5 or int(place) >= len(points):
            continue
        row = point_row(int(place), points[int(place)], {})
        row.is_ticked = True
        for column in COLUMNS:
            setattr(row, column, posted.get(f"{column}-{place}", "").strip())
        row.choice = posted.get(f"choice-{place}", "")
        if row.kind not in TAG_KINDS:
            row.errors["kind"] = f"Expected one of {', '.join(TAG_KINDS)}."
        rows.append(row)
    return rows
