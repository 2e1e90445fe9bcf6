"""Novelty: a value unlike any value seen before."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.detection.detectors.counted_steps import CountedSteps, counted_steps, no_steps
from monitoring.detection.detectors.forecaster import DAY, Forecaster, Refit
from monitoring.detection.detectors.packed_ring import PackedRing
from monitoring.detection.detectors.sentences import value_and_bounds
from monitoring.detection.detectors.sorted_values import Position, SortedValues
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

MEMORY = 8000  # values
FIRST = 50  # values before the first score
GRACE = 900  # readings before the first finding
OUTSIDE = 1.5  # a value outside of all others counts more than one in a gap
EDGE = 1000  # values of which the spread leaves out one on either side
GATE = 100  # readings: only the greatest score among them counts
FIND = 0.1
DAMPING = 0.5
FINDS_FADE = 0.5 ** (1 / 5000)  # a reading
NOWHERE = (0, 0)
NOTHING = (0.0, 0.0)


@dataclass(slots=True)
class Novelty(Stateful):
    """Distance from all of the last 8000 values over their spread, Q99.9 - Q0.1.

    1.5 · distance / spread outside of the values, distance to the nearest / spread inside. A finding lies
    outside, above ``threshold`` and above ``margin`` times the peak, which fades by half in three days at 1
    Hz. ``grade`` in [0, 1) is the same as a graded score: s / (1 + s), s the novelty where it is the greatest
    of 100 readings, over 1 + h / 2, h the recent finds (half-life 5000 readings).

    Grace: 900 readings (50 for the grade). Source: one-class nearest neighbours, Tax & Duin (2000).
    """

    threshold: float = 1.5
    margin: float = 1.2
    ring: PackedRing = field(default_factory=lambda: PackedRing(MEMORY), init=False)
    values: CountedSteps | SortedValues = field(default_factory=no_steps, init=False)
    gate: list[tuple[float, int]] = field(
        default_factory=list, init=False
    )  # falling scores, with their reading numbers
    recent_finds: float = field(default=0.0, init=False)
    count: int = field(default=0, init=False)
    peak: float = field(default=0.0, init=False)
    present: float = field(default=0.0, init=False)
    is_outside: bool = field(default=False, init=False)
    grade: float = field(default=0.0, init=False)
    position: Position = field(default=NOWHERE, init=False)  # of the present value
    seen: tuple[float, float] = field(
        default=NOTHING, init=False
    )  # lowest and highest value before the present one

    STATE = ("gate", "recent_finds", "count", "peak")

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``."""
        value = forecaster.value
        position = self.values.find(value)
        if position is None:
            position = self._make_place(value)
        self.position = position
        present = self.present = self._distance(value, position) if self.count >= FIRST else 0.0
        self.grade = self._grade(present)
        if self.count < GRACE or not self.is_outside:
            return 0.0
        return min(self.present / max(self.threshold, self.margin * self.peak), 1000.0)

    def _make_place(self, value: float) -> Position:
        """Hold the values in a form that has a place for this one; return the position."""
        self.values = in_order(self.values.values(), self.ring.offset, value)
        return self.values.find(value) or NOWHERE

    def _distance(self, value: float, position: Position) -> float:
        values = self.values
        low, high, spread = values.bounds or values.measure((len(self.ring) - 1) // EDGE)
        is_outside = self.is_outside = not low < value <= high
        if not is_outside:
            distance = values.distance(value, position)
        else:
            self.seen = low, high
            distance = OUTSIDE * (low - value if value <= low else value - high)
        if not distance:
            return 0.0
        spread = spread or high - low
        return distance / spread if distance < 1e6 * spread else 1e6

    def _grade(self, score: float) -> float:
        if self.recent_finds:
            self.recent_finds *= FINDS_FADE
        gate, oldest = self.gate, self.count - GATE
        while gate and gate[0][1] <= oldest:
            del gate[0]
        damped = 0.0
        if not gate or score > gate[0][0]:
            damped = score / (1 + DAMPING * self.recent_finds)
            if score > FIND:
                self.recent_finds += 1
        while gate and gate[-1][0] <= score:
            gate.pop()
        gate.append((score, self.count))
        return damped / (1 + damped) if damped else 0.0

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``."""
        value, values, ring = forecaster.value, self.values, self.ring
        self.count += 1
        self.peak *= FADE
        if self.is_outside and self.count > FIRST and self.present > self.peak:
            self.peak = self.present
        values.add(value, self.position)
        if ring.is_full:
            values.remove(ring.replace(value))
            if not ring.index:  # of each round, once: values on no step, or far from the others, may be gone
                self.values = in_order(self.values.values(), ring.offset)
        else:
            ring.append(value)
            if ring.offset != forecaster.origin:
                self.count_from(forecaster.origin)
            if not (len(ring) - 1) % EDGE:  # the edges of the spread have moved
                self.values.bounds = None

    def count_from(self, origin: float) -> None:
        """Set the value that has been subtracted from the readings: a saved state does not contain it."""
        self.ring.offset = origin
        self.values = in_order(np.array(self.ring.values()), origin)

    def let_go(self) -> None:
        """Drop the values that belong to the present reading only."""
        self.position, self.present = NOWHERE, 0.0

    def state(self) -> list[Any]:
        """See ``Stateful.state``; the ring comes first."""
        return [*self.ring.state(), *Stateful.state(self)]

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``; ``count_from`` has to follow."""
        ring, index, *others = state
        Stateful.restore(self, others)
        self.ring.restore(ring, index)

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        return max(0, GRACE - self.count)

    def adjust(self, refit: Refit) -> None:
        """Do nothing: novelty is independent of the harmonics."""

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        low, high = (forecaster.origin + bound for bound in self.seen)
        texts = value_and_bounds(words, forecaster.origin + forecaster.value, low, high)
        (value, lowest, highest), name = texts, words.name
        seen = f"between {lowest} and {highest}" if lowest != highest else f"always {lowest}"
        return "never seen", f"{name} is at {value}; of late it was {seen}"


def in_order(values: FloatArray, offset: float, expected: float | None = None) -> CountedSteps | SortedValues:
    """Return the values, of shape (n,), in the form that takes less memory; see ``counted_steps``."""
    return counted_steps(values, offset, expected) or SortedValues(values)


FADE = 0.5 ** (1 / (3 * DAY))
