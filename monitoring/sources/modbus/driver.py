"""Poll the units of a Modbus line on the grid of whole intervals.

Samples carry the time of the grid, so two collectors that poll at the same time make duplicates. One unit
that does not answer costs a time-out and is then asked less often, so that the others stay on time.
"""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

from monitoring.kernel.clock import current_micros
from monitoring.models import Quality
from monitoring.sources.modbus.blocks import Block, Item, plan, split
from monitoring.sources.modbus.kind import Line, item_of, line_of, option
from monitoring.sources.modbus.line_client import ILLEGAL_ADDRESS, NO_ANSWER, LineClient, ReplyError
from monitoring.sources.modbus.registers import decode
from monitoring.sources.session import Sample, Session, SourceError, State

MILLION = 1_000_000
PAUSES_S = (0.0, 1.0, 2.0, 4.0, 8.0, 10.0)  # of a unit, after so many failures on end
SILENT_POLLS = 3  # of all units, before the connection counts as lost
FULL = "Fermon could not store as fast as the device was polled."
AWAY = "There were no polls: Fermon or the device was away."
SLOW = "slow"


async def run(session: Session) -> None:
    """Poll until cancelled.

    Raises:
        SourceError: the line can't be opened, or no unit answers any more.
    """
    line = line_of(session.config.fields)
    client = LineClient(line)
    session.state(State.CONNECTING)
    try:
        await client.connect()
        poller = Poller(session, client, line)
        await poller.mark_absence()
        while True:
            await poller.poll_next()
    except ConnectionError as error:
        mark_silent(session)
        raise SourceError("The connection to the device is lost.") from error
    except SourceError:
        mark_silent(session)
        raise
    finally:
        client.close()


