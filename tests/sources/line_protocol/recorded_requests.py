"""Requests of real clients, as recorded."""

import base64
from pathlib import Path
from typing import NamedTuple

DIRECTORY = Path(__file__).parent / "recorded"
# What the writes among them store, by the names that they give.
NAMES = sorted(path.stem for path in DIRECTORY.glob("*.txt"))


class Recorded(NamedTuple):
    """A request: method, path with query, headers, body as sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def on_the_wire(self) -> bytes:
        """The bytes, with a request to end the connection."""
        headers = {**{name: value for name, value in self.headers.items() if name != "connection"}}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}connection: close\r\n\r\n".encode() + self.body


def recorded(name: str, token: str = "SECRET") -> Recorded:  # noqa: S107 - a word in the place of a token
    """The request of this name, with a token."""
    head, _, body = (DIRECTORY / f"{name}.txt").read_text().partition("\n\n")
    first, *lines = head.split("\n")
    method, path, _ = first.split(" ")
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    given = headers.get("authorization", "")
    if given.startswith("Token"):
        headers["authorization"] = f"Token {token}"
    elif given:
        headers["authorization"] = "Basic " + base64.b64encode(f"fermon:{token}".encode()).decode()
    content = body.removesuffix("\n").encode().decode("unicode_escape").encode("latin-1")
    return Recorded(method, path, headers, content)
