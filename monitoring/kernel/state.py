"""Save and restore the state of objects that continue after a restart."""

from array import array
from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import Any, ClassVar


class Stateful:
    """An object with the state in the attributes that ``STATE`` names.

    Values may be numbers, None, text, tuples of these, deques and arrays of these, other stateful objects
    and lists of stateful objects. The constructor makes all other attributes.
    """

    __slots__ = ()
    STATE: ClassVar[tuple[str, ...]] = ()

    def state(self) -> list[Any]:
        """Return the state as values that msgpack can encode."""
        return [packed(getattr(self, name)) for name in self.STATE]

    def restore(self, state: list[Any]) -> None:
        """Restore a saved state.

        Raises:
            ValueError: the state has another shape.
        """
        for name, value in zip(self.STATE, state, strict=True):
            setattr(self, name, unpacked(getattr(self, name), value))


def packed(value: Any) -> Any:
    """Return an attribute as plain values."""
    if isinstance(value, Stateful):
        return value.state()
    if isinstance(value, array):
        return value.tobytes()
    if isinstance(value, list):
        return [packed(item) for item in value]
    return list(value) if isinstance(value, deque) else value


def unpacked(present: Any, value: Any) -> Any:
    """Return the saved attribute, in the type of the present value."""
    if isinstance(present, Stateful):
        present.restore(value)
        return present
    if isinstance(present, array):
        return array(present.typecode, value)
    if isinstance(present, list) and present and isinstance(present[0], Stateful):
        return [unpacked(one, other) for one, other in zip(present, value, strict=True)]
    if isinstance(present, deque):
        return deque(value, present.maxlen)
    return list(value) if isinstance(present, list) else value


def rows_of(numbers: "array[float]", width: int) -> list[list[float]]:
    """Return the rows of a concatenated array as lists."""
    return [numbers[start : start + width].tolist() for start in range(0, len(numbers), width)]


def flat(rows: Iterable[Iterable[float]]) -> "array[float]":
    """Return the concatenation of rows as an array."""
    return array("d", chain.from_iterable(rows))
