"""Decode chunked bodies (RFC 9112, section 7.1) strictly, for servers that do not."""

import re
from typing import Protocol

from monitoring.operations.serving.limits import malformed

# The longest size line, with extensions (ignored here), and the longest trailer line.
LONGEST_LINE = 1024
MOST_TRAILERS = 100
SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class BodyStream(Protocol):
    """The source of a request body."""

    def read(self, size: int, /) -> bytes:
        """Return ``size`` bytes; fewer at the end."""

    def readline(self, size: int, /) -> bytes:
        """Return a line, or the first ``size`` bytes of a longer one."""


def read_chunked(stream: BodyStream, *, limit: int) -> tuple[bytes, int]:
    """Return the body and its size; for a body over the limit, nothing and the announced size so far.

    Raises:
        RejectedRequestError: the body is not validly chunked, or ends too early.
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


def chunk_size(stream: BodyStream) -> int:
    """Return the size of the next chunk; 0 for the last one."""
    found = SIZE.fullmatch(stream.readline(LONGEST_LINE))
    if found is None:
        raise malformed()
    return int(found[1], 16)


def chunk(stream: BodyStream, size: int) -> bytes:
    """Return the content of a chunk, and check the line end that follows."""
    content = stream.read(size)
    if len(content) < size or stream.read(2) != b"\r\n":
        raise malformed()
    return content


def skip_trailers(stream: BodyStream) -> None:
    """Read to the end of the body and discard the trailer headers."""
    for _ in range(MOST_TRAILERS):
        line = stream.readline(LONGEST_LINE)
        if line == b"\r\n":
            return
        if not line.endswith(b"\r\n"):
            break
    raise malformed()
