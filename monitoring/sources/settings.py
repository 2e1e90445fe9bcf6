"""The settings and secrets of a source: given by people, checked by the protocol's kind, stored."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from monitoring.database.write_lock import write_lock
from monitoring.kernel.secret_references import SecretError
from monitoring.models import Source, SourceMapping
from monitoring.models.source import NAME
from monitoring.sources.kind import Field, SourceKind
from monitoring.sources.registry import KINDS
from monitoring.sources.secrets import STORED, is_reference, seal, shown

LONGEST_LINE, LONGEST_TEXT = 1_000, 20_000
COLUMNS = ("name", "group", "uses_receive_time", "settings", "secrets", "trusted_certificate")
MISSING = "This field is required."
ONE_LINE = "This field has one line."
FOR_ADMINISTRATORS = "Only an administrator changes this: it decides where Fermon connects, and as whom."
REFERENCE_REFUSED = (
    "Only a signed-in administrator takes a secret from the environment or a file: type the secret itself."
)
AGAIN = "The connection has changed: type the secret again."
NO_FINGERPRINT = "Expected the SHA-256 fingerprint of a certificate: 64 hexadecimal digits."


class SourceInputError(ValueError):
    """Invalid fields of a source; ``problems`` has an error by field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of a caller: change trust fields; refer to the server's environment and files."""

    may_set_up: bool
    may_refer: bool


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a protocol's form. Secrets in ``typed`` are plain text, the others as stored."""

    settings: dict[str, str]
    secrets: dict[str, str]
    typed: frozenset[str] = frozenset()

    def sealed(self) -> dict[str, str]:
        """Return the secrets as stored: encrypted, or as references.

        Raises:
            SourceInputError: the key that encrypts secrets is invalid.
        """
        try:
            return {name: seal(text) if name in self.typed else text for name, text in self.secrets.items()}
        except SecretError as error:
            raise SourceInputError({min(self.typed): str(error)}) from error


def fields_of(
    kind: SourceKind, given: Mapping[str, str], before: Source | None = None, cleared: Collection[str] = ()
) -> Fields:
    """Return the fields with the given ones; one that is not given stays as before, an empty one goes.

    A secret is write-only, so an empty one stays, unless it is ``cleared``. Without ``before``, fields that
    are not given have their defaults.
    """
    settings = dict(before.settings) if before else {each.name: each.default for each in kind.fields}
    secrets, typed = dict(before.secrets) if before else {}, set()
    for field in kind.fields:
        text = given.get(field.name, "").strip()
        if not field.is_secret:
            settings[field.name] = text if field.name in given else settings.get(field.name, "")
        elif field.name in cleared:
            secrets.pop(field.name, None)
        elif text and text != secrets.get(field.name):
            secrets[field.name] = text
            typed.add(field.name)
    plain = {each.name for each in kind.fields if not each.is_secret}
    shown = {name: text for name, text in settings.items() if text and name in plain}
    return Fields(shown, secrets, frozenset(typed))


def check_source(
    kind: SourceKind, source: Source, fields: Fields, before: Source | None, rights: Rights
) -> None:
    """Check name and fields by the rules of the kind, and by the rights of the caller.

    Raises:
        SourceInputError: a field is missing or invalid, or not for this caller.
    """
    problems = _name_problems(source)
    for field in kind.fields:
        if problem := _field_problem(field, fields, before, rights):
            problems[field.name] = problem
    if before:
        problems |= _secrets_to_repeat(kind, fields, before, rights)
    if not problems:
        values = {**fields.settings, **fields.secrets, **_placeholders(fields)}
        problems = {
            name: text for name, text in kind.check(values).items() if name not in _placeholders(fields)
        }
    if problems:
        raise SourceInputError(problems)


def store_source(source: Source, fields: Fields) -> None:
    """Store the source with its fields; the collector takes the change up by the revision.

    A trusted certificate is forgotten when the connection leads elsewhere.
    """
    secrets = fields.sealed()
    with write_lock(), transaction.atomic():
        before = Source.objects.select_for_update().filter(pk=source.pk).first() if source.pk else None
        kind = KINDS.get(source.protocol)
        if before and kind and _leads_elsewhere(kind, fields, before):
            is_unchanged = source.trusted_certificate == before.trusted_certificate
            source.trusted_certificate = "" if is_unchanged else source.trusted_certificate
        source.settings, source.secrets = fields.settings, secrets
        _save(source, before, COLUMNS)


def switch(source: Source, *, on: bool) -> None:
    """Enable or disable the source.

    Raises:
        SourceInputError: the protocol is unknown, or another enabled source writes one of the tags.
    """
    with write_lock(), transaction.atomic():
        before = Source.objects.select_for_update().get(pk=source.pk)
        if on:
            _check_for_enabling(source)
        source.is_enabled = on
        _save(source, before, ("is_enabled",))


