"""A Modbus server as a process: holding registers 0 and 1 of unit 1 are the float32 37.5."""

import asyncio
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

REGISTERS = [0x4216, 0x0000]


async def serve(port: int) -> None:
    device = SimDevice(1, simdata=[SimData(0, values=REGISTERS, datatype=DataType.REGISTERS)])
    await ModbusTcpServer([device], address=("127.0.0.1", port)).serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
