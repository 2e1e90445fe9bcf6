"""The driver of Modbus against servers of pymodbus: on TCP, and on a serial line of two pseudo-terminals."""

import asyncio
import itertools
import math
import os
import struct
import time
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, cast

import pytest
from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from monitoring.models import Quality
from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.modbus import driver, probe
from monitoring.sources.session import SourceError, State
from tests.ports import free_port
from tests.sources.fake_session import FakeSession

WITHIN_S = 30.0
HOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def loopback(settings) -> None:
    settings.FERMON_SOURCE_LOOPBACK = True


class Plant:
    """The units behind one server, the requests that they got, and their faults."""

    def __init__(self) -> None:
        self.requests: list[tuple[int, int, int, int]] = []  # unit, function, address, count
        self.refused: dict[tuple[int, int], ExcCodes] = {}  # unit and address
        self.silent: set[int] = set()

    async def act(self, unit: int, function: int, start, address: int, count: int, registers, values):
        self.requests.append((unit, function, address, count))
        if unit in self.silent:
            await asyncio.sleep(3600)
        for (of_unit, refused), code in self.refused.items():
            if of_unit == unit and address <= refused < address + count:
                return code
        return None

    def device(self, unit: int, holding: Sequence[int]) -> SimDevice:
        return SimDevice(
            unit,
            simdata=(
                [SimData(0, values=[True, False] * 8, datatype=DataType.BITS)],
                [SimData(0, values=[False, True] * 8, datatype=DataType.BITS)],
                [SimData(0, values=list(holding), datatype=DataType.REGISTERS)],
                [SimData(0, values=[1, 2, 3, 4], datatype=DataType.REGISTERS)],
            ),
            action=partial(self.act, unit),
        )


def words(*numbers: float) -> list[int]:
    """Return the registers of float32 numbers, the most significant byte first."""
    data = b"".join(struct.pack(">f", number) for number in numbers)
    return [int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2)]


@asynccontextmanager
async def tcp_server(plant: Plant, holding: Sequence[int], units: Sequence[int] = (1,)) -> AsyncIterator[int]:
    server = ModbusTcpServer([plant.device(unit, holding) for unit in units], address=(HOST, 0))
    await server.listen()
    try:
        yield cast(Any, server.transport).sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


def rule(address: str, tag: str, **options: object) -> MappingRule:
    return MappingRule(address, tag, options={"interval_ms": 100, **options})


def session_of(port: int, *rules: MappingRule, **fields: str) -> FakeSession:
    return FakeSession(
        SourceConfig(
            1, "skid", "modbus", {"host": HOST, "port": str(port), "timeout_ms": "300", **fields}, rules
        )
    )


@asynccontextmanager
async def running(session: FakeSession) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.ensure_future(driver.run(session))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, SourceError):
            await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.02)


def run(test: Awaitable[None]) -> None:
    async def whole() -> None:
        await test

    asyncio.run(whole())


def values(session: FakeSession, tag: str) -> list[float]:
    return [sample.value for sample in session.samples if sample.tag == tag]


def test_registers_and_bits_become_samples_on_the_grid() -> None:
    async def test() -> None:
        plant = Plant()
        async with tcp_server(plant, [*words(37.5), *reversed(words(7.25)), 0xFFFE, 0b100]) as port:
            session = session_of(
                port,
                rule("1:40001", "temp", type="float32"),
                rule("1:holding:2", "ph", type="float32", order="CDAB"),
                rule("1:holding:4", "level", type="int16"),
                rule("1:holding:5", "valve", type="bit", bit=2),
                rule("1:coil:2", "pump"),
                rule("1:input:3", "count"),
            )
            async with running(session):
                await until(lambda: len(session.samples) >= 18)
        newest = {sample.tag: sample.value for sample in session.samples}
        assert newest == {"temp": 37.5, "ph": 7.25, "level": -2, "valve": 1, "pump": 1, "count": 4}
        assert {sample.time_us % 100_000 for sample in session.samples} == {0}
        times = [sample.time_us for sample in session.samples if sample.tag == "temp"]
        assert times == sorted(set(times))
        assert session.states[-1][0] is State.CONNECTED
        assert session.confirmed == times[-1]
        # One request a table and poll, and nothing but reading.
        assert {request[1:] for request in plant.requests} == {(3, 0, 6), (1, 2, 1), (4, 3, 1)}

    run(test())


