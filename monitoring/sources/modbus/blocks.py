"""Blocks: neighbouring registers that one request reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitoring.sources.config import MappingRule
from monitoring.sources.modbus.addresses import Address, Table

MOST_BITS = 2000  # of a request, by the protocol
MOST_REGISTERS = 125


@dataclass(frozen=True, slots=True)
class Item:
    """A value to read: the rule, the address, and how many registers or bits the value has."""

    rule: MappingRule
    address: Address
    length: int

    @property
    def end(self) -> int:
        """Return the offset after the last register."""
        return self.address.offset + self.length


@dataclass(frozen=True, slots=True)
class Block:
    """Items of one unit and table, in order of their offsets, that one request reads."""

    items: tuple[Item, ...]

    @property
    def unit(self) -> int:
        """Return the unit that answers."""
        return self.items[0].address.unit

    @property
    def table(self) -> Table:
        """Return the table of all items."""
        return self.items[0].address.table

    @property
    def start(self) -> int:
        """Return the first offset."""
        return self.items[0].address.offset

    @property
    def count(self) -> int:
        """Return the number of registers or bits to read."""
        return max(item.end for item in self.items) - self.start


def plan(items: Iterable[Item], *, gap: int, most: int) -> list[Block]:
    """Return blocks that read all items in few requests.

    A block skips at most ``gap`` elements between items, and has at most ``most`` registers, or
    ``MOST_BITS`` bits; both are limits of devices.
    """
    blocks: list[list[Item]] = []
    for item in sorted(items, key=lambda item: (item.address, item.length)):
        if blocks and _fits(blocks[-1], item, gap, most):
            blocks[-1].append(item)
        else:
            blocks.append([item])
    return [Block(tuple(each)) for each in blocks]


def _fits(block: Sequence[Item], item: Item, gap: int, most: int) -> bool:
    first = block[0].address
    if (first.unit, first.table) != (item.address.unit, item.address.table):
        return False
    end = max(each.end for each in block)
    longest = MOST_BITS if first.table.is_bits else most
    return item.address.offset - end <= gap and max(end, item.end) - first.offset <= longest


def split(block: Block) -> list[Block]:
    """Return smaller blocks with the same items: parted where elements are skipped, else in halves.

    Devices refuse a whole request if one of the registers does not exist (exception 2).
    """
    cuts, end = [], block.items[0].end
    for place, (before, after) in enumerate(pairwise(block.items), 1):
        end = max(end, before.end)
        if after.address.offset > end:
            cuts.append(place)
    if not cuts:
        cuts = [len(block.items) // 2]
    edges = [0, *cuts, len(block.items)]
    return [Block(block.items[begin:stop]) for begin, stop in pairwise(edges) if stop > begin]
