"""Addresses of registers and bits: ``unit:table:offset``, or as device manuals number them (40001)."""

import re
from dataclasses import dataclass
from enum import StrEnum

MOST_OFFSET = 65_535
MOST_UNIT = 255


class Table(StrEnum):
    """The four tables of a device. Fermon reads them by the function codes 1 to 4."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def is_bits(self) -> bool:
        """Return whether an element is a bit, not a register of 16 bits."""
        return self in (Table.COIL, Table.DISCRETE)


DIGITS = {"0": Table.COIL, "1": Table.DISCRETE, "3": Table.INPUT, "4": Table.HOLDING}
NUMBERED = re.compile(r"(?:(\d{1,3}):)?([0134])(\d{4,5})")
NAMED = re.compile(r"(?:(\d{1,3}):)?(coil|discrete|input|holding):(\d{1,5})")
EXPECTED = (
    "Expected unit:table:offset, as 1:holding:0 (tables: coil, discrete, input, holding; offsets from 0),"
    " or a number of the manual, as 1:40001."
)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A register or bit of a unit; ``offset`` counts from 0, as in the protocol."""

    unit: int
    table: Table
    offset: int

    def __str__(self) -> str:
        return f"{self.unit}:{self.table}:{self.offset}"

    @property
    def number(self) -> str:
        """Return the number by which manuals name the register: table digit, then from 1 on."""
        digit = next(digit for digit, table in DIGITS.items() if table is self.table)
        return f"{digit}{self.offset + 1:04d}"


def parse_address(text: str) -> Address:
    """Return the address in a text; without a unit, of unit 1.

    Raises:
        ValueError: the text is no address; the message tells the forms.
    """
    if found := NUMBERED.fullmatch(text.strip()):
        table, offset = DIGITS[found[2]], int(found[3]) - 1
    elif found := NAMED.fullmatch(text.strip().lower()):
        table, offset = Table(found[2]), int(found[3])
    else:
        raise ValueError(EXPECTED)
    unit = int(found[1] or 1)
    if unit > MOST_UNIT or not 0 <= offset <= MOST_OFFSET:
        raise ValueError(f"Units go from 0 to {MOST_UNIT}, offsets from 0 to {MOST_OFFSET}. {EXPECTED}")
    return Address(unit, table, offset)
