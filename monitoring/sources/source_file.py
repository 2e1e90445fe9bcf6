"""Sources as a file in TOML: exported, compared, imported. Secrets stand in it by reference only."""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import tomli_w
from django.core.exceptions import ValidationError
from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import Source, Tag
from monitoring.sources.mapping_settings import MappingInput, MappingInputError, input_of, replace_mappings
from monitoring.sources.registry import KINDS
from monitoring.sources.secrets import STORED, is_reference
from monitoring.sources.settings import (
    Fields,
    Rights,
    SourceInputError,
    check_source,
    fields_of,
    secrets_shown,
    store_source,
    switch,
    trust,
)

RIGHTS = Rights(may_set_up=True, may_refer=True)  # whoever runs commands on the server may both
COLUMNS = {"name": str, "protocol": str, "enabled": bool, "group": str, "uses_receive_time": bool}
TABLES = {"trusted_certificate": str, "settings": dict, "secrets": dict, "mappings": list}
MAPPING = {
    **dict.fromkeys(("address", "tag", "value_pointer", "time_pointer", "time_format", "zone"), str),
    **dict.fromkeys(("factor", "offset"), (int, float)),
    "options": dict,
}
TAG = {
    **dict.fromkeys(("name", "display_name", "description", "group", "unit", "kind"), str),
    **dict.fromkeys(("valid_min", "valid_max", "lower_limit", "upper_limit"), (int, float)),
    **dict.fromkeys(("decimals", "hold_s"), int),
    "states": dict,
}
BY_REFERENCE = (
    "secrets stand in a file by reference only: env:NAME or file:/path. 'stored' keeps the secret that this"
    " Fermon has."
)


class SourceFileError(ValueError):
    """A file that cannot be imported; nothing was changed. ``problems`` are sentences with their places."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def export_text(sources: Iterable[Source], *, with_tags: bool) -> str:
    """Return the sources as TOML; with the tags of their mappings on request."""
    tables = [_source_table(source) for source in sources]
    document: dict[str, Any] = {"source": tables}
    if with_tags:
        names = {row["tag"] for table in tables for row in table.get("mappings", ())}
        document["tag"] = [_tag_table(tag) for tag in Tag.objects.filter(name__in=names).order_by("name")]
    return tomli_w.dumps(document)


def import_text(text: str, *, check: bool = False) -> list[str]:
    """Make sources, mappings and missing tags as the file says; return the differences in words.

    Sources that the file does not name stay, and so do tags that exist. All or nothing; with ``check``
    nothing is changed.

    Raises:
        SourceFileError: the file is invalid, with each error and its place.
    """
    document = _parsed(text)
    differences: list[str] = []
    problems: list[str] = []
    with write_lock(), transaction.atomic():
        for place, table in enumerate(document.get("tag", ())):
            problems += _tag_problems(f"tag[{place}]", table, differences)
        stored = []
        for place, table in enumerate(document.get("source", ())):
            where = f"source[{place}] {table.get('name', '')}".strip()
            try:
                stored.append(_store(table, differences))
            except SourceInputError as error:
                problems += [f"{where}: {name}: {text}" for name, text in error.problems.items()]
            except MappingInputError as error:
                problems += [
                    f"{where}: mappings[{row}].{name}: {text}"
                    for row, fields in error.problems.items()
                    for name, text in fields.items()
                ]
        if not problems:
            problems += _switched(stored, differences)
        if problems:
            raise SourceFileError(problems)
        transaction.set_rollback(check)
    return differences


def _source_table(source: Source) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": source.name,
        "protocol": source.protocol,
        "enabled": source.is_enabled,
        "group": source.group,
        "uses_receive_time": source.uses_receive_time,
        "trusted_certificate": source.trusted_certificate,
        "settings": dict(source.settings),
        "secrets": {name: text for name, text in secrets_shown(source).items() if text},
        "mappings": [_shortened(input_of(mapping).columns) for mapping in source.mappings.all()],
    }
    return {name: value for name, value in table.items() if value not in ("", {}, [])}


def _shortened(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a mapping that differ from those of a new one."""
    standard = MappingInput("", "").columns
    return {name: value for name, value in columns.items() if value != standard[name]}


