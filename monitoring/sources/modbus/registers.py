"""Numbers in registers of 16 bits: types and orders of bytes.

The letters of an order name the bytes of a 32-bit number from the most significant (A) to the least (D), in
the order in which they arrive. Longer numbers follow the same rule: the words in that order, or reversed
(CDAB), with the bytes of each word in order, or swapped (BADC), or both (DCBA).
"""

import struct
from collections.abc import Sequence

TYPES = {
    "int16": (1, "h"),
    "uint16": (1, "H"),
    "int32": (2, "i"),
    "uint32": (2, "I"),
    "int64": (4, "q"),
    "uint64": (4, "Q"),
    "float32": (2, "f"),
    "float64": (4, "d"),
    "bit": (1, "H"),
}
ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
BITS = 16


def words_of(kind: str) -> int:
    """Return the number of registers of a type."""
    return TYPES[kind][0]


def decode(registers: Sequence[int], kind: str, order: str = "ABCD", bit: int = 0) -> float:
    """Return the number in registers, ``words_of(kind)`` unsigned integers.

    Of the type ``bit``: bit number ``bit`` (0 is the least significant), as 0 or 1.
    """
    words = registers[::-1] if order in ("CDAB", "DCBA") else registers
    is_swapped = order in ("BADC", "DCBA")
    data = b"".join(word.to_bytes(2, "little" if is_swapped else "big") for word in words)
    (number,) = struct.unpack(f">{TYPES[kind][1]}", data)
    return float(number >> bit & 1) if kind == "bit" else float(number)
