"""Decode Sparkplug B: topics, payloads and metrics; without a generated file or a library.

The wire format is that of Protocol Buffers: fields, each with number and type. The field numbers are those of
``sparkplug_b.proto`` of Eclipse Tahu. Only the fields that a reading needs are decoded.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import NamedTuple

from monitoring.sources.patterns import SPARKPLUG
from monitoring.sources.pointers import parse_pointer, pointer_text

PREFIX = f"{SPARKPLUG}/"
TEMPLATE = "sparkplug"
LARGEST_BYTES = 1_048_576  # a birth describes all metrics of a node
MOST_METRICS = 10_000
MOST_PROPERTIES = 100
COMPRESSED = "SPBV1.0_COMPRESSED"
CONTROLS = ("bdSeq", "Node Control/", "Device Control/")  # of the protocol, no readings
MASK = 0xFFFF_FFFF_FFFF_FFFF
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
FIXED = {FIXED_64: 8, FIXED_32: 4}
CUT = "The payload is no Sparkplug B: a field is cut off."


class PayloadError(ValueError):
    """A payload that is not Sparkplug B, or too large."""


class MessageType(StrEnum):
    """The third level of a topic, as far as a reader of values needs them."""

    NODE_BIRTH = "NBIRTH"
    NODE_DATA = "NDATA"
    NODE_DEATH = "NDEATH"
    DEVICE_BIRTH = "DBIRTH"
    DEVICE_DATA = "DDATA"
    DEVICE_DEATH = "DDEATH"


TYPES = {str(each): each for each in MessageType}
BIRTHS = frozenset({MessageType.NODE_BIRTH, MessageType.DEVICE_BIRTH})
DEATHS = frozenset({MessageType.NODE_DEATH, MessageType.DEVICE_DEATH})


class DataType(IntEnum):
    """The data types whose values are numbers or texts."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATE_TIME = 13
    TEXT = 14
    UUID = 15


SIGNED_BITS = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
Value = float | int | bool | str | None


class SparkplugTopic(NamedTuple):
    """The parts of a topic. ``node`` and ``place`` lack the type: spBv1.0/group/node[/device]."""

    type: MessageType
    node: str
    place: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A value of a payload. Of an alias without a name, ``name`` is empty; ``datatype`` is 0 if not given.

    ``value`` is None for null, and for types that are neither number nor text (``is_other``).
    """

    name: str = ""
    alias: int | None = None
    timestamp: int | None = None  # in milliseconds since 1970
    datatype: int = 0
    is_historical: bool = False
    is_transient: bool = False
    is_null: bool = False
    is_other: bool = False
    value: Value = None
    properties: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Payload:
    """A decoded payload."""

    timestamp: int | None
    seq: int | None
    metrics: list[Metric]

    @property
    def bd_seq(self) -> int | None:
        """Return the number by which a death names its birth."""
        found = next((each.value for each in self.metrics if each.name == "bdSeq"), None)
        return found if isinstance(found, int) else None


def parse_topic(topic: str) -> SparkplugTopic | None:
    """Return the parts of a topic; None for others, as commands and states of hosts."""
    levels = topic.split("/")
    if not 4 <= len(levels) <= 5 or levels[0] != SPARKPLUG or not all(levels):
        return None
    kind = TYPES.get(levels[2])
    if kind is None or (kind[0] == "D") != (len(levels) == 5):
        return None
    node = f"{PREFIX}{levels[1]}/{levels[3]}"
    return SparkplugTopic(kind, node, "/".join((node, *levels[4:])))


def address_of(place: str, metric: str) -> str:
    """Return the address of a metric: spBv1.0/group/node/device#/Folder/Metric."""
    return f"{place}#{pointer_text(metric.split('/'))}"


def metric_of(pointer: str) -> str:
    """Return the name of the metric at the end of an address.

    Raises:
        ValueError: the text does not begin with a slash.
    """
    return "/".join(parse_pointer(pointer))


def decode_payload(data: bytes) -> Payload:
    """Return the timestamp, the sequence number and the metrics of a payload.

    Raises:
        PayloadError: the payload is not Sparkplug B, is compressed, or has too many metrics.
    """
    timestamp = seq = None
    metrics: list[Metric] = []
    for number, wire, value in fields_of(data):
        if number == 1 and wire == VARINT:
            timestamp = integer(value)
        elif number == 2 and wire == BYTES:
            if len(metrics) >= MOST_METRICS:
                raise PayloadError(f"The payload has more than {MOST_METRICS} metrics.")
            metrics.append(decode_metric(octets(value)))
        elif number == 3 and wire == VARINT:
            seq = integer(value)
        elif number == 4 and wire == BYTES and octets(value) == COMPRESSED.encode():
            raise PayloadError("The payload is compressed: switch compression off at the edge node.")
    return Payload(timestamp, seq, metrics)


