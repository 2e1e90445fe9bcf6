"""The rule for tags that keep the last of several values at one time."""

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import NamedTuple


class Arrival(Enum):
    """The relation of a reading to the values of the same time that arrived earlier."""

    FIRST = auto()
    AGAIN = auto()
    REPLACES = auto()


class Settled(NamedTuple):
    """The final value, the relation of each reading, and the replacements (old, new) in order."""

    value: float
    arrivals: list[Arrival]
    replacements: list[tuple[float, float]]


def keep_last(stored: float | None, replaced: Collection[float], sent: Sequence[float]) -> Settled:
    """Settle the values ``sent`` for one time, in order of arrival; at least one.

    ``stored`` is the current value (None if there is none), ``replaced`` are earlier values. A replaced value
    does not return: sources send again when a response is lost, and a batch [1, 2] that is sent twice must
    end with 2 both times.

    Raises:
        ValueError: ``sent`` is empty.
    """
    standing, gone = stored, set(replaced)
    arrivals: list[Arrival] = []
    replacements: list[tuple[float, float]] = []
    for value in sent:
        if standing is None:
            standing = value
            arrivals.append(Arrival.FIRST)
        elif value == standing or value in gone:
            arrivals.append(Arrival.AGAIN)
        else:
            gone.add(standing)
            replacements.append((standing, value))
            standing = value
            arrivals.append(Arrival.REPLACES)
    if standing is None:
        raise ValueError("nothing was sent")
    return Settled(standing, arrivals, replacements)
