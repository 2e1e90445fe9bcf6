"""The mappings of a source: checked row by row, stored, replaced, deleted."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import available_timezones

from auditlog.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import Source, SourceMapping, Tag
from monitoring.models.tag import TAG_NAME
from monitoring.sources.kind import SourceKind
from monitoring.sources.registry import KINDS
from monitoring.sources.settings import MISSING, touch

TIME_FORMATS = ("", "iso", "s", "ms", "us", "ns")
PART = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
POINTER = re.compile(r"(/([^~]|~[01])*)?")
LONGEST_TAG, LONGEST_ADDRESS = 64, 500
MOST_MAPPINGS = 5_000
UNKNOWN_TAG = "There is no tag {!r}. Make the tag first."
NO_POINTER = "Expected a JSON pointer: empty, or a path that begins with '/', as /od."


class MappingInputError(ValueError):
    """Invalid mappings; ``problems`` has the errors by field for each row with an error, by its place."""

    ROWS = "mappings"

    def __init__(self, problems: Mapping[int, Mapping[str, str]]) -> None:
        row, fields = next(iter(problems.items()))
        name, text = next(iter(fields.items()))
        super().__init__(f"{self.ROWS}[{row}].{name}: {text}")
        self.problems = {place: dict(each) for place, each in problems.items()}


@dataclass(frozen=True, slots=True)
class MappingInput:
    """A mapping as a person gives it. ``tag`` may be a pattern with the parts in braces of ``address``."""

    address: str
    tag: str
    value_pointer: str = ""
    time_pointer: str = ""
    time_format: str = ""
    zone: str = ""
    factor: float = 1.0
    offset: float = 0.0
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        standard = {**asdict(MappingInput("", "")), "address": self.address, "tag": self.tag}
        more = [f"{name} {value}" for name, value in self.columns.items() if value != standard[name]]
        return ", ".join([f"{self.address} to {self.tag}", *more])

    @property
    def key(self) -> tuple[str, str]:
        """Return the columns that are unique in a source."""
        return self.address, self.value_pointer

    @property
    def is_pattern(self) -> bool:
        """Return whether the tag's name depends on the address of a message."""
        return bool(PART.search(self.tag))

    @property
    def columns(self) -> dict[str, Any]:
        """Return the columns of the table."""
        return asdict(self)


COLUMNS = tuple(MappingInput.__dataclass_fields__)


def input_of(mapping: SourceMapping) -> MappingInput:
    """Return a stored mapping as an input."""
    return MappingInput(**{name: getattr(mapping, name) for name in COLUMNS})


def store_mapping(source: Source, row: MappingInput, mapping: SourceMapping | None = None) -> SourceMapping:
    """Store a new mapping, or change a stored one.

    Raises:
        MappingInputError: a field is invalid, or contradicts another mapping.
    """
    with write_lock(), transaction.atomic():
        touch(source.pk)  # locks the source: two people at once would not see each other's rows
        others = SourceMapping.objects.filter(source=source).exclude(pk=mapping.pk if mapping else 0)
        if problems := check_rows(source, [row], [input_of(each) for each in others]):
            raise MappingInputError(problems)
        stored = mapping or SourceMapping(source=source)
        record_change(source, [input_of(mapping)] if mapping else [], [row])
        fill(stored, row)
        stored.save()
    return stored


def replace_mappings(source: Source, rows: Sequence[MappingInput]) -> list[SourceMapping]:
    """Make the rows the mappings of the source. A mapping with the same address and pointer keeps its id.

    Raises:
        MappingInputError: with the errors of all rows.
    """
    with write_lock(), transaction.atomic():
        touch(source.pk)
        if problems := check_rows(source, rows):
            raise MappingInputError(problems)
        stored = {input_of(each).key: each for each in source.mappings.all()}
        before = {key: input_of(each) for key, each in stored.items()}
        ids = {key: each.pk for key, each in stored.items()}
        after = {row.key: row for row in rows}
        gone = [row for key, row in before.items() if after.get(key) != row]
        new = [row for key, row in after.items() if before.get(key) != row]
        record_change(source, gone, new)
        # Not by UPDATE, which takes 20 times as long: readings of all sources wait for this transaction.
        SourceMapping.objects.filter(pk__in=[ids[row.key] for row in gone]).delete()
        made = {row.key: fill(SourceMapping(pk=ids.get(row.key), source=source), row) for row in new}
        SourceMapping.objects.bulk_create(made.values())
    return [made.get(key) or stored[key] for key in after]


def fill(mapping: SourceMapping, row: MappingInput) -> SourceMapping:
    """Set the columns of a mapping, which is not saved here."""
    for name, value in row.columns.items():
        setattr(mapping, name, value)
    return mapping


def record_change(
    source: Source, before: Sequence[MappingInput], after: Sequence[MappingInput], by: str = ""
) -> None:
    """Add changed mappings to the audit trail as one entry of the source; ``by`` names the person."""
    if before or after:
        texts = ["; ".join(map(str, rows)) for rows in (before, after)]
        more = {"additional_data": {"by": by}} if by else {}
        LogEntry.objects.log_create(
            source, action=LogEntry.Action.UPDATE, changes={"mappings": texts}, **more
        )