def mark_silent(session: Session) -> None:
    """Begin a span of bad quality for all tags; the first good value after the connection is back ends it."""
    tags = [rule.tag for rule in session.config.rules]
    session.quality(tags, Quality.BAD, time_us=time.time_ns() // 1000, word=NO_ANSWER)


class Poller:
    """The polls of one line: one group a unit and interval."""

    def __init__(self, session: Session, client: LineClient, line: Line) -> None:
        self.session, self.client, self.line = session, client, line
        items: defaultdict[tuple[int, int], list[Item]] = defaultdict(list)
        for rule in session.config.rules:
            item = item_of(rule)
            items[item.address.unit, int(option(rule, "interval_ms"))].append(item)
        if not items:
            raise SourceError("No register is mapped to a tag yet. Add one on the source's page.")
        now_ms = time.time_ns() // MILLION
        self.groups = [
            Group(
                unit,
                interval,
                plan(of_unit, gap=line.gap, most=line.most_registers),
                next_tick(now_ms, interval),
            )
            for (unit, interval), of_unit in sorted(items.items())
        ]
        self.failures: dict[int, int] = dict.fromkeys((group.unit for group in self.groups), 0)
        self.asked_again: dict[int, float] = {}
        self.is_connected = False
        self.bad = {rule.tag for rule in session.config.rules}  # or unknown, before the first poll
        self.full_since: int | None = None

    async def mark_absence(self) -> None:
        """Mark the time since the newest stored value as a gap, if polls are missing there."""
        tags = {item.rule.tag: group.interval_ms for group in self.groups for item in group.items()}
        newest = await self.session.newest(list(tags))
        now_us = current_micros()
        for tag, last in newest.items():
            if now_us - last > 2000 * tags[tag]:
                self.session.gap(last, now_us, AWAY, tags=[tag])

    async def poll_next(self) -> None:
        """Wait for the next group that is due, and poll it; skip polls that are missed meanwhile."""
        group = min(self.groups, key=lambda group: group.due_ms)
        await asyncio.sleep(max(0.0, group.due_ms / 1000 - time.time()))
        tick_ms = group.due_ms
        if time.monotonic() >= self.asked_again.get(group.unit, 0.0):
            await self._poll(group, tick_ms)
        now_ms = time.time_ns() // MILLION
        group.due_ms = max(
            tick_ms + group.interval_ms, next_tick(now_ms - group.interval_ms, group.interval_ms)
        )
        if abs(group.due_ms - now_ms) > 2 * group.interval_ms:  # the clock was set
            group.due_ms = next_tick(now_ms, group.interval_ms)
        self._tell_pace(group, skipped=(group.due_ms - tick_ms) // group.interval_ms - 1)

    async def _poll(self, group: "Group", tick_ms: int) -> None:
        samples: list[Sample] = []
        is_answered = True
        for block in list(group.blocks):
            try:
                found = await self.client.read(block)
            except ReplyError as error:
                is_answered = error.code is not None
                self._refuse(group, block, error, tick_ms)
                if not is_answered:
                    break
            else:
                samples += self._samples(block, found, tick_ms)
            if self.line.pause_s:
                await asyncio.sleep(self.line.pause_s)
        self._count(group.unit, is_answered=is_answered, tick_ms=tick_ms)
        if samples:
            self._hand_over(samples, tick_ms)

    def _samples(self, block: Block, found: Sequence[int], tick_ms: int) -> list[Sample]:
        samples = []
        for item in block.items:
            value = value_of(item, found[item.address.offset - block.start :][: item.length])
            if math.isfinite(value):
                samples.append(Sample(item.rule.tag, tick_ms * 1000, item.rule.scaled(value)))
                self._good(item.rule.tag, tick_ms)
            else:
                self._bad([item.rule.tag], tick_ms, None, "not a number")
        return samples

    def _refuse(self, group: "Group", block: Block, error: ReplyError, tick_ms: int) -> None:
        if error.code == ILLEGAL_ADDRESS and len(block.items) > 1:
            place = group.blocks.index(block)
            group.blocks[place : place + 1] = split(block)
            return
        tags = [item.rule.tag for item in (block.items if error.code is not None else group.items())]
        self._bad(tags, tick_ms, error.code, error.word)

    def _count(self, unit: int, *, is_answered: bool, tick_ms: int) -> None:
        if is_answered:
            self.failures[unit] = 0
            self.asked_again.pop(unit, None)
            self.session.notice(f"unit {unit}", "")
            self.session.confirm(tick_ms * 1000)
            if not self.is_connected:
                self.is_connected = True
                self.session.state(State.CONNECTED)
            return
        self.failures[unit] += 1
        pause = PAUSES_S[min(self.failures[unit], len(PAUSES_S)) - 1]
        self.asked_again[unit] = time.monotonic() + pause
        if self.failures[unit] > 1:
            self.session.notice(f"unit {unit}", f"Unit {unit} does not answer.")
        if min(self.failures.values()) >= SILENT_POLLS:
            raise SourceError(f"No unit answers ({NO_ANSWER} to {SILENT_POLLS} polls).")

    def _hand_over(self, samples: Sequence[Sample], tick_ms: int) -> None:
        if self.session.offer(samples):
            if self.full_since is not None:
                self.session.gap(self.full_since, tick_ms * 1000, FULL)
                self.full_since = None
        elif self.full_since is None:
            self.full_since = tick_ms * 1000

    def _bad(self, tags: Iterable[str], tick_ms: int, code: int | None, word: str) -> None:
        tags = list(tags)
        self.bad.update(tags)
        self.session.quality(tags, Quality.BAD, time_us=tick_ms * 1000, code=code, word=word)

    def _good(self, tag: str, tick_ms: int) -> None:
        if tag in self.bad:
            self.bad.discard(tag)
            self.session.quality([tag], None, time_us=tick_ms * 1000)

    def _tell_pace(self, group: "Group", *, skipped: int) -> None:
        group.late = group.late + 1 if skipped > 0 else 0
        if group.late == SILENT_POLLS:
            self.session.notice(
                f"{SLOW} {group.unit}",
                f"Unit {group.unit} can't be read every {group.interval_ms} ms: polls are skipped."
                " Choose a longer interval or fewer registers.",
            )
        elif not group.late:
            self.session.notice(f"{SLOW} {group.unit}", "")


class Group:
    """The blocks of one unit with one interval. ``due_ms`` is the next time of the grid."""

    def __init__(self, unit: int, interval_ms: int, blocks: list[Block], due_ms: int) -> None:
        self.unit, self.interval_ms, self.blocks, self.due_ms = unit, interval_ms, blocks, due_ms
        self.late = 0  # polls on end after which others were skipped

    def items(self) -> list[Item]:
        """Return the items of all blocks."""
        return [item for block in self.blocks for item in block.items]


def next_tick(now_ms: int, interval_ms: int) -> int:
    """Return the first time of the grid after a time, in milliseconds since 1970."""
    return (now_ms // interval_ms + 1) * interval_ms


def value_of(item: Item, elements: Sequence[int]) -> float:
    """Return the value of an item in its registers or its bit."""
    if item.address.table.is_bits:
        return float(elements[0])
    rule = item.rule
    return decode(elements, option(rule, "type"), option(rule, "order"), int(option(rule, "bit")))