def test_a_register_that_does_not_exist_costs_its_neighbours_nothing() -> None:
    async def test() -> None:
        plant = Plant()
        plant.refused[1, 4] = ExcCodes.ILLEGAL_ADDRESS
        async with tcp_server(plant, list(range(10))) as port:
            rules = [rule(f"1:holding:{offset}", f"t{offset}") for offset in range(0, 10, 2)]
            session = session_of(port, *rules)
            async with running(session):
                await until(lambda: len(values(session, "t8")) >= 3)
                first_split = len(plant.requests)
                await until(lambda: len(plant.requests) >= first_split + 10)
        ((_, code),) = {each[1::2] for each in session.qualities if each[1] is not None}
        assert {each[0] for each in session.qualities if each[1] is not None} == {"t4"}
        assert code == 2
        ended = [tag for tag, quality, *_ in session.qualities if quality is None]
        assert sorted(ended) == ["t0", "t2", "t6", "t8"]  # once each: spans of an earlier run
        assert {sample.tag for sample in session.samples} == {"t0", "t2", "t6", "t8"}
        assert (1, 3, 0, 9) not in plant.requests[first_split:]  # the split is remembered

    run(test())


def test_a_silent_unit_leaves_the_others_on_time() -> None:
    async def test() -> None:
        plant = Plant()
        plant.silent.add(2)
        async with tcp_server(plant, words(1.5), units=(1, 2)) as port:
            session = session_of(
                port, rule("1:40001", "good", type="float32"), rule("2:40001", "dead", type="float32")
            )
            async with running(session):
                await until(lambda: len(values(session, "good")) >= 20)
                asked = sum(unit == 2 for unit, *_ in plant.requests)
                plant.silent.clear()
                await until(lambda: values(session, "dead"))
        assert asked <= 5
        assert session.notices.get("unit 2", "") == ""
        bad = next(each for each in session.qualities if each[1] is not None)
        assert bad == ("dead", Quality.BAD, bad[2], None, "no answer")
        assert session.qualities[-1][:2] == ("dead", None)  # good from the first value on
        (first, *_) = [sample.time_us for sample in session.samples if sample.tag == "dead"]
        assert session.qualities[-1][2] == first

    run(test())


def test_without_any_answer_the_source_fails_in_words() -> None:
    async def test() -> None:
        plant = Plant()
        plant.silent.add(1)
        async with tcp_server(plant, words(1.5)) as port:
            session = session_of(port, rule("40001", "dead"))
            async with running(session) as task:
                with pytest.raises(SourceError, match="No unit answers"):
                    async with asyncio.timeout(WITHIN_S):
                        await asyncio.shield(task)
        assert session.qualities[-1][0::4] == ("dead", "no answer")

    run(test())


def test_a_connection_that_ends_leaves_all_tags_bad() -> None:
    async def test() -> None:
        server = ModbusTcpServer([Plant().device(1, words(1.5))], address=(HOST, 0))
        await server.listen()
        port = cast(Any, server.transport).sockets[0].getsockname()[1]
        session = session_of(port, rule("40001", "t", type="float32"))
        async with running(session) as task:
            await until(lambda: session.samples)
            await server.shutdown()
            with pytest.raises(SourceError, match=r"is lost|does not accept"):
                async with asyncio.timeout(WITHIN_S):
                    await asyncio.shield(task)
        assert [each[0::4] for each in session.qualities] == [("t", ""), ("t", "no answer")]

    run(test())


def test_a_port_that_is_closed_is_named() -> None:
    async def test() -> None:
        port = free_port()
        session = session_of(port, rule("40001", "t"))
        with pytest.raises(SourceError, match=f"does not accept a connection at port {port}"):
            await driver.run(session)
        ((tag, quality, time_us, code, word),) = session.qualities
        assert (tag, quality, code, word) == ("t", Quality.BAD, None, "no answer")
        assert abs(time_us / 1e6 - time.time()) < WITHIN_S

    run(test())