def delete_mapping(mapping: SourceMapping) -> None:
    """Delete a mapping. The tag and its measurements stay."""
    with write_lock(), transaction.atomic():
        touch(mapping.source_id)
        record_change(mapping.source, [input_of(mapping)], [])
        mapping.delete()


def check_rows(
    source: Source,
    rows: Sequence[MappingInput],
    others: Sequence[MappingInput] = (),
    *,
    new_tags: frozenset[str] = frozenset(),
) -> dict[int, dict[str, str]]:
    """Return the errors by field of each row that has any, by the row's place.

    ``others`` are further mappings of the source; ``new_tags`` are tags that are made along with the rows.
    """
    if len(rows) + len(others) > MOST_MAPPINGS:
        return {0: {"address": f"A source has at most {MOST_MAPPINGS} mappings."}}
    kind = KINDS.get(source.protocol)
    if kind is None:
        return {0: {"address": f"This version of Fermon does not know {source.protocol}."}}
    known = set(Tag.objects.filter(name__in={row.tag for row in rows}).values_list("name", flat=True))
    taken = _Taken(source, rows, others)
    found = {}
    for place, row in enumerate(rows):
        problems = _row_problems(kind, row)
        if "tag" not in problems and not row.is_pattern and row.tag not in known | new_tags:
            problems["tag"] = UNKNOWN_TAG.format(row.tag)
        if problems := problems or taken.problems(row):
            found[place] = problems
    return found


def _row_problems(kind: SourceKind, row: MappingInput) -> dict[str, str]:
    """Return the errors of a row by itself."""
    found = {
        "address": _address_problem(row),
        "tag": _tag_problem(row),
        "value_pointer": "" if POINTER.fullmatch(row.value_pointer) else NO_POINTER,
        "time_pointer": "" if POINTER.fullmatch(row.time_pointer) else NO_POINTER,
        "time_format": "" if row.time_format in TIME_FORMATS else "Expected iso, s, ms, us or ns.",
        "zone": "" if not row.zone or row.zone in available_timezones() else "Expected as Europe/Berlin.",
        "factor": "" if math.isfinite(row.factor) and row.factor else "Expected a number other than 0.",
        "offset": "" if math.isfinite(row.offset) else "Expected a number.",
        "options": _options_problem(kind, row.options),
    }
    problems = {name: text for name, text in found.items() if text}
    return problems or kind.check_mapping(row.columns)


def _address_problem(row: MappingInput) -> str:
    if not row.address:
        return MISSING
    return f"At most {LONGEST_ADDRESS} characters." if len(row.address) > LONGEST_ADDRESS else ""


def _tag_problem(row: MappingInput) -> str:
    """Return the error of a tag's name or pattern: the parts come from the address."""
    if not row.tag:
        return MISSING
    if unknown := set(PART.findall(row.tag)) - set(PART.findall(row.address)):
        return f"{{{min(unknown)}}} is no part of the address: write it there in braces, too."
    example = PART.sub("a", row.tag)
    try:
        TAG_NAME(example)
    except ValidationError as error:
        return " ".join(error.messages)
    return f"At most {LONGEST_TAG} characters." if len(example) > LONGEST_TAG else ""


def _options_problem(kind: SourceKind, options: Mapping[str, str]) -> str:
    known = {each.name: each for each in kind.options}
    for name, text in options.items():
        if name not in known:
            return f"{name[:80]} is none of {', '.join(known) or 'no options'}."
        choices = dict(known[name].choices)
        if choices and text and text not in choices:
            return f"{name}: expected one of {', '.join(choices)}."
    missing = [each.label for each in kind.options if each.is_required and not options.get(each.name)]
    return f"{missing[0]} is missing." if missing else ""


class _Taken:
    """The addresses and tags that several mappings claim."""

    def __init__(self, source: Source, rows: Sequence[MappingInput], others: Sequence[MappingInput]) -> None:
        self.addresses = Counter((row.address, row.value_pointer) for row in (*rows, *others))
        self.tags: dict[str, list[str]] = {}
        for row in (*others, *rows):
            self.tags.setdefault(row.tag, []).append(row.address + row.value_pointer)
        self.elsewhere: dict[str, str] = {}
        if source.is_enabled:
            names = [row.tag for row in rows]
            enabled = SourceMapping.objects.filter(source__is_enabled=True, tag__in=names)
            self.elsewhere = dict(enabled.exclude(source=source).values_list("tag", "source__name"))

    def problems(self, row: MappingInput) -> dict[str, str]:
        """Return the error of a row that contradicts another one."""
        if self.addresses[row.address, row.value_pointer] > 1:
            return {"address": "Another mapping has this address: one address becomes one tag."}
        claims = self.tags[row.tag]
        if len(claims) > 1 and not row.is_pattern:
            own = row.address + row.value_pointer
            other = next(claim for claim in claims if claim != own)
            return {"tag": f"{row.tag} gets the values of {other} already: one tag has one address."}
        if row.tag in self.elsewhere:
            return {"tag": f"The source {self.elsewhere[row.tag]} writes {row.tag} already."}
        return {}
