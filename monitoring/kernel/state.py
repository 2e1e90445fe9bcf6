"""Whatever goes on after a restart where it was: its state, as plain values."""

from array import array
from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import Any, ClassVar


class Stateful:
    """An object whose state is the attributes that ``STATE`` names.

    They may be numbers, None, text, tuples of these, deques and arrays of them, other stateful objects
    and lists of stateful objects. All else is made anew by the constructor.
    """

    __slots__ = ()
    STATE: ClassVar[tuple[str, ...]] = ()

    def state(self) -> list[Any]:
        """The state as values that msgpack knows."""
        return [packed(getattr(self, name)) for name in self.STATE]

    def restore(self, state: list[Any]) -> None:
        """Takes on a state.

        Raises:
            ValueError: it has another shape.
        """
        for name, value in zip(self.STATE, state, strict=True):
            setattr(self, name, unpacked(getattr(self, name), value))


def packed(value: Any) -> Any:
    """An attribute as plain values."""
    if isinstance(value, Stateful):
        return value.state()
    if isinstance(value, array):
        return value.tobytes()
    if isinstance(value, list):
        return [packed(item) for item in value]
    return list(value) if isinstance(value, deque) else value


def unpacked(present: Any, value: Any) -> Any:
    """The attribute whose present value is to be replaced by a saved one."""
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
    """An array of rows, one behind another, as plain values."""
    return [numbers[start : start + width].tolist() for start in range(0, len(numbers), width)]


def flat(rows: Iterable[Iterable[float]]) -> "array[float]":
    """The array of these rows."""
    return array("d", chain.from_iterable(rows))
