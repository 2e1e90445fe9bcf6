"""From the device to the table: real brokers and devices, ``manage.py collect`` as a process."""

import json
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import LONG_S, Command, System, wait_until
from tests.own_mosquitto import QUICK, Mosquitto
from tests.patience import stretched
from tests.ports import free_port, listens

pytestmark = pytest.mark.no_cover

COUNT = "SELECT count(*) FROM measurements"
DOUBLE = "SELECT count(*) - count(DISTINCT value) FROM measurements"
STATE = "SELECT state FROM source_status"
MQTT = """
[[tag]]
name = "r1.od"
valid_min = 0
valid_max = 100_000
[[source]]
name = "broker"
protocol = "mqtt"
enabled = true
[source.settings]
host = "127.0.0.1"
port = "{port}"
[[source.mappings]]
address = "plant/{{unit}}/{{name}}"
tag = "{{unit}}.{{name}}"
value_pointer = "/value"
time_pointer = "/time"
time_format = "us"
"""
MODBUS = """
[[tag]]
name = "skid.temp"
valid_min = 0
valid_max = 100
[[source]]
name = "skid"
protocol = "modbus"
enabled = true
[source.settings]
host = "127.0.0.1"
port = "{port}"
[[source.mappings]]
address = "1:holding:0"
tag = "skid.temp"
[source.mappings.options]
type = "float32"
interval_ms = "200"
"""
PASSWORD = "Sudhaus-Kessel-7"  # noqa: S105  # of a broker that lives for one test
MESSAGES, EACH_S, BURST = 4_000, 0.01, 8


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    server = Mosquitto(tmp_path / "broker", QUICK)
    server.start()
    yield server
    server.kill()


def set_up(system: System, sources: str) -> None:
    """Make the sources of a file, as a person does."""
    path = system.directory / "sources.toml"
    path.write_text(sources)
    system.migrate()
    assert system.run("manage.py", "sources", "import", str(path), FERMON_SOURCE_LOOPBACK="1").end(60) == 0


def collect(system: System) -> Command:
    return system.run("manage.py", "collect", FERMON_SOURCE_LOOPBACK="1")


def wait_for_state(system: System, state: str) -> None:
    wait_until(lambda: system.select(STATE) == (state,))


def publish(broker: Mosquitto, is_killed: threading.Event) -> None:
    """Publish each number once, 800 a second, with the time of publishing; the second half after the kill."""
    with broker.publisher() as client:
        for number in range(MESSAGES):
            if number == MESSAGES // 2:
                is_killed.wait(stretched(LONG_S))
            payload = json.dumps({"value": number, "time": time.time_ns() // 1_000})
            sent = client.publish("plant/r1/od", payload, qos=1)
            if number % BURST == 0:
                time.sleep(EACH_S)
        sent.wait_for_publish(30)


def test_a_killed_collector_loses_no_message_and_stores_none_twice(system: System, broker: Mosquitto) -> None:
    set_up(system, MQTT.format(port=broker.port))
    first = collect(system)
    wait_for_state(system, "connected")
    is_killed = threading.Event()
    publishing = threading.Thread(target=publish, args=(broker, is_killed))
    publishing.start()
    try:
        wait_until(lambda: system.select(COUNT)[0] > MESSAGES / 10)
        first.send(signal.SIGKILL)
    finally:
        is_killed.set()
    first.end()
    stored = system.select(COUNT)[0]
    second = collect(system)
    publishing.join()
    wait_until(lambda: system.select(COUNT)[0] >= MESSAGES)
    second.send(signal.SIGTERM)
    assert second.end() == 0
    assert 0 < stored < MESSAGES
    assert system.select(COUNT) == (MESSAGES,)
    assert system.select(DOUBLE) == (0,)
    assert system.select("SELECT count(*) FROM refusals") == (0,)
    assert system.select("SELECT count(*) FROM source_gaps") == (0,)


def test_a_device_that_goes_and_comes_is_a_span_of_bad_quality(system: System) -> None:
    port = free_port()
    set_up(system, MODBUS.format(port=port))
    device = system.run("-m", "tests.sources.modbus.serve", str(port))
    wait_until(lambda: listens(port))  # else the time before would be a span, too
    collect(system)
    wait_until(lambda: system.select(COUNT)[0] >= 5)
    device.send(signal.SIGKILL)
    wait_until(lambda: system.select('SELECT quality FROM quality_spans WHERE "end" IS NULL') == (2,))
    wait_for_state(system, "failed")
    before = system.select(COUNT)[0]
    system.run("-m", "tests.sources.modbus.serve", str(port))
    wait_until(lambda: system.select(COUNT)[0] >= before + 5)
    wait_until(lambda: system.select('SELECT count(*) FROM quality_spans WHERE "end" IS NULL') == (0,))
    wait_for_state(system, "connected")
    assert system.select('SELECT count(*) FROM quality_spans WHERE "end" > "begin"') == (1,)
    within = (
        'SELECT count(*) FROM measurements, quality_spans WHERE timestamp > "begin" AND timestamp < "end"'
    )
    assert system.select(within) == (0,)
    assert system.select("SELECT min(value), max(value), max(timestamp % 200000) FROM measurements") == (
        37.5,
        37.5,
        0,
    )


def call(system: System, path: str, body: object = None, accept: str = "application/json") -> str:
    """Return the text of an answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Accept": accept, "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{system.port}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return str(answer.read().decode())


def post(system: System, path: str, body: object) -> Any:
    return json.loads(call(system, path, body))


def test_a_password_that_is_refused_is_nowhere_to_be_read(system: System, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker", [*QUICK, "allow_anonymous false"])
    broker.start()
    try:
        system.migrate()
        server = system.run("manage.py", "runserver", "--noreload", FERMON_SOURCE_LOOPBACK="1")
        wait_until(lambda: system.get("/health"))
        collect(system)
        fields = {"host": "127.0.0.1", "port": str(broker.port), "allow_plain_password": "yes"}
        fields |= {"user": "fermon", "password": PASSWORD}
        made = post(system, "/sources", {"name": "broker", "protocol": "mqtt", "fields": fields})
        path = f"/sources/{made['id']}"
        job = post(system, f"{path}/test", {})["id"]
        wait_until(lambda: (system.get(f"/source-jobs/{job}") or {}).get("state") == "failed")
        call(system, f"{path}/enable", {})
        wait_for_state(system, "failed")
        exported = system.run("manage.py", "sources", "export")
        audited = system.run("manage.py", "dumpdata", "auditlog", "monitoring.sourcejob", "monitoring.source")
        wait_until(lambda: "broker" in call(system, "/health"))
        texts = [call(system, each) for each in ("/health", "/sources", path, f"/source-jobs/{job}")]
        texts += [call(system, each, accept="text/html") for each in ("/sources", path, f"{path}/change")]
    finally:
        broker.kill()
    assert exported.end(60) == 0
    assert audited.end(60) == 0
    assert '"broker"' in exported.text
    assert "sealed:" in audited.text
    assert "not authorised" in texts[3]
    texts += [command.text for command in system.commands]
    texts += [each.read_bytes().decode(errors="replace") for each in system.data.rglob("*") if each.is_file()]
    assert [text for text in texts if PASSWORD in text] == []
    assert server.process.poll() is None