def decode_metric(data: bytes) -> Metric:
    """Return a metric.

    Raises:
        PayloadError: the bytes are no metric.
    """
    found = fields_by_number(data)
    timestamp, alias = found.get((3, VARINT)), found.get((2, VARINT))
    datatype = integer(found.get((4, VARINT), 0))
    value, is_other = scalar(found, first=10, datatype=datatype)
    is_null = bool(found.get((7, VARINT), 0))
    return Metric(
        name=text(found.get((1, BYTES), b"")),
        alias=None if alias is None else integer(alias),
        timestamp=None if timestamp is None else integer(timestamp),
        datatype=datatype,
        is_historical=bool(found.get((5, VARINT), 0)),
        is_transient=bool(found.get((6, VARINT), 0)),
        is_null=is_null,
        is_other=is_other,
        value=None if is_null else value,
        properties=decode_properties(octets(found.get((9, BYTES), b""))),
    )


def decode_properties(data: bytes) -> dict[str, Value]:
    """Return the properties of a metric that are numbers or texts, by name.

    Raises:
        PayloadError: the bytes are no set of properties, or too many.
    """
    names: list[str] = []
    values: list[Value] = []
    for number, wire, value in fields_of(data):
        if number == 1 and wire == BYTES:
            names.append(text(value))
        elif number == 2 and wire == BYTES:
            found = fields_by_number(octets(value))
            is_null = bool(found.get((2, VARINT), 0))
            number_or_text, _ = scalar(found, first=3, datatype=integer(found.get((1, VARINT), 0)))
            values.append(None if is_null else number_or_text)
        if len(names) > MOST_PROPERTIES or len(values) > MOST_PROPERTIES:
            raise PayloadError(f"A metric has more than {MOST_PROPERTIES} properties.")
    return dict(zip(names, values, strict=False))


def scalar(found: dict[tuple[int, int], int | bytes], *, first: int, datatype: int) -> tuple[Value, bool]:
    """Return the value among the fields of a metric or a property, and whether the value has another type.

    The six fields from ``first`` on are: int, long, float, double, boolean, string.
    """
    for place in (0, 1):
        if (value := found.get((first + place, VARINT))) is not None:
            return whole(integer(value), datatype), False
    if (value := found.get((first + 2, FIXED_32))) is not None:
        return float(struct.unpack("<f", octets(value))[0]), False
    if (value := found.get((first + 3, FIXED_64))) is not None:
        return float(struct.unpack("<d", octets(value))[0]), False
    if (value := found.get((first + 4, VARINT))) is not None:
        return bool(value), False
    if (value := found.get((first + 5, BYTES))) is not None:
        return text(value), False
    return None, any(number > first + 5 for number, _ in found)


def whole(value: int, datatype: int) -> int | bool:
    """Return an integer of a data type: signed types are sent as their two's complement."""
    if datatype == DataType.BOOLEAN:
        return bool(value)
    bits = SIGNED_BITS.get(datatype)  # type: ignore[call-overload]  # an int equals its member
    if bits is None:
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def typed(metric: Metric, datatype: int) -> Metric:
    """Return a metric that names no data type with that of the birth."""
    if metric.datatype or not isinstance(metric.value, int) or isinstance(metric.value, bool):
        return metric
    return replace(metric, datatype=datatype, value=whole(metric.value, datatype))


def fields_by_number(data: bytes) -> dict[tuple[int, int], int | bytes]:
    """Return the last value of each field by number and wire type, as Protocol Buffers take repeated ones.

    Raises:
        PayloadError: the bytes are no message.
    """
    return {(number, wire): value for number, wire, value in fields_of(data)}


def fields_of(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Yield number, wire type and value of each field of a message.

    Raises:
        PayloadError: the bytes are no message.
    """
    place, end = 0, len(data)
    while place < end:
        tag, place = read_varint(data, place)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise PayloadError("The payload is no Sparkplug B: a field has an invalid number.")
        if wire == VARINT:
            value, place = read_varint(data, place)
            yield number, wire, value
            continue
        if wire == BYTES:
            size, place = read_varint(data, place)
        elif wire in FIXED:
            size = FIXED[wire]
        else:
            raise PayloadError("The payload is no Sparkplug B: a field has an invalid type.")
        if size > end - place:
            raise PayloadError(CUT)
        yield number, wire, data[place : place + size]
        place += size


def read_varint(data: bytes, place: int) -> tuple[int, int]:
    """Return an integer of at most 64 bits, and the place after the last of at most 10 bytes.

    Raises:
        PayloadError: the integer is cut off or too long.
    """
    value = 0
    for count, byte in enumerate(data[place : place + 10]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value & MASK, place + count + 1
    raise PayloadError(CUT)


def integer(value: int | bytes) -> int:
    """Return the value of a field of wire type ``VARINT``."""
    return value if isinstance(value, int) else 0


def octets(value: int | bytes) -> bytes:
    """Return the value of a field of another wire type."""
    return value if isinstance(value, bytes) else b""


def text(value: int | bytes) -> str:
    """Return the text of a field.

    Raises:
        PayloadError: the bytes are not UTF-8.
    """
    try:
        return octets(value).decode()
    except UnicodeDecodeError:
        raise PayloadError("The payload is no Sparkplug B: a text is not UTF-8.") from None
