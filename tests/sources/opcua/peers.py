"""OPC UA servers in their own processes, a proxy that can be cut, and a driver that runs again."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.opcua.driver import run
from monitoring.sources.session import SourceError, State
from tests.patience import stretched
from tests.ports import free_port
from tests.sources.fake_session import FakeSession

PEER = Path(__file__).parent / "peer"
DEADLINE_S = 60
MESSAGE = b"MSG"
# Service requests by their encoding: those that a source may send.
READING = {
    428: "GetEndpoints",
    461: "CreateSession",
    467: "ActivateSession",
    473: "CloseSession",
    527: "Browse",
    533: "BrowseNext",
    631: "Read",
    664: "HistoryRead",
    751: "CreateMonitoredItems",
    781: "DeleteMonitoredItems",
    787: "CreateSubscription",
    826: "Publish",
    832: "Republish",
    847: "DeleteSubscriptions",
}


CREATE_SESSION, CLOSE_SESSION, HISTORY_READ, PUBLISH = 461, 473, 664, 826


class Launcher:
    """The process that makes servers of asyncua."""

    def __init__(self, folder):
        self.address = str(folder / "launcher")
        command = [sys.executable, str(PEER / "asyncua_server.py"), self.address]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def connect(self):
        """Return a connection to a new server."""
        channel = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                channel.connect(self.address)
            except OSError:
                assert self.process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.02)
            else:
                return channel

    def kill(self):
        """End it."""
        self.process.kill()
        self.process.wait()


class AsyncuaServer:
    """A server of asyncua in its own process, which is killed and started again."""

    def __init__(self, launcher, **options):
        self.launcher = launcher
        self.options = {"port": free_port(), **options}
        self.lines = None
        self.pid = 0

    @property
    def port(self):
        """The port of the server."""
        return self.options["port"]

    def start(self, **options):
        """Start, and return once clients can connect."""
        self.options |= options
        with self.launcher.connect() as channel:
            self.lines = channel.makefile("rw")
        self.pid = self.send(**self.options)["pid"]
        return self

    def send(self, **command):
        """Send a command; return the answer."""
        self.lines.write(json.dumps(command) + "\n")
        self.lines.flush()
        return json.loads(self.lines.readline())

    def kill(self):
        """End it at once, as kill -9 does."""
        if self.lines is not None:
            os.kill(self.pid, signal.SIGKILL)
            with suppress(OSError):
                self.lines.read()
            with suppress(OSError):
                self.lines.close()
            self.lines = None


class NodeServer:
    """A server of node-opcua in its own process."""

    def __init__(self, **options):
        self.port, self.log = free_port(), options["log"]
        command = ["node", str(PEER / "node_server.mjs"), json.dumps({"port": self.port, **options})]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = any(line.startswith("{") for line in self.process.stdout)  # after lines of its log
        assert ready, "the server did not start"

    def kill(self):
        """End it."""
        self.process.kill()
        self.process.communicate()


def written(path):
    """Return the times and values that a server has logged."""
    rows = [line.split() for line in Path(path).read_text().splitlines()]
    return {(int(row[0]), float(row[1])) for row in rows if len(row) == 2}


def config_of(port, addresses, *, options=None, rules=None, trusted="", **fields):
    """Return a source that maps each address to a tag of the same name."""
    given = {"url": f"opc.tcp://127.0.0.1:{port}", "policy": "None", **fields}
    rules = rules or [MappingRule(f"ns=2;s={name}", name, options=options or {}) for name in addresses]
    return SourceConfig(1, "plant", "opcua", given, rules, trusted_certificate=trusted)


@asynccontextmanager
async def driving(session, pause_s=0.3):
    """Run the driver as the collector does: again after a pause when it fails."""
    task = asyncio.create_task(again(session, pause_s))
    try:
        yield task
    finally:
        began = time.monotonic()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < stretched(3 + 1)


async def again(session, pause_s):
    """Run the driver until cancelled."""
    while True:
        try:
            await run(session)
        except SourceError as error:
            session.state(State.FAILED, str(error))
        await asyncio.sleep(pause_s)


async def until(condition, deadline_s=DEADLINE_S):
    """Wait until a condition holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < stretched(deadline_s), "the condition did not come"
        await asyncio.sleep(0.02)


def values_of(session, tag):
    """Return the times and values of a tag."""
    return {(sample.time_us, sample.value) for sample in session.samples if sample.tag == tag}


def last_state(session):
    """Return the state told last."""
    return session.states[-1][0] if session.states else None


def new_session(config, stored=None):
    """Return a session in memory; ``stored`` are the newest times of tags."""
    return FakeSession(config, stored=dict(stored or {}))


class Proxy:
    """A TCP proxy that notes the requests of clients, and can be cut: then it passes nothing on, silently."""

    def __init__(self, port):
        self.target = port
        self.port = 0
        self.requests: Counter[int] = Counter()
        self.is_cut = False
        self.tasks = set()
        self.writers = set()

    @asynccontextmanager
    async def running(self):
        """Run for as long as the block."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            for writer in self.writers:
                writer.close()

    async def serve(self, reader, writer):
        """Pass a connection on."""
        self.writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self.writers.add(back)
        for source, target, notes in ((reader, back, True), (there, writer, False)):
            self.tasks.add(asyncio.create_task(self.pump(source, target, notes)))

    async def pump(self, source, target, notes):
        """Pass bytes on."""
        buffer = b""
        with suppress(OSError):
            while data := await source.read(65_536):
                if notes:
                    buffer = self.note(buffer + data)
                if not self.is_cut:
                    target.write(data)
                    await target.drain()
            target.close()

    def note(self, buffer):
        """Note the services of complete messages; return the rest."""
        while len(buffer) >= 8:
            size = int.from_bytes(buffer[4:8], "little")
            if len(buffer) < size:
                break
            if (
                buffer[:3] == MESSAGE
            ):  # header 8, channel 4, token 4, sequence 8, then a node id of four bytes
                assert buffer[24:26] == b"\x01\x00"
                self.requests[int.from_bytes(buffer[26:28], "little")] += 1
            buffer = buffer[size:]
        return buffer
