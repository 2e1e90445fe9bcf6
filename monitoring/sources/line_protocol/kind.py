"""InfluxDB line protocol as a protocol of field sources: clients push to /write or /api/v2/write."""

from collections.abc import Mapping

from monitoring.sources.kind import Field, SourceKind
from monitoring.sources.line_protocol.grammar import LineError, read_address

PROTOCOL = "line_protocol"
LONGEST_DATABASE = 100
UNUSED = frozenset({"value_pointer", "time_pointer", "time_format"})


def check(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the error of each field of the form."""
    name = fields.get("database", "").strip()
    if not name:
        return {"database": "Give the database or bucket that the clients name."}
    if len(name) > LONGEST_DATABASE:
        return {"database": f"Give at most {LONGEST_DATABASE} characters."}
    return {}


def check_mapping(mapping: Mapping[str, object]) -> dict[str, str]:
    """Return the error of each field of a mapping."""
    errors = {}
    try:
        read_address(str(mapping.get("address", "")))
    except LineError as error:
        errors["address"] = f"Give an address such as 'weather,site=A temp': {error}."
    for name in sorted(UNUSED):
        if mapping.get(name):
            errors[name] = "Leave this empty: a line has one value, and its timestamp."
    return errors


KIND = SourceKind(
    name=PROTOCOL,
    label="InfluxDB line protocol",
    package="monitoring.sources.line_protocol",
    fields=(
        Field(
            "database",
            "Database or bucket",
            help_text="As the clients name it, in db= or bucket=. Telegraf's default is telegraf.",
            default="telegraf",
        ),
    ),
    check=check,
    check_mapping=check_mapping,
    is_collected=False,
    address_label="Series and field",
    address_help="Measurement, tags in order of their names, a space, the field: weather,site=A temp",
    can_discover=False,
    unused=UNUSED | {"zone"},
)
