"""Readings as they arrive: what one source sent at one time, and several such deliveries side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import numpy as np

from monitoring.ingest.reading_columns import ReadingColumns, joined
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import to_micros


@dataclass(frozen=True, slots=True)
class Delivery:
    """The items of one request, and the time at which they arrived.

    ``source`` is recorded with rejections. It is None for readings that arrived earlier, such as those of a
    replay: their rejections are not recorded, and they say nothing about a clock. ``senders`` names the
    source of each item, if these differ, for the record of replaced values.
    """

    items: Sequence[object]
    source: str | None
    received: datetime
    senders: Sequence[str] | None = None


# Returns the deliveries to store; called as late as possible, so that many take part.
Collect = Callable[[], Sequence[Delivery]]


def items_of(deliveries: Sequence[Delivery]) -> Sequence[object]:
    """Return the items of all deliveries, in order."""
    if len(deliveries) == 1:
        return deliveries[0].items
    columns = [delivery.items for delivery in deliveries if isinstance(delivery.items, ReadingColumns)]
    if len(columns) == len(deliveries) > 1:
        return joined(columns)
    return [*chain.from_iterable(delivery.items for delivery in deliveries)]


def senders_of(deliveries: Sequence[Delivery]) -> list[str]:
    """Return the source of each item."""
    return [
        sender
        for delivery in deliveries
        for sender in delivery.senders or [delivery.source or ""] * len(delivery.items)
    ]


def received_of(deliveries: Sequence[Delivery]) -> Sequence[datetime]:
    """Return the time at which each item arrived."""
    times = [[delivery.received] * len(delivery.items) for delivery in deliveries]
    return times[0] if len(times) == 1 else [*chain.from_iterable(times)]


def earliest_of(deliveries: Sequence[Delivery]) -> datetime:
    """Return the time at which the first delivery arrived."""
    return min(delivery.received for delivery in deliveries)


def received_us_of(deliveries: Sequence[Delivery]) -> IntArray:
    """Return the time at which each of n items arrived, in microseconds since 1970; shape (n,)."""
    times_us = [to_micros(delivery.received) for delivery in deliveries]
    return np.repeat(times_us, [len(delivery.items) for delivery in deliveries])


def slices_of(deliveries: Sequence[Delivery]) -> list[slice]:
    """Return the positions of each delivery among all items."""
    ends = np.cumsum([len(delivery.items) for delivery in deliveries]).tolist()
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