def trust(source: Source, fingerprint: str) -> None:
    """Store the fingerprint of the server's certificate; an empty one trusts none.

    Raises:
        SourceInputError: the text is no fingerprint.
    """
    plain = fingerprint.replace(":", "").strip().lower()
    if plain and not re.fullmatch("[0-9a-f]{64}", plain):
        raise SourceInputError({"fingerprint": NO_FINGERPRINT})
    with write_lock(), transaction.atomic():
        before = Source.objects.select_for_update().get(pk=source.pk)
        source.trusted_certificate = plain
        _save(source, before, ("trusted_certificate",))


def delete_source(source: Source) -> None:
    """Delete the source with mappings, points and jobs. Tags and measurements stay."""
    with write_lock(), transaction.atomic():
        source.delete()


def touch(source_id: int) -> None:
    """Raise the revision of a source whose mappings have changed; call in their transaction."""
    Source.objects.filter(pk=source_id).update(revision=F("revision") + 1, changed_at=datetime.now(UTC))


def conflicts_of(source: Source) -> dict[str, str]:
    """Return the tags that another enabled source writes, too, with the name of that source."""
    tags = SourceMapping.objects.filter(source=source).exclude(tag__contains="{").values("tag")
    others = SourceMapping.objects.filter(source__is_enabled=True, tag__in=tags).exclude(source=source)
    return dict(others.order_by("tag").values_list("tag", "source__name"))


def secrets_shown(source: Source) -> dict[str, str]:
    """Return of each secret field "stored", "env:NAME", "file:PATH" or an empty text; never a secret."""
    kind = KINDS.get(source.protocol)
    return {
        field.name: shown(source.secrets.get(field.name, ""))
        for field in (kind.fields if kind else ())
        if field.is_secret
    }


def _save(source: Source, before: Source | None, columns: Collection[str]) -> None:
    source.changed_at = datetime.now(UTC)
    if before is None:
        source.save()
        return
    source.revision = before.revision + 1
    source.save(update_fields=[*columns, "revision", "changed_at"])


def _check_for_enabling(source: Source) -> None:
    if source.protocol not in KINDS:
        raise SourceInputError({"protocol": f"This version of Fermon does not know {source.protocol}."})
    if taken := conflicts_of(source):
        tag, name = next(iter(taken.items()))
        raise SourceInputError(
            {"enabled": f"The source {name} writes {tag}, too: disable it, or delete one of the mappings."}
        )


def _name_problems(source: Source) -> dict[str, str]:
    try:
        NAME(source.name)
    except ValidationError as error:
        return {"name": " ".join(error.messages)}
    if Source.objects.filter(name=source.name).exclude(pk=source.pk).exists():
        return {"name": "Another source has this name."}
    return {}


def _field_problem(field: Field, fields: Fields, before: Source | None, rights: Rights) -> str:
    """Return the error of a field; empty if there is none."""
    stored = {**before.settings, **before.secrets} if before else {}
    text = {**fields.settings, **fields.secrets}.get(field.name, "")
    is_changed = text != stored.get(field.name, "")
    if is_changed and (field.is_trust or field.is_secret) and not rights.may_set_up:
        return FOR_ADMINISTRATORS
    if field.is_secret and is_changed and is_reference(text) and not rights.may_refer:
        return REFERENCE_REFUSED
    if not text:
        return MISSING if field.is_required else ""
    return _text_problem(field, text)


def _text_problem(field: Field, text: str) -> str:
    if field.choices and text not in dict(field.choices):
        return f"Expected one of {', '.join(value for value, _ in field.choices)}."
    if not field.lines and re.search(r"[\r\n\0]", text):
        return ONE_LINE
    longest = LONGEST_TEXT if field.lines or field.is_secret else LONGEST_LINE
    return f"At most {longest} characters." if len(text) > longest else ""


def _leads_elsewhere(kind: SourceKind, fields: Fields, before: Source) -> bool:
    """Return whether a trust field that is no secret has changed."""
    names = [each.name for each in kind.fields if each.is_trust and not each.is_secret]
    return any(fields.settings.get(name, "") != before.settings.get(name, "") for name in names)


def _secrets_to_repeat(kind: SourceKind, fields: Fields, before: Source, rights: Rights) -> dict[str, str]:
    """Return an error for each stored secret that would be sent elsewhere than before.

    A reference stays for those who may give one: they could read the secret anyway.
    """
    if not _leads_elsewhere(kind, fields, before):
        return {}
    return {
        name: AGAIN
        for name, text in fields.secrets.items()
        if name not in fields.typed and not (is_reference(text) and rights.may_refer)
    }


def _placeholders(fields: Fields) -> dict[str, str]:
    """Return the secrets that a form cannot check: encrypted ones, and references."""
    return {
        name: STORED
        for name, text in fields.secrets.items()
        if name not in fields.typed or is_reference(text)
    }
