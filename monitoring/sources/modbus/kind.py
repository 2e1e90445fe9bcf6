"""Modbus: the form of a source, and the checks of its fields."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitoring.sources.config import MappingRule
from monitoring.sources.kind import TIMES, Field, SourceKind
from monitoring.sources.modbus.addresses import Table, parse_address
from monitoring.sources.modbus.blocks import MOST_REGISTERS, Item
from monitoring.sources.modbus.registers import BITS, ORDERS, TYPES, words_of
from monitoring.sources.targets import host_error

SERIAL_DEVICE = re.compile(r"/dev/tty[A-Za-z0-9]+|/dev/serial/by-id/[\w.:-]+|COM[1-9][0-9]{0,2}")
TCP, RTU_OVER_TCP, SERIAL = "tcp", "rtu-tcp", "serial"
INTERVALS_MS = (50, 3_600_000)
YES_NO = (("no", "no"), ("yes", "yes"))

FIELDS = (
    Field(
        "transport",
        "Line",
        "A gateway that speaks RTU over TCP has a serial line behind a plain network port.",
        default=TCP,
        choices=((TCP, "TCP"), (RTU_OVER_TCP, "RTU over TCP"), (SERIAL, "serial line (RTU)")),
        is_trust=True,
    ),
    Field("host", "Host", "Name or IP address of the device or gateway.", is_required=False, is_trust=True),
    Field("port", "Port", default="502", is_required=False, is_trust=True),
    Field(
        "device",
        "Serial device",
        "As /dev/serial/by-id/..., /dev/ttyUSB0 or COM3.",
        is_required=False,
        is_trust=True,
    ),
    Field("baud", "Baud rate", "Of a serial line.", default="19200", is_required=False),
    Field(
        "parity",
        "Parity",
        "Of a serial line.",
        default="E",
        choices=(("E", "even"), ("N", "none"), ("O", "odd")),
        is_required=False,
    ),
    Field("stop_bits", "Stop bits", default="1", choices=(("1", "1"), ("2", "2")), is_required=False),
    Field("timeout_ms", "Time-out (ms)", "Of one request.", default="500", is_required=False),
    Field(
        "most_registers",
        "Registers a request",
        f"1 to {MOST_REGISTERS}; some devices take fewer.",
        default=str(MOST_REGISTERS),
        is_required=False,
    ),
    Field(
        "gap",
        "Registers that may be skipped",
        "Neighbours at most so far apart are read by one request.",
        default="16",
        is_required=False,
    ),
    Field(
        "pause_ms",
        "Pause between requests (ms)",
        "Gateways to serial lines need 10 to 50.",
        default="0",
        is_required=False,
    ),
)
OPTIONS = (
    Field("type", "Type", default="uint16", choices=tuple((name, name) for name in TYPES), is_required=False),
    Field(
        "order",
        "Order of bytes",
        "ABCD: the most significant byte first. Choose the order in which the value makes sense.",
        default="ABCD",
        choices=tuple((order, order) for order in ORDERS),
        is_required=False,
    ),
    Field(
        "bit", "Bit", "0 to 15, of the type bit; 0 is the least significant.", default="0", is_required=False
    ),
    Field("interval_ms", "Interval (ms)", "Between two polls.", default="1000", is_required=False),
)
PARAMETERS = (
    Field("unit", "Unit", default="1"),
    Field("table", "Table", default="holding", choices=tuple((str(name), str(name)) for name in Table)),
    Field("start", "First register", "From 0.", default="0"),
    Field("count", "How many", "At most 125.", default="50"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """The settings of a line, as numbers. ``timeout_s`` is of one request."""

    transport: str
    host: str
    port: int
    device: str
    baud: int
    parity: str
    stop_bits: int
    timeout_s: float
    most_registers: int
    gap: int
    pause_s: float


NUMBERS = {
    "port": (1, 65_535),
    "baud": (300, 4_000_000),
    "stop_bits": (1, 2),
    "timeout_ms": (20, 10_000),
    "most_registers": (1, MOST_REGISTERS),
    "gap": (0, MOST_REGISTERS),
    "pause_ms": (0, 5_000),
}


def line_of(fields: Mapping[str, str]) -> Line:
    """Return the settings of checked fields; a field that is missing or empty has the form's default."""
    given = {field.name: fields.get(field.name, "").strip() or field.default for field in FIELDS}
    return Line(
        transport=given["transport"],
        host=given["host"],
        port=int(given["port"]),
        device=given["device"],
        baud=int(given["baud"]),
        parity=given["parity"],
        stop_bits=int(given["stop_bits"]),
        timeout_s=int(given["timeout_ms"]) / 1000,
        most_registers=int(given["most_registers"]),
        gap=int(given["gap"]),
        pause_s=int(given["pause_ms"]) / 1000,
    )


