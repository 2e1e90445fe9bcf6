"""Minimal HTTP for a load test: little work a request, since the server runs on the same machine."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

ANSWER_S = 30.0  # longer than an answer takes while the database is locked
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """A server; ``headers`` are sent with each request."""

    host: str
    port: int
    is_tls: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def head(self, path: str) -> bytes:
        """Return the beginning of each request, up to the number of bytes."""
        headers = {"Host": f"{self.host}:{self.port}", "Content-Type": "application/json"} | self.headers
        lines = "\r\n".join(f"{name}: {value}" for name, value in headers.items())
        return f"POST {path} HTTP/1.1\r\n{lines}\r\nContent-Length: ".encode()


class Connection:
    """A persistent connection; after a failure the next request opens a new one."""

    def __init__(self, target: Target, path: str) -> None:
        self._target, self._head = target, target.head(path)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, unless connected.

        Raises:
            OSError: no server listens there.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                self._target.host, self._target.port, ssl=self._target.is_tls or None
            )
        return self._streams

    async def post(self, body: bytes) -> tuple[int, bytes]:
        """Send the body; return status and body of the answer.

        Raises:
            OSError: the connection broke.
            asyncio.IncompleteReadError: likewise, within the answer.
        """
        reader, writer = await self.open()
        writer.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
        except (ValueError, asyncio.LimitOverrunError) as error:
            raise ConnectionError("what it answers is not HTTP") from error
        length = LENGTH.search(head)
        text = await reader.readexactly(int(length[1])) if length else b""
        if length is None or CLOSES.search(head):
            self.close()
        return status, text

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def probe(target: Target, reading: dict[str, Any]) -> tuple[int, bytes]:
    """Send one reading; return status and body of the answer.

    Raises:
        OSError: no server answers there.
    """
    connection = Connection(target, "/ingest")
    try:
        return await asyncio.wait_for(connection.post(orjson.dumps(reading)), ANSWER_S)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("it breaks off") from error
    finally:
        connection.close()
