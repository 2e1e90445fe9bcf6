"""The client of a line: read blocks by the function codes 1 to 4, and nothing else."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from monitoring.sources.modbus.addresses import Table
from monitoring.sources.modbus.blocks import Block
from monitoring.sources.modbus.kind import SERIAL, TCP, Line
from monitoring.sources.session import SourceError
from monitoring.sources.targets import resolve

# Its lines repeat what the status of the source says, with whole packets.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

CONNECT_S = 4.0
# A serial device that does not take the settings of the line raises an error of a class of its own.
NOT_OPENED: tuple[type[Exception], ...] = (OSError, TimeoutError, ValueError, ModbusException)
with suppress(ImportError):  # Windows has no terminals
    import termios

    NOT_OPENED += (termios.error,)
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}
ILLEGAL_ADDRESS = 2
NO_ANSWER = "no answer"


class ReplyError(Exception):
    """A unit that answers with an exception (``code``), or not at all or with noise (``code`` None)."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        self.word = NO_ANSWER if code is None else EXCEPTIONS.get(code, f"exception {code}")
        super().__init__(self.word)


class LineClient:
    """A connection to one line. Discard the client after any error of the connection."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._client: Any = None

    async def connect(self) -> None:
        """Connect to the first address of the host that answers, or open the serial device.

        Raises:
            SourceError: that failed.
        """
        if self.line.transport == SERIAL:
            await self._open(self._serial())
            return
        error = SourceError(f"{self.line.host} has no address.")
        for address in await resolve(self.line.host, self.line.port):
            try:
                await self._open(self._tcp(address))
                return
            except SourceError as failed:
                error = failed
        raise error

    def close(self) -> None:
        """Close the connection; harmless if there is none."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def read(self, block: Block) -> list[int]:
        """Return ``block.count`` registers, or bits as 0 and 1.

        Raises:
            ReplyError: the unit answers with an exception, or not in time.
            ConnectionError: the connection is lost.
        """
        if self._client is None or not self._client.connected:
            raise ConnectionError("the connection is lost")
        read = {
            Table.COIL: self._client.read_coils,
            Table.DISCRETE: self._client.read_discrete_inputs,
            Table.INPUT: self._client.read_input_registers,
            Table.HOLDING: self._client.read_holding_registers,
        }[block.table]
        try:
            reply = await read(block.start, count=block.count, device_id=block.unit)
        except ModbusException as error:
            await self._settle()
            raise ReplyError(None) from error
        if reply.isError():
            raise ReplyError(int(reply.exception_code))
        found = [int(each) for each in (reply.bits if block.table.is_bits else reply.registers)]
        if len(found) < block.count:
            await self._settle()
            raise ReplyError(None)
        return found[: block.count]

    async def _settle(self) -> None:
        # A late answer must not pass for the answer to the next request: those of RTU have no numbers. On TCP
        # a new connection leaves the late answer behind; on a serial line a pause does.
        if self.line.transport == SERIAL:
            await asyncio.sleep(self.line.timeout_s)
        else:
            self.close()
            await self.connect()

    async def _open(self, client: Any) -> None:
        target = client.comm_params
        try:
            is_open = await asyncio.wait_for(client.connect(), CONNECT_S)
        except NOT_OPENED:
            is_open = False
        except asyncio.CancelledError:
            client.close()
            raise
        if not is_open:
            client.close()
            raise SourceError(_not_open(self.line, target.host))
        self._client = client

    def _tcp(self, address: str) -> Any:
        return AsyncModbusTcpClient(
            address,
            port=self.line.port,
            framer=FramerType.SOCKET if self.line.transport == TCP else FramerType.RTU,
            timeout=self.line.timeout_s,
            retries=0,
            reconnect_delay=0,
            reconnect_delay_max=0,
        )

    def _serial(self) -> Any:
        return AsyncModbusSerialClient(
            self.line.device,
            framer=FramerType.RTU,
            baudrate=self.line.baud,
            parity=self.line.parity,
            stopbits=self.line.stop_bits,
            timeout=self.line.timeout_s,
            retries=0,
            reconnect_delay=0,
            reconnect_delay_max=0,
        )


def _not_open(line: Line, address: str) -> str:
    if line.transport == SERIAL:
        return (
            f"The serial device {line.device} can't be opened. Is it plugged in, free, of that baud rate and"
            " parity, and may Fermon's user read it (group dialout)?"
        )
    return (
        f"{address} does not accept a connection at port {line.port}. Is the device on, and the port right?"
    )