def test_time_without_polls_is_a_gap_and_so_is_a_full_queue() -> None:
    async def test() -> None:
        async with tcp_server(Plant(), words(1.5)) as port:
            session = session_of(port, rule("40001", "t", type="float32"))
            session.stored["t"] = 1_000_000_000_000_000
            session.is_full = True
            async with running(session):
                await until(lambda: session.confirmed)
                full_at = session.confirmed
                await until(lambda: session.confirmed >= full_at + 300_000)
                session.is_full = False
                await until(lambda: session.samples)
        away, full = session.gaps
        assert away[0] == 1_000_000_000_000_000
        assert away[3] == ("t",)
        assert full[0] <= full_at
        assert full[1] == session.samples[0].time_us

    run(test())


def test_a_number_that_is_none_has_bad_quality() -> None:
    async def test() -> None:
        async with tcp_server(Plant(), words(math.nan, 1.5)) as port:
            session = session_of(
                port, rule("40001", "broken", type="float32"), rule("40003", "good", type="float32")
            )
            async with running(session):
                await until(lambda: len(values(session, "good")) >= 2)
        assert values(session, "broken") == []
        assert session.qualities[0][0::4] == ("broken", "not a number")

    run(test())


def test_a_person_finds_a_value_by_its_types_and_orders() -> None:
    async def test() -> None:
        plant = Plant()
        plant.refused[1, 3] = ExcCodes.ILLEGAL_ADDRESS
        async with tcp_server(plant, [*reversed(words(37.5)), 7, 0, 9]) as port:
            config = session_of(port).config
            points = [point async for point in probe.discover(config, {"unit": 1, "start": 0, "count": 5})]
            steps = [step async for step in probe.check_connection(config)]
            with pytest.raises(SourceError, match="table: use one of"):
                [point async for point in probe.discover(config, {"table": "register"})]
        assert [point.address for point in points] == [f"1:holding:{n}" for n in (0, 1, 2, 4)]
        assert points[2].raw == "7 (0x0007)"
        choices = cast(list, points[0].suggestion["choices"])
        assert {"type": "float32", "order": "CDAB", "value": "37.5"} in choices
        assert [step.is_done for step in steps] == [None, True, True]

    run(test())


async def bridge(first: int, second: int, noise: "list[bytes]") -> None:
    """Copy bytes between the masters of two terminals; put noise before what comes from the first."""
    loop = asyncio.get_running_loop()

    def copy(source: int, target: int, is_noisy: bool) -> None:
        data = os.read(source, 4096)
        os.write(target, (noise.pop() if is_noisy and noise else b"") + data)

    loop.add_reader(first, copy, first, second, True)
    loop.add_reader(second, copy, second, first, False)
    try:
        await asyncio.Event().wait()
    finally:
        loop.remove_reader(first)
        loop.remove_reader(second)


@asynccontextmanager
async def serial_server(plant: Plant, holding: Sequence[int], noise: list[bytes]) -> AsyncIterator[str]:
    pairs = [os.openpty(), os.openpty()]
    for master, slave in pairs:
        tty.setraw(master)
        tty.setraw(slave)
    server = ModbusSerialServer(
        [plant.device(1, holding)], framer=FramerType.RTU, port=os.ttyname(pairs[0][1]), baudrate=19200
    )
    await server.listen()
    line = asyncio.ensure_future(bridge(pairs[0][0], pairs[1][0], noise))
    try:
        yield os.ttyname(pairs[1][1])
    finally:
        line.cancel()
        with suppress(asyncio.CancelledError):
            await line
        await server.shutdown()
        for fds in pairs:
            for each in fds:
                os.close(each)


def test_noise_on_a_serial_line_costs_at_most_two_polls() -> None:
    async def test() -> None:
        noise: list[bytes] = []
        async with serial_server(Plant(), words(37.5), noise) as device:
            session = session_of(
                0,
                rule("40001", "temp", type="float32", interval_ms=500),
                transport="serial",
                device=device,
                parity="N",
                timeout_ms="400",  # within an interval, and more than a busy machine holds an answer up
            )
            async with running(session):
                await until(lambda: len(session.samples) >= 2)
                noise.append(b"\x01\x03\xff\x00\x13")
                await until(lambda: not noise)
                before = len(session.samples)
                await until(lambda: len(session.samples) >= before + 3)
        assert set(values(session, "temp")) == {37.5}
        times = [sample.time_us for sample in session.samples]
        assert max(after - before for before, after in itertools.pairwise(times)) <= 3 * 500_000

    run(test())
