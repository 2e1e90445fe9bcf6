"""Novelty: has such a value ever been seen?"""

from array import array
from dataclasses import dataclass, field
from typing import Any

from monitoring.detection.detectors.course import DAY, Course, Refit
from monitoring.detection.detectors.sorted_values import SortedValues, Spot
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

MEMORY = 8000  # values
FIRST = 50  # values before anything can be new
GRACE = 900  # readings before anything is found
OUTSIDE = 1.5  # what lies outside all that was seen counts more than what lies in a gap of it
EDGE = 0.001  # of the values on either side: what they are does not stretch the spread
GATE = 100  # readings: only the newest thing among them is news
FIND = 0.1
DAMPING = 0.5
HABIT_FADE = 0.5 ** (1 / 5000)  # a reading
NOWHERE = (0, 0)
NOTHING = (0.0, 0.0)


@dataclass(slots=True)
class Novelty(Stateful):
    """The distance from all of the last 8000 values over their spread, Q99.9 - Q0.1.

    1.5 · distance / spread outside of them, distance to the nearest / spread inside. Finds what is
    outside and above ``threshold``, and above ``margin`` times the most that was met, which fades by half
    in three days at 1 Hz. ``grade`` in [0, 1) is the same as a graded score of its own: s / (1 + s),
    s the novelty where it is the greatest of 100 readings, over 1 + h / 2, h the finds of late (half-life
    5000 readings).

    Grace: 900 readings (50 for the grade). Source: one-class nearest neighbours, Tax & Duin (2000).
    """

    threshold: float = 1.5
    margin: float = 1.2
    ring: "array[float]" = field(default_factory=lambda: array("d"), init=False)
    place: int = field(default=0, init=False)
    values: SortedValues = field(default_factory=SortedValues, init=False)
    gate: list[tuple[float, int]] = field(default_factory=list, init=False)  # falling, with their numbers
    habit: float = field(default=0.0, init=False)
    count: int = field(default=0, init=False)
    record: float = field(default=0.0, init=False)
    present: float = field(default=0.0, init=False)
    is_outside: bool = field(default=False, init=False)
    grade: float = field(default=0.0, init=False)
    spot: Spot = field(default=NOWHERE, init=False)  # of the present value
    seen: tuple[float, float] = field(default=NOTHING, init=False)  # the bounds that a value left

    STATE = ("ring", "place", "gate", "habit", "count", "record")

    def score(self, course: Course) -> float:
        """See ``Detector.score``."""
        value = course.value
        spot = self.spot = self.values.find(value)
        present = self.present = self._distance(value, spot) if self.count >= FIRST else 0.0
        self.grade = self._grade(present)
        if self.count < GRACE or not self.is_outside:
            return 0.0
        return min(self.present / max(self.threshold, self.margin * self.record), 1000.0)

    def _distance(self, value: float, spot: Spot) -> float:
        values = self.values
        low, high, spread = values.bounds or values.measure(int(EDGE * (len(self.ring) - 1)))
        is_outside = self.is_outside = not low < value <= high
        if not is_outside:
            distance = values.distance(value, spot)
        else:
            self.seen = low, high
            distance = OUTSIDE * (low - value if value <= low else value - high)
        if not distance:
            return 0.0
        spread = spread or high - low
        return distance / spread if distance < 1e6 * spread else 1e6

    def _grade(self, score: float) -> float:
        if self.habit:
            self.habit *= HABIT_FADE
        gate, oldest = self.gate, self.count - GATE
        while gate and gate[0][1] <= oldest:
            del gate[0]
        damped = 0.0
        if not gate or score > gate[0][0]:
            damped = score / (1 + DAMPING * self.habit)
            if score > FIND:
                self.habit += 1
        while gate and gate[-1][0] <= score:
            gate.pop()
        gate.append((score, self.count))
        return damped / (1 + damped) if damped else 0.0

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``."""
        value, values, ring, place = course.value, self.values, self.ring, self.place
        self.count += 1
        self.record *= FADE
        if self.is_outside and self.count > FIRST and self.present > self.record:
            self.record = self.present
        values.add(value, self.spot)
        if len(ring) < MEMORY:
            ring.append(value)
            values.bounds = None  # more of the values are at the edges now
            return
        values.remove(ring[place])
        ring[place] = value
        self.place = (place + 1) % MEMORY

    def let_go(self) -> None:
        """Forgets what is only of the present reading."""
        self.spot, self.present = NOWHERE, 0.0

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``."""
        Stateful.restore(self, state)
        self.values = SortedValues(self.ring)

    def adjust(self, refit: Refit) -> None:
        """Nothing of it hangs on the cycles."""

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        low, high = (words.amount(course.origin + bound) for bound in self.seen)
        seen = f"between {low} and {high}" if low != high else f"always {low}"
        return (
            "never seen",
            f"{words.name} is at {words.amount(course.origin + course.value)}; of late it was {seen}",
        )


FADE = 0.5 ** (1 / (3 * DAY))
