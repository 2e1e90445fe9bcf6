"""Parse InfluxDB line protocol: ``measurement,tag=value field=1.5,other=2i 1700000000000000000``.

Lines that cannot be parsed become faults, and cost no other line. Times become microseconds since 1970.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS
from monitoring.kernel.quoting import shown

Value = float | bool | str

# Nanoseconds of a unit of time, by the word in the request.
PRECISIONS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("", "n", "ns"), 1),
        **dict.fromkeys(("u", "us", "µ", "µs"), 1_000),
        "ms": 1_000_000,
        "s": 1_000_000_000,
        "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    }
)
HINTED = ("ns", "us", "ms", "s")  # precisions that both versions of the protocol know
YEAR_1971_US = 365 * 86_400 * 1_000_000
LONGEST_SHOWN = 200
LONGEST_SERIES = 400  # characters; with the name of a field, an address has at most 500
LONGEST_FIELD = 99
MOST_FIELDS = 1_000  # of a line
PART = 10_000
LONG_NAME = f"field {{}}: the name has more than {LONGEST_FIELD} characters"
MOST_SERIES = 20_000

# Quantifiers are possessive (++): a hostile body takes linear time. Measurement and tags end at a space that
# is not escaped; quotes have no meaning there. A string may contain spaces and line breaks.
HEAD = r"(?:[^ \n\\]|\\[^\n])++"
STRING = r'"(?:[^"\\]|\\.)*+"'
FIELDS = rf'(?:[^ "\n\r\\]|\\[^\n]|(?<=[^\\]=){STRING})++'
LINE = re.compile(
    rf"[ \t]*+({HEAD}) ++({FIELDS})(?: ++(-?\d{{1,25}}))?[ \t]*+\r?(?:\n|\Z)", re.DOTALL | re.ASCII
)
PLAIN_LINE = re.compile(r"([^ ]++) ++([^ ]++)(?: ++(-?\d{1,25}))?", re.ASCII)  # without quotes and escapes
ONE_LINE = re.compile(r"[^\n]*\n?")
IGNORED = re.compile(r"[ \t]*+(?:#[^\n]*+)?\r?(?:\n|\Z)")
FIELD = re.compile(rf"((?:[^,=\\]|\\.)++)=({STRING}|[^,\"]*+)(?:,|\Z)", re.DOTALL)
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([+-]?\d+)i|(\d+)u", re.ASCII)
BOOLEANS: Mapping[str, bool] = MappingProxyType(
    {
        **dict.fromkeys(("t", "T", "true", "True", "TRUE"), True),
        **dict.fromkeys(("f", "F", "false", "False", "FALSE"), False),
    }
)
ESCAPED_OR_ONE = re.compile(r"\\.|[^\\]", re.DOTALL)
ESCAPE_OF_KEY = re.compile(r"\\([,= ])")
ESCAPE_OF_NAME = re.compile(r"\\([, ])")
ESCAPE_OF_STRING = re.compile(r'\\(["\\])')


class LineError(ValueError):
    """A line that cannot be parsed. The message names the fault and the expected form."""


class Line(NamedTuple):
    """A line. ``series`` is the text of measurement and tags, ``time_us`` None without a timestamp."""

    number: int
    series: str
    fields: Sequence[tuple[str, Value]]
    time_us: int | None


class Fault(NamedTuple):
    """A line that cannot be parsed; ``text`` is the beginning of the line."""

    number: int
    text: str
    message: str


class Parsed(NamedTuple):
    """The lines of a body, in order."""

    lines: list[Line]
    faults: list[Fault]


class Series(NamedTuple):
    """A measurement with tags in order of their keys, all without escapes."""

    measurement: str
    tags: tuple[tuple[str, str], ...]

    def address(self, field: str) -> str:
        """Return the one address of a field of this series: ``measurement,tag=value field``."""
        head = [escaped_name(self.measurement)]
        head += [f"{escaped_key(key)}={escaped_key(value)}" for key, value in self.tags]
        return f"{','.join(head)} {escaped_key(field)}"


def parse(text: str, precision: str, *, now_us: int, size: int = PART) -> Iterator[Parsed]:
    """Parse a body, in parts of about ``size`` fields and faults: a large body takes bounded memory.

    ``precision`` is a key of ``PRECISIONS``; ``now_us`` serves hints about wrong ones.
    """
    part, count, unit_ns = Parsed([], []), 0, PRECISIONS[precision]
    is_plain = '"' not in text and "\\" not in text
    for number, piece in plain_pieces(text) if is_plain else quoted_pieces(text):
        try:
            line = read_line(number, piece, unit_ns, now_us)
            part.lines.append(line)
            count += len(line.fields)
        except LineError as error:
            raw = piece if isinstance(piece, str) else " ".join(filter(None, piece))
            part.faults.append(Fault(number, raw[:LONGEST_SHOWN], str(error)))
            count += 1
        if count >= size:
            yield part
            part, count = Parsed([], []), 0
    if count:
        yield part


def read_line(number: int, piece: "Piece", unit_ns: int, now_us: int) -> Line:
    """Return the line with this number.

    Raises:
        LineError: the line is not valid.
    """
    if isinstance(piece, str):
        raise LineError(fault_of(piece))
    series, fields, stamp = piece
    series_of(series)
    time_us = None if stamp is None else micros_of(int(stamp), unit_ns, now_us=now_us)
    return Line(number, series, read_fields(fields), time_us)


Piece = tuple[str, str, str | None] | str


def plain_pieces(text: str) -> Iterator[tuple[int, Piece]]:
    """Yield number and parts of each line of a body without quotes and escapes; bad lines as text."""
    for number, found in enumerate(ONE_LINE.finditer(text), 1):
        line = found[0].strip(" \t\r\n")
        if line and line[0] != "#":
            match = PLAIN_LINE.fullmatch(line)
            yield number, (match[1], match[2], match[3]) if match else line


def quoted_pieces(text: str) -> Iterator[tuple[int, Piece]]:
    """Yield the same as ``plain_pieces`` of any body: strings may contain line breaks."""
    place, number = 0, 1
    while place < len(text):
        ignored = IGNORED.match(text, place)
        match = None if ignored else LINE.match(text, place)
        if ignored:
            end = ignored.end()
        elif match:
            end = match.end()
            yield number, (match[1], match[2], match[3])
        else:
            end = text.find("\n", place) + 1 or len(text)
            yield number, text[place:end].strip(" \t\r\n")
        number += text.count("\n", place, end)
        place = end


def fault_of(line: str) -> str:
    """Return the reason why a line has not the form of a line."""
    if " " not in line:
        return "missing fields; expected measurement,tag=value field=1.5 timestamp"
    last = line.rsplit(" ", 1)[1]
    if "=" not in last and not last.lstrip("-").isdecimal() and '"' not in line:
        return f"bad timestamp {shown(last)}; expected a whole number"
    return "expected measurement,tag=value field=1.5 timestamp"


def micros_of(stamp: int, unit_ns: int, *, now_us: int) -> int:
    """Return a timestamp in microseconds since 1970.

    Raises:
        LineError: the time lies in 1970 or out of range, as timestamps of another precision do.
    """
    time_us = stamp * unit_ns // 1_000
    if YEAR_1971_US <= time_us <= LAST_MICROS or FIRST_MICROS <= time_us < 0:
        return time_us
    place = "lies in 1970" if 0 <= time_us < YEAR_1971_US else "is out of range"
    word = next(name for name in ("ns", "us", "ms", "s", "m", "h") if PRECISIONS[name] == unit_ns)
    raise LineError(f"timestamp {stamp} {place} at precision={word}; {hint_of(stamp, now_us)}")


def hint_of(stamp: int, now_us: int) -> str:
    """Return the precision to send, if one gives a time near now."""
    for name in HINTED:
        if abs(stamp * PRECISIONS[name] // 1_000 - now_us) < 20 * YEAR_1971_US:
            when = datetime.fromtimestamp(stamp * PRECISIONS[name] / 1e9, UTC)
            return f"at precision={name} the time is {when:%Y-%m-%d %H:%M:%S}: send precision={name}"
    return "send the precision of your timestamps (ns, us, ms or s), or no timestamp"


def read_fields(text: str) -> list[tuple[str, Value]]:
    """Return names and values of the fields.

    Raises:
        LineError: a field has no name or no valid value.
    """
    if text.count(",") >= MOST_FIELDS:
        raise LineError(f"more than {MOST_FIELDS} fields in one line")
    if '"' in text or "\\" in text:
        return quoted_fields(text)
    fields: list[tuple[str, Value]] = []
    for field in text.split(","):
        name, equals, value = field.partition("=")
        if not name or not equals:
            raise LineError(f"bad field {shown(field)}; expected field=value")
        if len(name) > LONGEST_FIELD:
            raise LineError(LONG_NAME.format(shown(name)))
        fields.append((name, value_of(value, name)))
    return fields


def quoted_fields(text: str) -> list[tuple[str, Value]]:
    """Return the same as ``read_fields``, of fields with strings or escapes."""
    fields: list[tuple[str, Value]] = []
    place = 0
    while place < len(text):
        match = FIELD.match(text, place)
        if match is None:
            raise LineError(f"bad field {shown(text[place : place + LONGEST_SHOWN])}; expected field=value")
        name = ESCAPE_OF_KEY.sub(r"\1", match[1])
        if len(match[1]) > LONGEST_FIELD:
            raise LineError(LONG_NAME.format(shown(name)))
        fields.append((name, value_of(match[2], name)))
        place = match.end()
    if text.endswith(","):
        raise LineError("bad field ''; expected field=value after the comma")
    return fields


def value_of(text: str, name: str) -> Value:
    """Return the value of a field; whole numbers as floats.

    Raises:
        LineError: the text is no value, or a number too large to store.
    """
    number = NUMBER.fullmatch(text)
    if number is not None:
        return number_of(number, text, name)
    truth = BOOLEANS.get(text)
    if truth is not None:
        return truth
    if len(text) > 1 and text[0] == text[-1] == '"':
        return ESCAPE_OF_STRING.sub(r"\1", text[1:-1])
    raise LineError(
        f"field {shown(name)}: expected a number such as 1.5, 2i or 3u, true or false, or text in double"
        f" quotes, got {shown(text)}"
    )


def number_of(number: re.Match[str], text: str, name: str) -> float:
    """Return the number that matched ``NUMBER``.

    Raises:
        LineError: a float cannot hold the number, or the whole number has more than 64 bits.
    """
    value = float(number[1] or number[2] or number[3])
    is_too_large = not math.isfinite(value)
    if number[2]:
        is_too_large = not -(2**63) <= int(number[2][:25]) < 2**63
    elif number[3]:
        is_too_large = int(number[3][:25]) >= 2**64
    if is_too_large:
        raise LineError(f"field {shown(name)}: {shown(text)} is out of range")
    return value


@lru_cache(maxsize=MOST_SERIES)
def series_of(text: str) -> Series:
    """Return the measurement and the tags in the first part of a line.

    Raises:
        LineError: the measurement or part of a tag is missing, or a tag occurs twice.
    """
    if len(text) > LONGEST_SERIES:
        raise LineError(
            f"measurement and tags have {len(text)} characters; expected at most {LONGEST_SERIES}"
        )
    name, *pairs = parts_of(text, ",")
    if not name:
        raise LineError("missing measurement; expected measurement,tag=value field=1.5 timestamp")
    tags: dict[str, str] = {}
    for pair in pairs:
        key, *values = parts_of(pair, "=")
        if not key or len(values) != 1 or not values[0]:
            raise LineError(f"bad tag {shown(pair)}; expected tag=value")
        key = ESCAPE_OF_KEY.sub(r"\1", key)
        if key in tags:
            raise LineError(f"tag {shown(key)} occurs twice")
        tags[key] = ESCAPE_OF_KEY.sub(r"\1", values[0])
    return Series(ESCAPE_OF_NAME.sub(r"\1", name), tuple(sorted(tags.items())))


def parts_of(text: str, separator: str) -> list[str]:
    """Return the text between separators that are not escaped."""
    if "\\" not in text:
        return text.split(separator)
    parts = [""]
    for piece in ESCAPED_OR_ONE.findall(text):
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def escaped_name(text: str) -> str:
    """Return the text as a measurement is written."""
    return re.sub("([, ])", r"\\\1", text)


def escaped_key(text: str) -> str:
    """Return the text as keys and values of tags, and names of fields, are written."""
    return re.sub("([,= ])", r"\\\1", text)


def escaped_string(text: str) -> str:
    """Return the text as the value of a field is written."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def read_address(address: str) -> tuple[Series, str]:
    """Return series and field of an address.

    Raises:
        LineError: the text is not an address as ``Series.address`` makes it.
    """
    head, *fields = parts_of(address, " ")
    if len(fields) != 1 or not fields[0]:
        raise LineError("expected measurement,tag=value and a field, with one space between them")
    series, field = series_of(head), ESCAPE_OF_KEY.sub(r"\1", fields[0])
    if series.address(field) != address:
        raise LineError(f"expected {shown(series.address(field))}, with the tags in order")
    return series, field
