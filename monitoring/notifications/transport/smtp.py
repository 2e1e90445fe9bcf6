"""A mail client for one message, with a deadline for the whole."""

import smtplib
from dataclasses import dataclass, field
from typing import Any

from monitoring.notifications.transport.deadline import Deadline
from monitoring.notifications.transport.sockets import connect, start_tls, tls_context

PORTS = {"starttls": 587, "tls": 465, "none": 25}
QUIT_S = 1.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes mail. ``security``: "starttls", "tls" or "none"."""

    host: str
    port: int = 0
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    allows_local: bool = False


class BoundedSmtp(smtplib.SMTP):
    """An SMTP client with a deadline. ``has_sent``: the server has perhaps taken the message."""

    has_sent = False

    def __init__(self, server: MailServer, deadline: Deadline) -> None:
        self._server, self._deadline = server, deadline
        # Without a name, smtplib would ask the resolver for one, which can hang.
        super().__init__(local_hostname="[127.0.0.1]", timeout=deadline.left())

    def open(self) -> None:
        """Connect, encrypt and log in as the server's settings say.

        Raises:
            OSError: a step failed; smtplib.SMTPException is a subclass.
        """
        code, greeting = self.connect(self._server.host, self._server.port or PORTS[self._server.security])
        if code != 220:
            raise smtplib.SMTPConnectError(code, greeting)
        if self._server.security == "starttls":
            self.starttls(context=tls_context(self._deadline))
        if self._server.user:
            self.login(self._server.user, self._server.password)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        sock = connect(host, port, self._deadline, allows_local=self._server.allows_local)
        self._host = host  # of the certificate that STARTTLS checks
        self.local_hostname = literal(str(sock.getsockname()[0]))
        return start_tls(sock, host) if self._server.security == "tls" else sock

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the text of the message."""
        self.has_sent = True
        return super().data(msg)

    def leave(self) -> None:
        """Say goodbye, without waiting long for the reply: the message is taken."""
        self._deadline.shorten(QUIT_S)
        try:
            self.quit()
        except OSError:
            self.close()


def literal(address: str) -> str:
    """Return an IP address as the name of this machine in EHLO (RFC 5321, 4.1.3)."""
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
