"""Convert an ASGI request to the WSGI environment that Django reads."""

import sys
from io import BytesIO
from typing import Any

from monitoring.operations.serving.asgi import Scope

# Key in the environment: the server iterates asynchronous answers on its event loop.
ON_LOOP = "fermon.on_loop"
FIXED: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    ON_LOOP: True,
    "wsgi.errors": sys.stderr,
    "wsgi.multiprocess": False,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
HTTP_1_0 = frozenset({"1", "1.0"})  # granian's word, and that of the specification of ASGI
BARE = frozenset({"CONTENT_LENGTH", "CONTENT_TYPE"})


def environ_of(scope: Scope, body: bytes, size: int) -> dict[str, Any]:
    """Return the environment of a request with this body.

    ``size`` is the size that the client sent or announced; the body is empty if that is too large.
    """
    server = scope.get("server") or ("", 0)
    environ = FIXED | {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client_of(scope),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
    }
    for name, value in scope["headers"]:
        add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    # granian adds an empty host to a request without one. HTTP/1.0, which checks of load balancers speak,
    # demands none; of others Django rejects it.
    if scope["http_version"] in HTTP_1_0 and not environ.get("HTTP_HOST"):
        environ.pop("HTTP_HOST", None)
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["CONTENT_LENGTH"] = str(size)
    return environ


def client_of(scope: Scope) -> str:
    """Return the address of the client; empty if unknown."""
    client: str = (scope.get("client") or ("",))[0]
    return client


def add_header(environ: dict[str, Any], name: str, value: str) -> None:
    """Add a header. Drop a name with an underscore, which could pass for another header."""
    if "_" in name:
        return
    key = name.upper().replace("-", "_")
    if key not in BARE:
        key = f"HTTP_{key}"
    if key in environ:
        value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
    environ[key] = value
