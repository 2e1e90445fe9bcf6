"""Shapes of requests and answers about field sources."""

import re
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from monitoring.api import schemas
from monitoring.api.notification_fields import choice
from monitoring.api.schemas import Shape
from monitoring.models import SourceJob
from monitoring.sources.mapping_settings import MOST_MAPPINGS, MappingInput
from monitoring.sources.session import State
from monitoring.sources.settings import LONGEST_TEXT
from monitoring.sources.times import FORMATS

MOST_PARAMETERS = 20
PARAMETER = re.compile("[a-z_]{1,40}")
NO_NUL = RegexValidator("\0", "a text without the character NUL was expected", inverse_match=True)


def text(help_text: str, longest: int, **options: Any) -> serializers.CharField:
    """Return the field for a text of a row, empty by default."""
    return serializers.CharField(
        **{
            "required": False,
            "allow_blank": True,
            "max_length": longest,
            "help_text": help_text,
            "validators": [NO_NUL],
            **options,
        }
    )


class SourceStatusSerializer(Shape):
    """The state of a source, by its collector."""

    state = serializers.CharField(help_text=f"One of {', '.join(State)}.")
    since = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_blank=True, help_text="The last error.")
    error_at = serializers.DateTimeField(allow_null=True)
    confirmed_until = serializers.DateTimeField(allow_null=True, help_text="The source was alive until then.")
    newest = serializers.DateTimeField(allow_null=True, help_text="Timestamp of the newest reading.")
    readings = serializers.IntegerField()
    rejected = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True, help_text="Readings a second, of the last 10 s.")
    lag_ms = serializers.FloatField(allow_null=True, help_text="From a reading's time to its commit, median.")
    clock_offset_ms = serializers.FloatField(
        allow_null=True, help_text="How far the clock of the source is ahead, median of the last 60 s."
    )
    notices = serializers.ListField(child=serializers.CharField(allow_blank=True))
    gaps = serializers.IntegerField(help_text="Gaps that touch the last 24 hours.")
    gap_s = serializers.FloatField(help_text="Their seconds within the last 24 hours.")
    updated_at = serializers.DateTimeField(allow_null=True)


