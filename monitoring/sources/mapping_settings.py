"""The mappings of a source: checked row by row, stored, replaced, deleted."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from operator import attrgetter
from typing import Any

from auditlog.models import LogEntry
from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import Source, SourceMapping, Tag
from monitoring.models.source import LONGEST_ADDRESS
from monitoring.sources.config import MappingRule
from monitoring.sources.kind import SourceKind
from monitoring.sources.patterns import PLACEHOLDER, find_overlap, split_address, tag_problem
from monitoring.sources.pointers import parse_pointer
from monitoring.sources.registry import KINDS
from monitoring.sources.settings import MISSING, touch
from monitoring.sources.times import time_parser, zone_of

MOST_MAPPINGS = 5_000
UNKNOWN_TAG = "There is no tag {!r}. Make the tag first."


class MappingInputError(ValueError):
    """Invalid mappings; ``problems`` has the errors by field for each row with an error, by its place."""

    ROWS = "mappings"

    def __init__(self, problems: Mapping[int, Mapping[str, str]]) -> None:
        row, fields = next(iter(problems.items()))
        name, text = next(iter(fields.items()))
        super().__init__(f"{self.ROWS}[{row}].{name}: {text}")
        self.problems = {place: dict(each) for place, each in problems.items()}


@dataclass(frozen=True, slots=True)
class MappingInput(MappingRule):
    """A mapping as a person gives it. ``tag`` may be a pattern with the parts in braces of ``address``."""

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
        return bool(PLACEHOLDER.search(self.tag))

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
        before = [input_of(mapping)] if mapping else []
        if problems := check_rows(source, [row], [input_of(each) for each in others], replaced=before):
            raise MappingInputError(problems)
        stored = mapping or SourceMapping(source=source)
        record_change(source, before, [row])
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
        stored = {input_of(each).key: each for each in source.mappings.all()}
        before = {key: input_of(each) for key, each in stored.items()}
        if problems := check_rows(source, rows, replaced=[before.get(row.key) for row in rows]):
            raise MappingInputError(problems)
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
    replaced: Sequence[MappingInput | None] = (),
) -> dict[int, dict[str, str]]:
    """Return the errors by field of each row that has any, by the row's place.

    ``others`` are further mappings of the source; ``new_tags`` are tags that are made along with the rows;
    ``replaced`` has the stored mapping of each row, None of a new one.
    """
    if len(rows) + len(others) > MOST_MAPPINGS:
        return {0: {"address": f"A source has at most {MOST_MAPPINGS} mappings."}}
    kind = KINDS.get(source.protocol)
    if kind is None:
        return {0: {"address": f"This version of Fermon does not know {source.protocol}."}}
    stored = Tag.objects.filter(name__in={row.tag for row in rows}).values_list("name", flat=True)
    known = new_tags.union(stored)
    own = [_row_problems(kind, row, before) for row, before in zip_longest(rows, replaced)]
    valid = [row for row, problems in zip(rows, own, strict=True) if not problems]
    taken = _Taken(source, rows, others, rules=(*others, *valid) if kind.has_patterns else None)
    found = {}
    for place, (row, problems) in enumerate(zip(rows, own, strict=True)):
        if "tag" not in problems and not row.is_pattern and row.tag not in known:
            problems["tag"] = UNKNOWN_TAG.format(row.tag)
        if problems := problems or taken.problems(row):
            found[place] = problems
    return found


def _row_problems(kind: SourceKind, row: MappingInput, replaced: MappingInput | None) -> dict[str, str]:
    """Return the errors of a row by itself."""
    found = {
        "address": _address_problem(row),
        "tag": _tag_problem(kind, row),
        "value_pointer": _problem(parse_pointer, row.value_pointer),
        "time_pointer": _problem(parse_pointer, row.time_pointer),
        "time_format": _problem(time_parser, row.time_format),
        "zone": _problem(zone_of, row.zone),
        "factor": "" if math.isfinite(row.factor) and row.factor else "Expected a number other than 0.",
        "offset": "" if math.isfinite(row.offset) else "Expected a number.",
        "options": _options_problem(kind, row.options),
    }
    problems = {name: text for name, text in found.items() if text}
    return problems or _unused_problems(kind, row, replaced) | kind.check_mapping(row.columns)


def _unused_problems(kind: SourceKind, row: MappingInput, replaced: MappingInput | None) -> dict[str, str]:
    """Return the errors of columns that mean nothing to the protocol, unless they are stored so already.

    Older versions of Fermon accepted some: such a mapping can still be changed elsewhere, and exported and
    imported.
    """
    before = replaced.columns if replaced else {}
    accepted = {name for name in kind.check_unused(before) if row.columns[name] == before[name]}
    return {name: text for name, text in kind.check_unused(row.columns).items() if name not in accepted}


def _problem(parse: Callable[[str], object], text: str) -> str:
    """Return the reason why a text cannot be parsed; empty if there is none."""
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""


def _address_problem(row: MappingInput) -> str:
    if not row.address:
        return MISSING
    return f"At most {LONGEST_ADDRESS} characters." if len(row.address) > LONGEST_ADDRESS else ""


def _tag_problem(kind: SourceKind, row: MappingInput) -> str:
    """Return the error of a tag's name or pattern: the parts come from the address."""
    if not row.tag:
        return MISSING
    return tag_problem(row.tag, PLACEHOLDER.findall(row.address) if kind.has_patterns else ())


def _options_problem(kind: SourceKind, options: Mapping[str, object]) -> str:
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
    """The addresses and tags that several mappings claim.

    ``rules`` are the valid mappings of a protocol whose addresses may be patterns; else None.
    """

    def __init__(
        self,
        source: Source,
        rows: Sequence[MappingInput],
        others: Sequence[MappingInput],
        rules: Sequence[MappingInput] | None,
    ) -> None:
        self.address_of: Callable[[MappingInput], object] = (
            attrgetter("key") if rules is None else split_address
        )
        self.addresses = Counter(map(self.address_of, (*rows, *others)))
        self.tags: dict[str, list[MappingInput]] = {}
        for row in (*others, *rows):
            self.tags.setdefault(row.tag, []).append(row)
        self.rules = rules or ()
        self.patterns = [rule for rule in self.rules if rule.is_pattern]
        self.elsewhere: dict[str, str] = {}
        if source.is_enabled:
            names = [row.tag for row in rows]
            enabled = SourceMapping.objects.filter(source__is_enabled=True, tag__in=names)
            self.elsewhere = dict(enabled.exclude(source=source).values_list("tag", "source__name"))

    def problems(self, row: MappingInput) -> dict[str, str]:
        """Return the error of a row that contradicts another one."""
        if self.addresses[self.address_of(row)] > 1:
            return {"address": "Another mapping has this address: one address becomes one tag."}
        if other := self._rival(row):
            origin = other.address + other.value_pointer
            return {"tag": f"{row.tag} gets the values of {origin} already: one tag has one address."}
        if row.tag in self.elsewhere:
            return {"tag": f"The source {self.elsewhere[row.tag]} writes {row.tag} already."}
        return {}

    def _rival(self, row: MappingInput) -> MappingRule | None:
        """Return another mapping whose values may get to the same tag; None if there is none."""
        if not row.is_pattern and len(self.tags[row.tag]) > 1:
            return next(each for each in self.tags[row.tag] if each.key != row.key)
        return find_overlap(row, self.rules if row.is_pattern else self.patterns)