def check(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the error of each field of the form."""
    transport = fields.get("transport", "").strip() or TCP
    problems = {
        name: error
        for name, (lowest, highest) in NUMBERS.items()
        if (error := whole_number_error(fields.get(name, ""), lowest, highest))
    }
    for field in FIELDS:
        values = [value for value, _ in field.choices]
        if values and (fields.get(field.name, "").strip() or field.default) not in values:
            problems[field.name] = f"Use one of: {', '.join(values)}."
    if transport == SERIAL:
        if error := device_error(fields.get("device", "").strip()):
            problems["device"] = error
    elif not fields.get("host", "").strip():
        problems["host"] = "This field is required."
    elif error := host_error(fields["host"].strip()):
        problems["host"] = error
    return problems


def whole_number_error(text: str, lowest: int, highest: int) -> str:
    """Return the error of a whole number in a text; an empty text is no error."""
    text = text.strip()
    if not text or (text.isascii() and text.isdecimal() and lowest <= int(text[:9]) <= highest):
        return ""
    return f"Expected a whole number from {lowest} to {highest}."


def device_error(device: str) -> str:
    """Return the error of the name of a serial device."""
    if SERIAL_DEVICE.fullmatch(device):
        return ""
    return "Expected a serial device: /dev/serial/by-id/..., /dev/tty... or COM and a number."


def check_mapping(mapping: Mapping[str, object]) -> dict[str, str]:
    """Return the error of each field of a mapping."""
    problems: dict[str, str] = {}
    try:
        address = parse_address(str(mapping.get("address", "")))
    except ValueError as fault:
        return {"address": str(fault)}
    options = mapping.get("options") or {}
    if not isinstance(options, Mapping):
        return {"options": "Expected an object with type, order, bit and interval_ms."}
    checks: dict[str, Callable[[str], str]] = {
        "type": lambda text: "" if text in TYPES else f"type: use one of {', '.join(TYPES)}.",
        "order": lambda text: "" if text in ORDERS else f"order: use one of {', '.join(ORDERS)}.",
        "bit": lambda text: prefixed("bit", whole_number_error(text, 0, BITS - 1)),
        "interval_ms": lambda text: prefixed("interval_ms", whole_number_error(text, *INTERVALS_MS)),
    }
    for name, given in options.items():
        error = checks[name](str(given)) if name in checks else f"{name}: no such option."
        if error:
            problems["options"] = error
    kind = str(options.get("type", "uint16"))
    if address.table.is_bits and "type" in options and kind != "bit":
        problems["options"] = f"type: a {address.table} is one bit; leave the type out."
    return problems


def prefixed(name: str, error: str) -> str:
    """Return the error with the name of the option in front."""
    return f"{name}: {error}" if error else ""


def option(rule: MappingRule, name: str) -> str:
    """Return an option of a rule as text, by default the form's."""
    default = next(field.default for field in OPTIONS if field.name == name)
    return str(rule.options.get(name) or default)


def item_of(rule: MappingRule) -> Item:
    """Return the value that a checked rule reads."""
    address = parse_address(rule.address)
    return Item(rule, address, 1 if address.table.is_bits else words_of(option(rule, "type")))


KIND = SourceKind(
    name="modbus",
    label="Modbus",
    package="monitoring.sources.modbus",
    fields=FIELDS,
    check=check,
    check_mapping=check_mapping,
    options=OPTIONS,
    libraries={"pymodbus": "pymodbus==3.16.1", "serial": "pyserial==3.5"},
    parameters=PARAMETERS,
    unused=TIMES | {"value_pointer"},
    address_label="Register",
    address_help="Unit, table and offset from 0, as 1:holding:0, or the manual's number, as 1:40001.",
)
