"""The stores that are compared, each as a server process and a way to write readings."""

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.servers import ROOT, environment, free_port, manage, serving, wait_for

Readings = Sequence[tuple[str, int, float]]  # tag, seconds since 1970, value
TAGS = 10_000
MAKE_TAGS = f"""
from monitoring.models import Tag
Tag.objects.bulk_create(
    Tag(name=f"sensor_{{number:05}}", valid_min=-1000, valid_max=1000, lower_limit=-900, upper_limit=900)
    for number in range({TAGS})
)
"""
INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{data}/meta"
[data]
  dir = "{data}/data"
  wal-dir = "{data}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[logging]
  level = "error"
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A running server, and the path and body by which it takes readings."""

    port: int
    request: Callable[[Readings], bytes]


def http_request(path: str, body: bytes, kind: str = "application/json") -> bytes:
    """Return a whole POST request."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def json_request(readings: Readings) -> bytes:
    """Return the request that sends readings as JSON: one alone, or a list."""
    items = [
        {
            "timestamp": f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "tag": tag,
            "value": value,
        }
        for tag, second, value in readings
    ]
    if len(items) == 1:
        return http_request("/ingest", json.dumps(items[0]).encode())
    return http_request("/ingest/batch", json.dumps(items).encode())


def lines_request(readings: Readings) -> bytes:
    """Return the request that sends readings as InfluxDB's line protocol."""
    lines = [f"m,tag={tag} value={value} {second}" for tag, second, value in readings]
    return http_request("/write?db=bench&precision=s", "\n".join(lines).encode(), "text/plain")


@contextmanager
def all_running(directory: Path) -> Iterator[Mapping[str, Contestant]]:
    """Run Fermon, the demo's design, and what else is installed, by name; Fermon first."""
    fermon = directory / "fermon"
    fermon.mkdir(parents=True)
    manage(fermon, "migrate", "-v0")
    manage(fermon, "shell", "-v0", "-c", MAKE_TAGS)
    with ExitStack() as stack:
        ours = stack.enter_context(serving(fermon))
        running = {"Fermon": Contestant(ours.client.port, json_request)}
        if demo := demo_command(directory / "demo"):
            port = stack.enter_context(process(demo, directory / "demo"))
            running["the demo's design"] = Contestant(port, json_request)
        for name, command in installed(directory).items():
            running[name] = Contestant(stack.enter_context(process(command, directory)), lines_request)
        if "InfluxDB" in running:
            create_influx_database(running["InfluxDB"].port)
        yield running


def demo_command(directory: Path) -> Callable[[int], list[str]] | None:
    """Install the packages of the demo and return its command; None if they are out of reach."""
    python = directory / "bin" / "python"
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "-q",
        "-r",
        str(ROOT / "bench" / "demo" / "requirements.txt"),
    ]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        return None
    application = ["--app-dir", str(ROOT), "bench.demo.asgi:application"]
    return lambda port: [
        str(python),
        "-m",
        "uvicorn",
        "--no-access-log",
        "--log-level",
        "error",
        "--port",
        str(port),
        *application,
    ]


def create_influx_database(port: int) -> None:
    """Create the database that ``lines_request`` writes to."""
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.request("POST", "/query?q=CREATE+DATABASE+bench")
    client.getresponse().read()
    client.close()


def installed(directory: Path) -> dict[str, Callable[[int], list[str]]]:
    """Return the command of each other store on this machine, by name; a command takes a port."""
    found: dict[str, Callable[[int], list[str]]] = {}
    if shutil.which("influxd"):
        found["InfluxDB"] = lambda port: ["influxd", "run", "-config", str(influx_settings(directory, port))]
    if shutil.which("victoria-metrics"):
        found["VictoriaMetrics"] = lambda port: [
            "victoria-metrics",
            f"-storageDataPath={directory / 'victoria'}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=100y",
        ]
    return found


def influx_settings(directory: Path, port: int) -> Path:
    """Write the settings of InfluxDB and return their file."""
    path = directory / "influxdb.conf"
    path.write_text(INFLUX.format(data=directory / "influx", port=port, rpc=free_port()))
    return path


@contextmanager
def process(command: Callable[[int], list[str]], directory: Path) -> Iterator[int]:
    """Run a store at a free port, which is returned once the store accepts connections."""
    port = free_port()
    with subprocess.Popen(
        command(port),
        cwd=directory,
        env=environment(directory),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            wait_for(port)
            yield port
        finally:
            running.terminate()
