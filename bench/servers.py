"""Server processes, and a client with a persistent connection."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Server:
    """A server process and the connection of its one client."""

    process: psutil.Process
    client: http.client.HTTPConnection

    def post(self, path: str, body: bytes) -> None:
        """Send JSON.

        Raises:
            RuntimeError: the server did not accept the body.
        """
        self.client.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self.client.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{path} answered {answer.status}: {text[:300]!r}")

    def get(self, path: str) -> tuple[float, bytes]:
        """Return the seconds until the answer was complete, and the answer.

        Raises:
            RuntimeError: the status is not 200.
        """
        began = time.perf_counter()
        self.client.request("GET", path)
        answer = self.client.getresponse()
        text = answer.read()
        took = time.perf_counter() - began
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {text[:300]!r}")
        return took, text

    def memory_mb(self) -> float:
        """Return the resident memory of the process and its children, in MB."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(process.memory_info().rss for process in family) / 1e6


def environment(data: Path) -> dict[str, str]:
    """Return the environment of a process that uses this data directory."""
    off = {"FERMON_SIMULATOR": "off", "FERMON_DEMO_VESSEL": "off"}
    ours = {"FERMON_DATA_DIR": str(data), **off, "FERMON_LOCAL_SCRIPTS": "on"}
    return {**os.environ, **ours, "PYTHONPATH": str(ROOT)}


def manage(data: Path, *arguments: str) -> None:
    """Run a command of manage.py to completion."""
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment(data), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def serving(
    data: Path, application: str = "fermon_site.asgi", *, cwd: Path = ROOT, threads: int = 4
) -> Iterator[Server]:
    """Run the application under granian with one worker process; ``threads`` counts for WSGI only."""
    port = free_port()
    interface = application.rpartition(".")[2]
    command = [sys.executable, "-m", "granian", "--interface", interface, "--port", str(port), "--no-ws"]
    with subprocess.Popen(
        [
            *command,
            "--workers",
            "1",
            *(["--blocking-threads", str(threads)] if interface == "wsgi" else ["--http", "1"]),
            "--log-level",
            "error",
            f"{application}:application",
        ],
        cwd=cwd,
        env=environment(data),
    ) as process:
        try:
            wait_for(port)
            yield Server(
                psutil.Process(process.pid), http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            )
        finally:
            process.terminate()


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(port: int) -> None:
    """Return once a server accepts connections at the port.

    Raises:
        TimeoutError: no server did within ``PATIENCE_S`` seconds.
    """
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"no server at port {port}")