class SourceSerializer(Shape):
    """A field source. Settings are for the role engineer, null for others; no secret is ever answered."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    protocol = serializers.CharField()
    enabled = serializers.BooleanField()
    group = serializers.CharField(allow_blank=True, help_text="Of tags made from its points.")
    uses_receive_time = serializers.BooleanField(help_text="Readings get the time of receipt.")
    trusted_certificate = serializers.CharField(allow_null=True, allow_blank=True)
    fields = serializers.DictField(child=serializers.CharField(allow_blank=True), allow_null=True)  # type: ignore[assignment]
    secrets = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        allow_null=True,
        help_text='Of each secret "stored", "env:NAME", "file:PATH" or empty; never the secret.',
    )
    mappings = serializers.IntegerField()
    revision = serializers.IntegerField(help_text="Grows with each change of the source or a mapping.")
    changed_at = serializers.DateTimeField()
    status = SourceStatusSerializer()


class ChangeSourceSerializer(serializers.Serializer[Any]):
    """Changes of a source; fields that are left out stay."""

    name = text("Letters, digits, '_', '-' and '.'.", 64, allow_blank=False)
    group = text("Of tags made from its points.", 64)
    uses_receive_time = serializers.BooleanField(required=False)
    fields = serializers.DictField(  # type: ignore[assignment]
        required=False,
        child=text("", LONGEST_TEXT, allow_null=True),
        help_text="The fields of the protocol, also secret ones, which are never answered. A secret that is"
        " left out or empty stays; null forgets it.",
    )


class MakeSourceSerializer(ChangeSourceSerializer):
    """A source to make."""

    name = text("Letters, digits, '_', '-' and '.'.", 64, required=True, allow_blank=False)
    protocol = text("mqtt, opcua, ...; an error lists them.", 20, required=True, allow_blank=False)


class MappingShape(Shape):
    """The tag that the values of an address become: `value * factor + offset`."""

    id = serializers.IntegerField()
    address = serializers.CharField()
    tag = serializers.CharField()
    value_pointer = serializers.CharField(allow_blank=True)
    time_pointer = serializers.CharField(allow_blank=True)
    time_format = serializers.CharField(allow_blank=True)
    zone = serializers.CharField(allow_blank=True)
    factor = serializers.FloatField()
    offset = serializers.FloatField()
    options = serializers.DictField(child=serializers.CharField(allow_blank=True))


class ChangeMappingSerializer(serializers.Serializer[Any]):
    """Changes of a mapping; fields that are left out stay."""

    address = text("A topic, a node, a register; parts in braces may be used in `tag`.", 500)
    tag = text("Name of the tag, or its pattern, as {unit}.{name}.", 128)
    value_pointer = text("JSON pointer of the value, as /od. Empty: the whole payload.", 200)
    time_pointer = text("JSON pointer of the time. Empty: the time of receipt.", 200)
    time_format = choice(FORMATS, "Of the time at `time_pointer`.", allow_blank=True)
    zone = text("Of times without an offset, as Europe/Berlin. Empty: UTC.", 64)
    factor = serializers.FloatField(required=False)
    offset = serializers.FloatField(required=False)
    options = serializers.DictField(required=False, child=text("", 200))


class MappingSerializer(ChangeMappingSerializer):
    """A mapping to make."""

    address = text("A topic, a node, a register.", 500, required=True, allow_blank=False)
    tag = text("Name of the tag, or its pattern.", 128, required=True, allow_blank=False)

    @property
    def mapping(self) -> MappingInput:
        """Return the mapping that the body gives."""
        return MappingInput(**self.validated_data)


class MappingsSerializer(serializers.Serializer[Any]):
    """All mappings of a source, in place of those before."""

    mappings = serializers.ListField(child=MappingSerializer(), max_length=MOST_MAPPINGS)


class JobShape(Shape):
    """Work that was asked of the collector. Ask again until `state` is done or failed."""

    id = serializers.IntegerField()
    source = serializers.IntegerField()  # type: ignore[assignment]
    kind = serializers.CharField()
    state = serializers.CharField(help_text=f"One of {', '.join(SourceJob.State.values)}.")
    steps = serializers.ListField(child=serializers.DictField(), help_text="name, is_done, text.")
    result = serializers.JSONField(allow_null=True, help_text="In the terms of the protocol.")
    asked_by = serializers.CharField(allow_blank=True)
    asked_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class JobSerializer(serializers.Serializer[Any]):
    """The part of a source to look at."""

    parameters = serializers.DictField(
        required=False, child=text("", 500), help_text="Of the protocol, as the folder to browse."
    )

    def validate_parameters(self, given: dict[str, str]) -> dict[str, str]:
        """Reject names that no protocol has, and too many."""
        if len(given) > MOST_PARAMETERS or not all(PARAMETER.fullmatch(name) for name in given):
            raise serializers.ValidationError(
                f"expected at most {MOST_PARAMETERS} parameters, named in lower-case letters"
            )
        return given


class TrustSerializer(serializers.Serializer[Any]):
    """The certificate to trust."""

    fingerprint = text(
        "SHA-256 of the server's certificate, 64 hexadecimal digits. Empty: trust none.", 95, required=True
    )


def changes(shape: Any, *, created: bool = False) -> dict[int, Any]:
    """Return the responses of an operation that changes a row, or creates one."""
    refused = {400: schemas.BAD_INPUT, 411: schemas.NO_LENGTH, 413: schemas.TOO_LARGE, 415: schemas.NOT_JSON}
    answers: dict[int, Any] = {**schemas.reads(None, also={**refused, 404: schemas.NOT_FOUND})}
    if shape is None:
        del answers[200]
        return {**answers, 204: None}
    if created:
        del answers[200]
    return {**answers, 201 if created else 200: shape}