def _tag_table(tag: Tag) -> dict[str, Any]:
    values = {name: getattr(tag, name) for name in TAG}
    return {name: value for name, value in values.items() if value not in (None, "", {})}


def _parsed(text: str) -> dict[str, list[dict[str, Any]]]:
    """Return the document with tables of known names and types.

    Raises:
        SourceFileError: the text is no TOML, or has other contents.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceFileError([f"This is no TOML: {error}."]) from error
    problems = [
        f"{name}: expected [[source]] and [[tag]] only" for name in document if name not in ("source", "tag")
    ]
    for name, shape in (("source", COLUMNS | TABLES), ("tag", TAG)):
        tables = document.get(name, [])
        if not isinstance(tables, list):
            problems.append(f"{name}: expected [[{name}]] with two brackets")
            continue
        for place, table in enumerate(tables):
            problems += _shape_problems(f"{name}[{place}]", table, shape)
            for row, mapping in enumerate(table.get("mappings", ()) if isinstance(table, dict) else ()):
                problems += _shape_problems(f"{name}[{place}].mappings[{row}]", mapping, MAPPING)
    names = [table.get("name") for table in document.get("source", ()) if isinstance(table, dict)]
    problems += [f"source {name}: named twice" for name in {*names} if names.count(name) > 1]
    if problems:
        raise SourceFileError(problems)
    return document


def _shape_problems(where: str, table: object, shape: Mapping[str, Any]) -> list[str]:
    if not isinstance(table, dict):
        return [f"{where}: expected a table"]
    problems = [
        f"{where}.{name}: unknown; expected {', '.join(shape)}" for name in table if name not in shape
    ]
    for name, kind in shape.items():
        value = table.get(name)
        if name in table and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            problems.append(f"{where}.{name}: expected {_type_words(kind)}")
    for name in ("settings", "secrets", "options"):
        texts = table.get(name, {})
        if isinstance(texts, dict) and any(not isinstance(text, str) for text in texts.values()):
            problems.append(f"{where}.{name}: expected texts in quotation marks")
    return problems


def _type_words(kind: object) -> str:
    words = {
        str: "a text",
        bool: "true or false",
        dict: "a table",
        list: "a list of tables",
        int: "a whole number",
    }
    return words.get(kind, "a number") if isinstance(kind, type) else "a number"


def _tag_problems(where: str, table: Mapping[str, Any], differences: list[str]) -> list[str]:
    """Make the tag unless a tag has its name; return the errors."""
    name = table.get("name", "")
    if Tag.objects.filter(name=name).exists():
        return []
    tag = Tag(**table)
    try:
        tag.full_clean()
    except ValidationError as error:
        return [f"{where} {name}: {key}: {' '.join(texts)}" for key, texts in error.message_dict.items()]
    tag.save()
    differences.append(f"tag {name}: new")
    return []


def _store(table: Mapping[str, Any], differences: list[str]) -> tuple[Source, bool]:
    """Store a source with its mappings where they differ; return it, and whether it shall be enabled."""
    name, protocol = table.get("name", ""), table.get("protocol", "")
    kind = KINDS.get(protocol)
    if kind is None:
        raise SourceInputError({"protocol": f"expected one of {', '.join(KINDS)}"})
    before = Source.objects.filter(name=name).first()
    if before and before.protocol != protocol:
        raise SourceInputError({"protocol": f"the source {name} speaks {before.protocol}: delete it first"})
    source = Source.objects.get(pk=before.pk) if before else Source(name=name, protocol=protocol)
    source.group = table.get("group", "")
    source.uses_receive_time = table.get("uses_receive_time", False)
    fields = _fields(table, kind.name, before)
    changes = _changes(source, fields, before)
    if changes or before is None:
        check_source(kind, source, fields, before, RIGHTS)
        store_source(source, fields)
    certificate = table.get("trusted_certificate", "").replace(":", "").lower()
    if certificate != source.trusted_certificate:
        changes.append(
            f"trusted_certificate: {source.trusted_certificate or 'none'} -> {certificate or 'none'}"
        )
        trust(source, certificate)
    differences += [f"{name}: {change}" for change in (changes if before else ["new"])]
    _store_mappings(source, table.get("mappings", ()), differences)
    return source, table.get("enabled", False)


def _fields(table: Mapping[str, Any], protocol: str, before: Source | None) -> Fields:
    """Return the fields of the table; the file decides about all of them.

    Raises:
        SourceInputError: a field is unknown, or a secret is no reference.
    """
    kind = KINDS[protocol]
    settings, secrets = table.get("settings", {}), table.get("secrets", {})
    plain = {each.name for each in kind.fields if not each.is_secret}
    secret = {each.name for each in kind.fields if each.is_secret}
    problems = {
        name: f"unknown; expected {', '.join(sorted(plain))}" for name in settings if name not in plain
    }
    problems |= {
        name: f"unknown; expected {', '.join(sorted(secret))}" for name in secrets if name not in secret
    }
    stored = before.secrets if before else {}
    for name, text in secrets.items():
        if text == STORED and not stored.get(name):
            problems[name] = "the file keeps a stored secret, and this Fermon has none: give a reference"
        elif text != STORED and not is_reference(text):
            problems[name] = BY_REFERENCE
    if problems:
        raise SourceInputError(problems)
    given = {name: settings.get(name, "") for name in plain} if before else dict(settings)
    given |= {name: text for name, text in secrets.items() if text != STORED}
    return fields_of(kind, given, before, cleared=secret - set(secrets))


def _changes(source: Source, fields: Fields, before: Source | None) -> list[str]:
    """Return the differences of a source from the stored one, in words."""
    if before is None:
        return []
    pairs: list[tuple[str, Any, Any]] = [
        ("group", before.group, source.group),
        ("uses_receive_time", before.uses_receive_time, source.uses_receive_time),
    ]
    for name in sorted({*before.settings, *fields.settings}):
        pairs.append((name, before.settings.get(name, ""), fields.settings.get(name, "")))
    for name in sorted({*before.secrets, *fields.secrets}):
        old, new = before.secrets.get(name, ""), fields.secrets.get(name, "")
        pairs.append((name, _public(old), _public(new)) if old != new else (name, "", ""))
    return [f"{name}: {old or 'none'} -> {new or 'none'}" for name, old, new in pairs if old != new]


def _public(secret: str) -> str:
    return secret if not secret or is_reference(secret) else STORED


def _store_mappings(source: Source, tables: Iterable[Mapping[str, Any]], differences: list[str]) -> None:
    rows = [_mapping(table) for table in tables]
    before = {(each.address, each.value_pointer): input_of(each) for each in source.mappings.all()}
    after = {(row.address, row.value_pointer): row for row in rows}
    found = [f"mapping {address}: gone" for address, pointer in before if (address, pointer) not in after]
    found += [f"mapping {row.address} to {row.tag}: new" for key, row in after.items() if key not in before]
    found += [
        f"mapping {row.address} to {row.tag}: changed"
        for key, row in after.items()
        if key in before and before[key] != row
    ]
    if found or len(after) != len(rows):
        replace_mappings(source, rows)
    differences += [f"{source.name}: {line}" for line in found]


def _mapping(table: Mapping[str, Any]) -> MappingInput:
    numbers = {name: float(table[name]) for name in ("factor", "offset") if name in table}
    return MappingInput(**{"address": "", "tag": "", **table, **numbers})


def _switched(stored: Iterable[tuple[Source, bool]], differences: list[str]) -> list[str]:
    """Disable, then enable the sources as the file says; return the errors."""
    problems = []
    for source, on in sorted(stored, key=lambda item: item[1]):
        if source.is_enabled == on:
            continue
        try:
            switch(source, on=on)
        except SourceInputError as error:
            problems += [f"{source.name}: {name}: {text}" for name, text in error.problems.items()]
        differences.append(f"{source.name}: {'enabled' if on else 'disabled'}")
    return problems
