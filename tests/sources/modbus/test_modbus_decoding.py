"""Addresses, types and blocks of Modbus, without a device."""

import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.config import MappingRule
from monitoring.sources.modbus.addresses import Address, Table, parse_address
from monitoring.sources.modbus.blocks import Block, Item, plan, split
from monitoring.sources.modbus.kind import KIND, line_of
from monitoring.sources.modbus.registers import ORDERS, TYPES, decode


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("1:holding:0", Address(1, Table.HOLDING, 0)),
        ("40001", Address(1, Table.HOLDING, 0)),
        ("7:400108", Address(7, Table.HOLDING, 107)),
        ("2:30010", Address(2, Table.INPUT, 9)),
        ("00001", Address(1, Table.COIL, 0)),
        ("255:10016", Address(255, Table.DISCRETE, 15)),
        (" 3:Input:65535 ", Address(3, Table.INPUT, 65_535)),
    ],
)
def test_addresses_are_read_in_both_forms(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address
    assert parse_address(f"{address.unit}:{address.number}") == address


@pytest.mark.parametrize("text", ["", "holding", "40000", "256:40001", "1:holding:65536", "50001", "1:2:3"])
def test_other_texts_are_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="40001"):
        parse_address(text)


@given(st.sampled_from([name for name in TYPES if name != "bit"]), st.sampled_from(ORDERS), st.data())
def test_a_number_is_read_back_in_any_type_and_order(kind: str, order: str, data: st.DataObject) -> None:
    size, code = TYPES[kind]
    raw = data.draw(st.binary(min_size=2 * size, max_size=2 * size))
    (number,) = struct.unpack(f">{code}", raw)
    words = [raw[place : place + 2] for place in range(0, len(raw), 2)]
    words = words[::-1] if order in ("CDAB", "DCBA") else words
    words = [word[::-1] for word in words] if order in ("BADC", "DCBA") else words
    registers = [int.from_bytes(word, "big") for word in words]
    assert decode(registers, kind, order) == pytest.approx(float(number), rel=0, abs=0, nan_ok=True)


def test_each_order_reads_37_5() -> None:
    registers = {"ABCD": [0x4216, 0x0000], "CDAB": [0, 0x4216], "BADC": [0x1642, 0], "DCBA": [0, 0x1642]}
    assert {order: decode(words, "float32", order) for order, words in registers.items()} == dict.fromkeys(
        ORDERS, 37.5
    )


def test_bits_of_a_register_count_from_the_least_significant() -> None:
    assert [decode([0b1000_0000_0000_0101], "bit", bit=bit) for bit in (0, 1, 2, 15)] == [1, 0, 1, 1]


def item(offset: int, length: int = 2, unit: int = 1, table: Table = Table.HOLDING) -> Item:
    return Item(MappingRule(f"{unit}:{table}:{offset}", f"t{offset}"), Address(unit, table, offset), length)


def in_order(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda each: (each.address, each.length))


ITEMS = st.lists(
    st.builds(
        item,
        st.integers(0, 400),
        st.sampled_from([1, 2, 4]),
        st.integers(1, 2),
        st.sampled_from([Table.HOLDING, Table.INPUT]),
    ),
    min_size=1,
    max_size=40,
)


@given(ITEMS, st.integers(0, 20), st.integers(4, 125))
def test_blocks_read_each_item_once_within_the_limits_of_the_device(items, gap: int, most: int) -> None:
    blocks = plan(items, gap=gap, most=most)
    assert in_order(each for block in blocks for each in block.items) == in_order(items)
    for block in blocks:
        assert block.count <= most
        assert {(each.address.unit, each.address.table) for each in block.items} == {
            (block.unit, block.table)
        }
        covered = {place for each in block.items for place in range(each.address.offset, each.end)}
        holes = [place for place in range(block.start, block.start + block.count) if place not in covered]
        assert len(holes) <= gap * (len(block.items) - 1)


@given(ITEMS, st.integers(0, 20))
def test_a_refused_block_is_split_until_each_item_stands_alone(items, gap: int) -> None:
    waiting, alone = plan(items, gap=gap, most=125), []
    while waiting:
        block = waiting.pop()
        if len(block.items) == 1:
            alone.append(block)
            continue
        parts = split(block)
        assert len(parts) > 1
        assert [each for part in parts for each in part.items] == list(block.items)
        waiting += parts
    assert in_order(block.items[0] for block in alone) == in_order(items)


def test_a_block_is_split_where_registers_are_skipped_first() -> None:
    (block,) = plan([item(0), item(2), item(10), item(12)], gap=16, most=125)
    assert split(block) == [Block((item(0), item(2))), Block((item(10), item(12)))]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"host": "10.0.0.9"}, set()),
        ({"transport": "serial", "device": "/dev/serial/by-id/usb-FTDI_A1-if00-port0"}, set()),
        ({"transport": "serial", "device": "COM3"}, set()),
        ({"transport": "serial", "device": "/etc/passwd"}, {"device"}),
        ({"transport": "serial", "device": "/dev/tty/../sda"}, {"device"}),
        ({}, {"host"}),
        ({"host": "169.254.169.254"}, {"host"}),
        (
            {"host": "10.0.0.9", "port": "70000", "timeout_ms": "x", "parity": "Z"},
            {"port", "timeout_ms", "parity"},
        ),
        ({"host": "10.0.0.9", "transport": "udp"}, {"transport"}),
    ],
)
def test_the_form_names_each_wrong_field(fields: dict[str, str], names: set[str]) -> None:
    assert set(KIND.check(fields)) == names


def test_fields_left_out_have_the_defaults_of_the_form() -> None:
    line = line_of({"host": "10.0.0.9"})
    assert (line.port, line.timeout_s, line.most_registers, line.gap) == (502, 0.5, 125, 16)


@pytest.mark.parametrize(
    ("address", "options", "names"),
    [
        ("40001", {"type": "float32", "order": "CDAB", "interval_ms": 100}, set()),
        ("1:coil:3", {}, set()),
        ("1:coil:3", {"type": "float32"}, {"options"}),
        ("40001", {"type": "text"}, {"options"}),
        ("40001", {"interval_ms": "1"}, {"options"}),
        ("40001", {"speed": 1}, {"options"}),
        ("register 5", {}, {"address"}),
    ],
)
def test_a_mapping_names_each_wrong_field(address: str, options: dict[str, object], names: set[str]) -> None:
    assert set(KIND.check_mapping({"address": address, "options": options})) == names
