"""The encoding of a text file, from its bytes."""

import codecs
from pathlib import Path

BLOCK = 1 << 20
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def guess_encoding(path: Path) -> str:
    """Return the encoding: by a mark at the beginning, by zero bytes, UTF-8 if all is valid, else cp1252."""
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 8:  # characters of two bytes, most of them with a zero byte
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8" if is_utf8(path) else "cp1252"


def is_utf8(path: Path) -> bool:
    """Return whether the whole file is valid UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
