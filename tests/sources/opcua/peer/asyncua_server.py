"""OPC UA servers of the tests: python asyncua_server.py SOCKET. Each connection to the socket is a server.

The first line on a connection are its options; a process is forked for it, since loading the standard's nodes
takes seconds. The server writes a counter to its nodes, and each written row to a log: "microseconds value".
Further lines are commands: {"bad": [names]}, {"good": [names]}, {"add": [names]}, {"clock_s": 600}.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import traceback
from datetime import UTC, datetime, timedelta

from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.history_sql import HistorySQLite
from asyncua.server.user_managers import UserManager

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class Plant:
    """The server with its nodes."""

    def __init__(self, server, options, channel):
        self.options = options
        self.server = server
        self.channel = channel
        self.space = 0
        self.nodes = {}
        self.bad = set()
        self.counter = options.get("first", 0)
        self.log = open_log(options.get("log"))

    async def start(self):
        """Start with counters n0, n1 ... and one node of each kind."""
        server, options = self.server, self.options
        history = History(options["history"]) if options.get("history") else None
        if history:
            server.iserver.history_manager.set_storage(history)
            await history.init()
        server.iserver.user_manager = Users(options.get("password"))
        server.set_endpoint(f"opc.tcp://127.0.0.1:{options['port']}")
        policies = [ua.SecurityPolicyType.NoSecurity]
        if options.get("certificate"):
            await server.load_certificate(options["certificate"])
            await server.load_private_key(options["key"])
            policies += [
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        server.set_security_policy(policies)
        self.space = await server.register_namespace("urn:plant")
        self.folder = await server.nodes.objects.add_folder(self.id("Plant"), "Plant")
        for name in [f"n{number}" for number in range(options.get("nodes", 0))]:
            await self.add(name)
        if options.get("kinds"):
            await self.add_kinds()
        await server.start()
        if history:
            for node in self.nodes.values():
                await server.iserver.enable_history_data_change(node, timedelta(days=1))

    def id(self, name):
        """Return the node id of a name."""
        return ua.NodeId(name, self.space)

    async def add(self, name):
        """Add a counter."""
        self.nodes[name] = await self.folder.add_variable(self.id(name), name, 0.0)

    async def add_kinds(self):
        """Add a node of each kind of value."""
        folder = await self.folder.add_folder(self.id("Kinds"), "Kinds")
        values = {
            "constant": ua.Variant(4.5, ua.VariantType.Double),
            "float32": ua.Variant(37.1, ua.VariantType.Float),
            "switch": ua.Variant(True, ua.VariantType.Boolean),
            "array": ua.Variant([1.0, 2.0, 3.0], ua.VariantType.Double),
            "text": ua.Variant("open", ua.VariantType.String),
            "nan": ua.Variant(float("nan"), ua.VariantType.Double),
            "phase": ua.Variant(1, ua.VariantType.UInt32),
            "temperature": ua.Variant(37.0, ua.VariantType.Double),
        }
        made = {}
        now = datetime.now(UTC)
        for name, value in values.items():
            made[name] = await folder.add_variable(self.id(name), name, value)
            await made[name].write_value(ua.DataValue(value, SourceTimestamp=now, ServerTimestamp=now))
        states = [ua.LocalizedText("idle"), ua.LocalizedText("feed")]
        await made["phase"].add_property(0, "EnumStrings", states)
        unit = ua.EUInformation(UnitId=4408652, DisplayName=ua.LocalizedText("°C"))
        await made["temperature"].add_property(0, "EngineeringUnits", unit)
        await made["temperature"].add_property(0, "EURange", ua.Range(Low=0.0, High=150.0))

    async def tick(self):
        """Write the counter to all counters that are not bad."""
        self.counter += 1
        now = datetime.now(UTC)
        stamp = now + timedelta(seconds=self.options.get("clock_s", 0))
        for name, node in self.nodes.items():
            if name not in self.bad:
                value = ua.Variant(float(self.counter), ua.VariantType.Double)
                await node.write_value(ua.DataValue(value, SourceTimestamp=stamp, ServerTimestamp=now))
        if self.log:
            self.log.write(b"%d %d\n" % ((stamp - EPOCH) // timedelta(microseconds=1), self.counter))

    async def obey(self, command):
        """Carry out a command; answer with the time at which it was."""
        now = datetime.now(UTC)
        for name in command.get("bad", []):
            self.bad.add(name)
            status = ua.StatusCode(command.get("status", ua.StatusCodes.BadSensorFailure))
            value = ua.DataValue(ua.Variant(0.0), status, SourceTimestamp=now, ServerTimestamp=now)
            await self.nodes[name].write_value(value)
        for name in command.get("good", []):
            self.bad.discard(name)
            value = ua.DataValue(ua.Variant(-1.0), SourceTimestamp=now, ServerTimestamp=now)
            await self.nodes[name].write_value(value)
        if "clock_s" in command:
            self.options["clock_s"] = command["clock_s"]
        for name in command.get("add", []):
            await self.add(name)
        return {"time_us": (now - EPOCH) // timedelta(microseconds=1)}

    async def run(self):
        """Write and obey until the connection ends."""
        await self.start()
        reader, writer = await asyncio.open_connection(sock=self.channel)
        writing = asyncio.create_task(self.write())
        message = {"pid": os.getpid()}
        while True:
            writer.write(json.dumps(message).encode() + b"\n")
            if writing.done() or not (line := await reader.readline()):
                break
            message = await self.obey(json.loads(line))

    async def write(self):
        """Write at the pace of the options."""
        while True:
            await self.tick()
            await asyncio.sleep(1 / self.options.get("hz", 10))


def open_log(path):
    """Return the file of a log, unbuffered; None without a path."""
    return open(path, "ab", buffering=0) if path else None


class History(HistorySQLite):  # type: ignore[misc] # untyped
    """A history of nodes with names, which the library's own refuses."""

    def _get_table_name(self, node_id):
        return f"node_{node_id.Identifier}"


class Users(UserManager):  # type: ignore[misc] # untyped
    """One user with a password, or anyone."""

    def __init__(self, password):
        self.password = password

    def get_user(self, iserver, username=None, password=None, certificate=None):
        """Return the user, or None if refused."""
        if self.password and (username, password) != ("operator", self.password):
            return None
        return User(role=UserRole.User)


def serve(server, channel):
    """Run a server in this process, which ends with it."""
    try:
        options = json.loads(channel.makefile().readline())
        asyncio.run(Plant(server, options, channel).run())
    except Exception:  # noqa: BLE001 - the parent shows nothing
        traceback.print_exc()
    finally:
        os._exit(0)  # threads of the history would hold it up


def main(address):
    """Load the nodes once, then fork a server a connection."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = Server(user_manager=Users(None))
    asyncio.run(server.init())
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        while True:
            channel, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                serve(server, channel)
            channel.close()


if __name__ == "__main__":
    main(sys.argv[1])
