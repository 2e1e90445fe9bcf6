"""The rule for tags that keep the last of several values at one time."""

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import NamedTuple


class Arrival(Enum):
    """What a reading is to the values of its time that arrived earlier."""

    FIRST = auto()
    AGAIN = auto()
    REPLACES = auto()


class Settled(NamedTuple):
    """The value that stands in the end, what each reading was, and the replacements (old, new) in order."""

    value: float
    arrivals: list[Arrival]
    replacements: list[tuple[float, float]]


def keep_last(stored: float | None, replaced: Collection[float], sent: Sequence[float]) -> Settled:
    """Settle the values that were ``sent`` for one time, in order of arrival; at least one.

    ``stored`` is the value that stands (None: none), ``replaced`` are those that stood earlier. Such a value
    does not come back: sources send again when an answer is lost, and a batch [1, 2] that is sent twice has
    to end with 2 both times.
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
