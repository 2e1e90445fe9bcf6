"""The form of an import: how the file is read, and which tag each series becomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from django import forms

from monitoring.kernel.number_format import AS_TYPED
from monitoring.models import FileImport
from monitoring.sources.file_import.columns import FileSeries, series_of
from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.file_format import MOST_SKIPPED, format_of
from monitoring.sources.file_import.targets import IGNORE, NEW, TAG, Target, targets_of
from monitoring.sources.file_import.times import EXAMPLES

CHOICES: dict[str, list[tuple[str, str]]] = {
    "layout": [
        ("wide", "a column for each tag"),
        ("long", "a row for each reading, with time, tag and value"),
    ],
    "separator": [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "vertical bar")],
    "decimal": [(".", "point: 36.5"), (",", "comma: 36,5")],
    "encoding": [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with mark"),
        ("cp1252", "Windows (cp1252)"),
        ("utf-16", "UTF-16 with mark"),
        ("utf-16-le", "UTF-16 little endian"),
        ("utf-16-be", "UTF-16 big endian"),
    ],
    "header_rows": [("0", "no header"), ("1", "one row: names"), ("2", "two rows: names, units")],
    "time_form": [
        ("iso", f"year-month-day: {EXAMPLES['iso']}"),
        ("dmy", f"day.month.year: {EXAMPLES['dmy']}"),
        ("mdy", f"month/day/year: {EXAMPLES['mdy']}"),
        ("serial", f"days of Excel: {EXAMPLES['serial']}"),
        ("epoch_s", f"seconds since 1970: {EXAMPLES['epoch_s']}"),
        ("epoch_ms", f"milliseconds since 1970: {EXAMPLES['epoch_ms']}"),
    ],
    "repeated_hour": [
        ("order", "as the order of the rows says"),
        ("first", "always the first"),
        ("second", "always the second"),
    ],
}
LABELS = {
    "layout": "Layout",
    "separator": "Cells are separated by",
    "decimal": "Decimal sign",
    "encoding": "Encoding",
    "skip_rows": "Rows before the header",
    "header_rows": "Header",
    "time_column": "Time",
    "clock_column": "Time of day",
    "time_form": "Written as",
    "tag_column": "Tag",
    "value_column": "Value",
    "zone": "Zone of times without an offset",
    "repeated_hour": "The hour that clocks repeat in autumn is",
    "sheet": "Sheet",
}
COLUMNS = ("time_column", "clock_column", "tag_column", "value_column")
NUMBERS = ("skip_rows", "header_rows", *COLUMNS)
# The parts of the form, in order.
PARTS = {
    "The file": ("sheet", "layout", "separator", "decimal", "encoding", "skip_rows", "header_rows"),
    "Columns": ("time_column", "clock_column", "tag_column", "value_column"),
    "Times": ("time_form", "zone", "repeated_hour"),
}
CHOOSE = ("", "choose")
NO_COLUMN = ("", "in the column above")


class SettingsForm(forms.Form):
    """The settings of a file, filled in as understood; ``unsure`` ones are to be chosen."""

    def __init__(self, row: FileImport, data: Mapping[str, Any] | None = None) -> None:
        self.form = format_of(row.format)
        self.unsure = [name for name in row.analysis.get("unsure", []) if name not in row.chosen]
        super().__init__(data, initial=self._initial(), label_suffix="")
        header = row.analysis.get("header", [])
        columns = [(str(index), f"{index + 1}: {name}") for index, (name, _) in enumerate(header)]
        for name in self._names(row):
            self.fields[name] = self._field(name, columns, row.analysis.get("sheets", []))

    def _names(self, row: FileImport) -> list[str]:
        """Return the settings that matter: a workbook has sheets, and no separator."""
        absent = {"separator", "encoding"} if self.form.is_workbook else {"sheet"}
        return [name for part in PARTS.values() for name in part if name not in absent]

    def _initial(self) -> dict[str, Any]:
        """Return the present settings, as the form has them."""
        present = {name: "" if value is None else str(value) for name, value in self.form.as_json().items()}
        return present | dict.fromkeys(self.unsure, "")

    def _field(self, name: str, columns: list[tuple[str, str]], sheets: list[str]) -> forms.Field:
        """Return the field of a setting."""
        if name == "zone":
            widget = forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"})
            return forms.CharField(required=False, max_length=64, label=LABELS[name], widget=widget)
        if name == "skip_rows":
            return forms.IntegerField(min_value=0, max_value=MOST_SKIPPED, label=LABELS[name])
        choices = CHOICES.get(name) or (columns if name in COLUMNS else [(each, each) for each in sheets])
        if name in self.unsure:
            choices = [CHOOSE, *choices]
        elif name == "clock_column":
            choices = [NO_COLUMN, *choices]
        return forms.ChoiceField(choices=choices, required=False, label=LABELS[name])

    def parts(self) -> list[tuple[str, list[Any]]]:
        """Return the parts with their bound fields."""
        return [
            (title, [self[name] for name in names if name in self.fields]) for title, names in PARTS.items()
        ]

    def changed(self) -> dict[str, Any]:
        """Return the settings that differ from the present ones, or have been chosen where unsure."""
        present = self.form.as_json()
        given = {name: converted(name, value) for name, value in self.cleaned_data.items()}
        return {
            name: value
            for name, value in given.items()
            if (value != present[name] or name in self.unsure)
            and not (value is None and name != "clock_column")
        }


def converted(name: str, value: Any) -> Any:
    """Return a value of the form as a setting; None for an empty one."""
    if value in ("", None):
        return None
    return int(value) if name in NUMBERS else value


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A series with the fields of its target; ``place`` is part of their names."""

    place: int
    series: FileSeries
    span: str
    target: Target
    fields: dict[str, str]
    is_wrong: bool = False


