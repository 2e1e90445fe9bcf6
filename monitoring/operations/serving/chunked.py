"""Decodes a body in chunks (RFC 9112, section 7.1) strictly, for servers that do not."""

import re
from typing import Protocol

from monitoring.operations.serving.limits import malformed

# A chunk's size with its extensions, which mean nothing here, and a trailer line.
LONGEST_LINE = 1024
MOST_TRAILERS = 100
SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class Stream(Protocol):
    """What a body is read from."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes; fewer at the end."""

    def readline(self, size: int, /) -> bytes:
        """Return a line, or as much of it as that."""


def read_chunked(stream: Stream, *, limit: int) -> tuple[bytes, int]:
    """Return the body and its size; of one beyond the limit nothing, and how much of it was announced.

    Raises:
        RefusedRequestError: it is no body in chunks, or ends too early.
    """
    pieces: list[bytes] = []
    total = 0
    while size := chunk_size(stream):
        total += size
        if total > limit:
            return b"", total
        pieces.append(chunk(stream, size))
    skip_trailers(stream)
    return b"".join(pieces), total


def chunk_size(stream: Stream) -> int:
    """Return the size of the next chunk; 0 is the last one's."""
    found = SIZE.fullmatch(stream.readline(LONGEST_LINE))
    if found is None:
        raise malformed()
    return int(found[1], 16)


def chunk(stream: Stream, size: int) -> bytes:
    """Return the content of a chunk, behind which its line must end."""
    content = stream.read(size)
    if len(content) < size or stream.read(2) != b"\r\n":
        raise malformed()
    return content


def skip_trailers(stream: Stream) -> None:
    """Read to the end of the body: headers behind it are of no use here."""
    for _ in range(MOST_TRAILERS):
        line = stream.readline(LONGEST_LINE)
        if line == b"\r\n":
            return
        if not line.endswith(b"\r\n"):
            break
    raise malformed()
