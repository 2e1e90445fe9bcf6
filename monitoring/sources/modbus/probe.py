"""Test the connection of a Modbus line, and read registers for a person who looks for a value."""

from collections.abc import AsyncIterator, Mapping
from contextlib import closing

from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.modbus.addresses import MOST_OFFSET, MOST_UNIT, Address, Table
from monitoring.sources.modbus.blocks import Block, Item, split
from monitoring.sources.modbus.driver import value_of
from monitoring.sources.modbus.kind import SERIAL, item_of, line_of, whole_number_error
from monitoring.sources.modbus.line_client import ILLEGAL_ADDRESS, LineClient, ReplyError
from monitoring.sources.modbus.registers import ORDERS, decode
from monitoring.sources.session import Point, SourceError, Step

MOST_SHOWN = 125
ADJACENT = ("float32", "int32", "uint32")


async def check_connection(config: SourceConfig) -> AsyncIterator[Step]:
    """Yield the steps of a connection test, in words; end at the first one that fails."""
    line = line_of(config.fields)
    name = "Open the serial device" if line.transport == SERIAL else "Open the port"
    target = line.device if line.transport == SERIAL else f"{line.host}:{line.port}"
    with closing(LineClient(line)) as client:
        yield Step(name, None, target)
        try:
            await client.connect()
        except SourceError as error:
            yield Step(name, False, str(error))
            return
        yield Step(name, True, target)
        for item in first_of_units(config):
            yield await answer(client, item)


def first_of_units(config: SourceConfig) -> list[Item]:
    """Return one value of each unit that has mappings; without any, register 0 of unit 1."""
    items = [item_of(rule) for rule in config.rules] or [item_of(MappingRule("1:holding:0", ""))]
    return list({item.address.unit: item for item in reversed(items)}.values())[::-1]


async def answer(client: LineClient, item: Item) -> Step:
    """Return whether the unit of an item answers, with the value."""
    name = f"Read {item.address} ({item.address.number}) of unit {item.address.unit}"
    try:
        found = await client.read(Block((item,)))
    except ReplyError as error:
        if error.code is None:
            text = "No answer. Are unit number, transport, baud rate and parity right?"
            return Step(name, False, text)
        return Step(name, True, f"The unit answers, but not for this register: {error.word}.")
    except (ConnectionError, SourceError) as error:
        return Step(name, False, str(error))
    return Step(name, True, f"{value_of(item, found):g}")


async def discover(config: SourceConfig, parameters: Mapping[str, object]) -> AsyncIterator[Point]:
    """Yield the registers from ``start`` on: at most 125 of ``table`` of ``unit``, with possible meanings.

    The suggestion of a register lists under ``choices`` the numbers that it has as each type and order.

    Raises:
        SourceError: the parameters are invalid, or the line or the unit does not answer.
    """
    first, count = range_of(parameters)
    with closing(LineClient(line_of(config.fields))) as client:
        await client.connect()
        try:
            found = await read_existing(client, first, count)
        except ReplyError as error:
            raise SourceError(f"Unit {first.unit}: {error.word}.") from error
        except ConnectionError as error:
            raise SourceError("The connection to the device is lost.") from error
    for offset, value in found.items():
        address = Address(first.unit, first.table, offset)
        yield Point(str(address), raw_of(value, first.table), suggestion_of(address, found))


def range_of(parameters: Mapping[str, object]) -> tuple[Address, int]:
    """Return the first address and the number of elements that the parameters ask for.

    Raises:
        SourceError: a parameter is invalid.
    """
    given = {"unit": "1", "table": "holding", "start": "0", "count": "50"} | {
        name: str(value) for name, value in parameters.items()
    }
    limits = {"unit": (0, MOST_UNIT), "start": (0, MOST_OFFSET), "count": (1, MOST_SHOWN)}
    for name, (lowest, highest) in limits.items():
        if (error := whole_number_error(given[name], lowest, highest)) or not given[name].strip():
            raise SourceError(f"{name}: {error or 'expected a number.'}")
    if given["table"] not in tuple(Table):
        raise SourceError(f"table: use one of {', '.join(Table)}.")
    start = int(given["start"])
    first = Address(int(given["unit"]), Table(given["table"]), start)
    return first, min(int(given["count"]), MOST_OFFSET + 1 - start)


async def read_existing(client: LineClient, first: Address, count: int) -> dict[int, int]:
    """Return the elements that exist, by offset; a refused block is read again in halves.

    Raises:
        ReplyError: the unit does not answer, or refuses all; ConnectionError: the connection is lost.
    """
    rule = MappingRule(str(first), "")
    whole = Block(
        tuple(Item(rule, Address(first.unit, first.table, first.offset + n), 1) for n in range(count))
    )
    found: dict[int, int] = {}
    waiting, refused = [whole], None
    while waiting:
        block = waiting.pop(0)
        try:
            values = await client.read(block)
        except ReplyError as error:
            if error.code != ILLEGAL_ADDRESS:
                raise
            refused = error
            waiting += split(block) if len(block.items) > 1 else []
        else:
            found |= {block.start + place: value for place, value in enumerate(values)}
    if refused and not found:
        raise refused
    return dict(sorted(found.items()))


def raw_of(value: int, table: Table) -> str:
    """Return an element as a person reads it."""
    return str(value) if table.is_bits else f"{value} (0x{value:04X})"


def suggestion_of(address: Address, found: Mapping[int, int]) -> dict[str, object]:
    """Return the kind of the tag, and the numbers that the register may be the first word of."""
    if address.table.is_bits:
        return {"kind": "discrete", "states": {"0": "off", "1": "on"}}
    first = found[address.offset]
    choices = [
        {"type": kind, "order": "ABCD", "value": shown(decode([first], kind))} for kind in ("uint16", "int16")
    ]
    if (second := found.get(address.offset + 1)) is not None:
        choices += [
            {"type": kind, "order": order, "value": shown(decode([first, second], kind, order))}
            for kind in ADJACENT
            for order in ORDERS
        ]
    return {"number": address.number, "choices": choices}


def shown(value: float) -> str:
    """Return a number in few digits, as JSON has neither NaN nor infinity."""
    return f"{value:.7g}"
