"""A TCP proxy that records the packet types of MQTT that a client sends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

NAMES = {
    1: "CONNECT",
    3: "PUBLISH",
    4: "PUBACK",
    5: "PUBREC",
    6: "PUBREL",
    7: "PUBCOMP",
    8: "SUBSCRIBE",
    10: "UNSUBSCRIBE",
    12: "PINGREQ",
    14: "DISCONNECT",
    15: "AUTH",
}


class RecordingProxy:
    """Passes all on to a broker; ``sent`` counts the packets of the clients by name."""

    def __init__(self, broker_port: int) -> None:
        self.broker_port = broker_port
        self.port = 0
        self.sent: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["RecordingProxy"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self.broker_port)
        back = asyncio.create_task(self._pass_back(from_broker, writer))
        self._tasks.add(back)
        try:
            while packet := await self._read_packet(reader):
                to_broker.write(packet)
                await to_broker.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has ended
        finally:
            to_broker.close()
            writer.close()

    async def _read_packet(self, reader: asyncio.StreamReader) -> bytes:
        """Return a whole packet: type, length in groups of seven bits, rest."""
        head = await reader.readexactly(1)
        self.sent[NAMES[head[0] >> 4]] += 1
        size, shift = 0, 0
        while True:
            byte = await reader.readexactly(1)
            head += byte
            size += (byte[0] & 127) << shift
            shift += 7
            if not byte[0] & 128:
                return head + await reader.readexactly(size)

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # the client has ended
        finally:
            writer.close()
