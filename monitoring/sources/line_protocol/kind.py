"""InfluxDB line protocol as a protocol of field sources: clients push to /write or /api/v2/write."""

from collections.abc import Mapping

from monitoring.sources.kind import TIMES, Field, SourceKind
from monitoring.sources.line_protocol.grammar import LineError, read_address

PROTOCOL = "line_protocol"
LONGEST_DATABASE = 100


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
    try:
        read_address(str(mapping.get("address", "")))
    except LineError as error:
        return {"address": f"Give an address such as 'weather,site=A temp': {error}."}
    return {}


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
    unused=TIMES | {"value_pointer"},  # a line has one value, and its timestamp
)