TARGET_TEXTS = ("tag", "unit", "valid_min", "valid_max", "factor", "offset")
TARGET_NUMBERS = ("valid_min", "valid_max", "factor", "offset")


def target_rows(row: FileImport, wrong: str = "", posted: Mapping[str, str] | None = None) -> list[TargetRow]:
    """Return the series of a file with their targets, as stored or as ``posted``; ``wrong`` names a field."""
    targets = targets_of(row.targets)
    found = []
    for place, series in enumerate(series_of(row.analysis.get("series", []))):
        target = targets.get(series.key, Target())
        fields = {name: field_text(getattr(target, name)) for name in TARGET_TEXTS} | {
            "action": target.action
        }
        if posted is not None:
            fields |= {name: posted.get(f"{name}_{place}", text) for name, text in fields.items()}
        span = "" if series.lowest is None else f"{number(series.lowest)} to {number(series.highest)}"
        found.append(TargetRow(place, series, span, target, fields, wrong == f"targets.{series.key}"))
    return found


def number(value: float | None) -> str:
    """Return a number as a person would type it."""
    return AS_TYPED.trimmed(value) if value is not None else ""


def field_text(value: Any) -> str:
    """Return the text of a field."""
    return value if isinstance(value, str) else "" if value is None else f"{value:.15g}"


def posted_targets(row: FileImport, posted: Mapping[str, str]) -> dict[str, Any]:
    """Return the targets of a posted form by key of the series.

    Raises:
        ImportInputError: a number cannot be read.
    """
    targets = targets_of(row.targets)
    found = {}
    for place, series in enumerate(series_of(row.analysis.get("series", []))):
        before = targets.get(series.key, Target())
        texts = {name: posted.get(f"{name}_{place}", "").strip() for name in TARGET_TEXTS}
        action = posted.get(f"action_{place}", before.action)
        numbers = {
            name: number_of(texts[name], series.key, name, getattr(Target(), name)) for name in TARGET_NUMBERS
        }
        found[series.key] = {
            "action": action if action in (IGNORE, TAG, NEW) else IGNORE,
            "tag": texts["tag"],
            "unit": texts["unit"],
            "display_name": before.display_name or (series.name[:64] if series.name.isprintable() else ""),
            "group": before.group,
            **numbers,
        }
    return found


def number_of(text: str, key: str, name: str, otherwise: float | None) -> float | None:
    """Return the number of a field, also with a decimal comma; ``otherwise`` if empty.

    Raises:
        ImportInputError: the text is no number.
    """
    if not text:
        return otherwise
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise ImportInputError(f"{name.replace('_', ' ')}: expected a number", f"targets.{key}") from error


def zone_names() -> list[str]:
    """Return the names of zones to choose from."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
