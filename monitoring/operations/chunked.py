"""Answers of unknown length, as /export's, from Django's own server: in chunks, so that their end is told."""

from typing import Any
from wsgiref.headers import Headers

from django.core.servers.basehttp import ServerHandler


class ChunkedHandler(ServerHandler):
    """Ends an answer that is whole with the chunk that says so.

    Django's handler just closes the connection, and an answer that breaks off looks like a whole one.
    """

    environ: dict[str, str]
    status: str
    headers: Headers
    headers_sent: bool
    is_chunked = False

    def cleanup_headers(self) -> None:
        """Settles how the answer's end will be told."""
        super().cleanup_headers()
        has_body = self.environ["REQUEST_METHOD"] != "HEAD" and self.status[:3] not in {"204", "304"}
        if has_body and "Content-Length" not in self.headers:
            self.is_chunked = self.environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        if self.is_chunked:
            self.headers["Transfer-Encoding"] = "chunked"

    def write(self, data: bytes) -> None:
        """Sends a piece; an empty one would be the end."""
        if not self.headers_sent:
            self.bytes_sent = len(data)
            self.send_headers()
        if not self.is_chunked:
            super().write(data)
        elif data:
            super().write(b"%x\r\n%b\r\n" % (len(data), data))

    def finish_content(self) -> Any:
        """Called when all pieces were sent, and not if one of them failed."""
        super().finish_content()
        if self.is_chunked:
            super().write(b"0\r\n\r\n")
