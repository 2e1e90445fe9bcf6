"""Validate request bodies of the file imports API, and define the shapes of its answers."""

from typing import Any

from rest_framework import serializers

from monitoring.api.schemas import Shape
from monitoring.models import FileImport
from monitoring.sources.file_import.file_format import (
    DECIMALS,
    ENCODINGS,
    LAYOUTS,
    MOST_COLUMNS,
    MOST_SKIPPED,
    REPEATED_HOURS,
    SEPARATORS,
    TIME_FORMS,
)
from monitoring.sources.file_import.limits import MOST_BYTES
from monitoring.sources.file_import.targets import ACTIONS

STATES = [name for name, _ in FileImport.STATES]


def column_field(help_text: str, *, allow_null: bool = False) -> serializers.IntegerField:
    """Return the field for the number of a column, from 0."""
    return serializers.IntegerField(
        required=False,
        allow_null=allow_null,
        min_value=0,
        max_value=MOST_COLUMNS - 1,
        help_text=f"{help_text}, counted from 0.",
    )


def one_of(choices: Any, help_text: str = "") -> serializers.ChoiceField:
    """Return the field for one of a few values."""
    return serializers.ChoiceField(choices=list(choices), required=False, help_text=help_text)


class ImportSettingsSerializer(serializers.Serializer[Any]):
    """How a file is read; settings that are left out stay as they are, at first as understood."""

    sheet = serializers.CharField(required=False, max_length=200, help_text="Of a workbook.")
    encoding = one_of(ENCODINGS)
    separator = one_of(SEPARATORS)
    decimal = one_of(DECIMALS, "Decimal sign.")
    skip_rows = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_SKIPPED, help_text="Rows before the header."
    )
    header_rows = one_of((0, 1, 2), "0: none, 1: names, 2: names and units.")
    layout = one_of(LAYOUTS, "wide: a column for each tag; long: columns with time, tag and value.")
    time_column = column_field("Column of the time, or of the day")
    clock_column = column_field("Column of the time of day; null: none", allow_null=True)
    time_form = one_of(TIME_FORMS)
    tag_column = column_field("Column of the tag in the long layout")
    value_column = column_field("Column of the value in the long layout")
    zone = serializers.CharField(
        required=False, max_length=64, help_text="Of times without an offset: Europe/Berlin, +01:00."
    )
    repeated_hour = one_of(
        REPEATED_HOURS,
        "Which is meant when clocks are set back: by the order of rows, the first, the second.",
    )


class TargetSerializer(serializers.Serializer[Any]):
    """The tag that a series becomes: none (ignore), an existing one (tag), or a new one."""

    action = serializers.ChoiceField(choices=list(ACTIONS))
    tag = serializers.CharField(required=False, allow_blank=True, max_length=64)
    factor = serializers.FloatField(required=False, help_text="Of values, before the offset is added.")
    offset = serializers.FloatField(required=False)
    unit = serializers.CharField(required=False, allow_blank=True, max_length=20)
    display_name = serializers.CharField(required=False, allow_blank=True, max_length=64)
    group = serializers.CharField(required=False, allow_blank=True, max_length=64)
    valid_min = serializers.FloatField(required=False, allow_null=True)
    valid_max = serializers.FloatField(required=False, allow_null=True)


class CreateImportSerializer(serializers.Serializer[Any]):
    """A file that will be sent in pieces."""

    name = serializers.CharField(max_length=200)
    size = serializers.IntegerField(min_value=1, max_value=MOST_BYTES, help_text="In bytes.")
    zone = serializers.CharField(
        required=False, max_length=64, help_text="Of times without an offset, if a mapping has no other: UTC."
    )


class ChangeImportSerializer(serializers.Serializer[Any]):
    """Changes of an import. The worker reads the file again with other settings."""

    settings = ImportSettingsSerializer(required=False)
    targets = serializers.DictField(
        child=TargetSerializer(),
        required=False,
        help_text="By key of the series: the number of the column, or in the long layout the name.",
    )


class ExampleSerializer(Shape):
    """A rejected row; rows are counted from 1, with comments and header."""

    row = serializers.IntegerField()
    tag = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class CountsSerializer(Shape):
    """Outcomes of an import, or of a dry run."""

    new = serializers.IntegerField()
    duplicate = serializers.IntegerField(help_text="Stored already with the same value.")
    replaced = serializers.IntegerField()
    kept_first = serializers.IntegerField()
    skipped = serializers.IntegerField(help_text="Empty cells, and rows of ignored tags.")
    rejected = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")
    rejected_total = serializers.IntegerField()
    examples = serializers.DictField(child=ExampleSerializer(many=True), help_text="The first, by reason.")
    first = serializers.DateTimeField(allow_null=True)
    last = serializers.DateTimeField(allow_null=True)


class SeriesSerializer(Shape):
    """A series of the file."""

    key = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    lowest = serializers.FloatField(allow_null=True, help_text="Of the first rows.")
    highest = serializers.FloatField(allow_null=True)


class PreviewRowSerializer(Shape):
    """One of the first rows, with its time in UTC, or why there is none."""

    row = serializers.IntegerField()
    time = serializers.CharField(allow_blank=True)
    fault = serializers.CharField(allow_blank=True)
    cells = serializers.ListField(child=serializers.CharField(allow_blank=True))


class FileImportSummarySerializer(Shape):
    """An import: state, progress and counts."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    received = serializers.IntegerField(help_text="Bytes of the file that have arrived.")
    state = serializers.CharField(help_text=f"One of {', '.join(STATES)}.")
    error = serializers.CharField(allow_blank=True)
    rows = serializers.IntegerField(allow_null=True, help_text="Rows of data; null until the file is read.")
    position = serializers.IntegerField(help_text="Rows of data that are done.")
    counts = CountsSerializer(allow_null=True, help_text="Of the import, so far.")
    by = serializers.CharField()
    created_at = serializers.DateTimeField()
    begun_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class FileImportSerializer(FileImportSummarySerializer):
    """An import in full."""

    settings = ImportSettingsSerializer(allow_null=True, help_text="Null until the file is read.")
    unsure = serializers.ListField(
        child=serializers.CharField(), help_text="Settings that have to be chosen before the check."
    )
    series = SeriesSerializer(many=True)
    targets = serializers.DictField(child=TargetSerializer())
    preview = PreviewRowSerializer(many=True)
    sheets = serializers.ListField(child=serializers.CharField())
    check_result = CountsSerializer(allow_null=True, help_text="Of the dry run.")
