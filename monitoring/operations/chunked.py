"""Send answers of unknown length, such as exports, in chunks from Django's development server."""

from typing import Any
from wsgiref.headers import Headers

from django.core.servers.basehttp import ServerHandler


class ChunkedHandler(ServerHandler):
    """A handler that ends each complete answer with the final chunk.

    Django's handler only closes the connection, so a client cannot tell a truncated answer from a complete
    one.
    """

    environ: dict[str, str]
    status: str
    headers: Headers
    headers_sent: bool
    is_chunked = False

    def cleanup_headers(self) -> None:
        """Choose chunked encoding for an HTTP/1.1 answer with a body and without a Content-Length."""
        super().cleanup_headers()
        has_body = self.environ["REQUEST_METHOD"] != "HEAD" and self.status[:3] not in {"204", "304"}
        if has_body and "Content-Length" not in self.headers:
            self.is_chunked = self.environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        if self.is_chunked:
            self.headers["Transfer-Encoding"] = "chunked"

    def write(self, data: bytes) -> None:
        """Send a piece. Skip empty pieces of a chunked answer: an empty chunk would end the answer."""
        if not self.headers_sent:
            self.bytes_sent = len(data)
            self.send_headers()
        if not self.is_chunked:
            super().write(data)
        elif data:
            super().write(b"%x\r\n%b\r\n" % (len(data), data))

    def finish_content(self) -> Any:
        """Send the final chunk. The base class calls this after all pieces, and not if one of them failed."""
        super().finish_content()
        if self.is_chunked:
            super().write(b"0\r\n\r\n")
