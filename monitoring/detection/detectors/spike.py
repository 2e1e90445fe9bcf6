"""Spike: a reading far from what the readings just before it foretell."""

import math
from dataclasses import dataclass, field

from monitoring.detection.detectors.course import BLOCK, DAY, Course, Refit
from monitoring.detection.detectors.scale import FAULT, MOST, NORMAL
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

FAR = 4.0  # σ
TAIL_MEMORY = 50_000
HEAVY_SHARE = 2.5e-4  # four times that of normal noise
ENOUGH = 1000
OFTEN = 1 / 300
FADE = 0.5 ** (BLOCK / DAY)
MOVE_FADE = 0.5 ** (BLOCK / (3 * DAY))
FIRST = 4  # readings since the levels began: before, they are not worth much


@dataclass(slots=True)
class Spike(Stateful):
    """Finds |e| > threshold · σ, e the error of the believed one-step forecast.

    Where clearly more than one error in 4,000 lies between 4 σ and the threshold (normal noise: one in
    16,000), or one in 300 beyond 4 σ, the tails are heavy: large errors are this signal's nature, and e has
    to exceed ``margin`` times the record, too: the largest |e| met, which fades by half in a day's readings
    at 1 Hz. A few spikes of which none is of middling size are no tail. Where the signal has jumped and
    stayed, as setpoints do, e has to exceed ``move_margin`` times the largest such jump of late. In σ.

    Grace: 300 errors. Source: control charts for residuals, Alwan & Roberts (1988); for the margin,
    records of a Pareto tail: a new one exceeds the old m times with probability 1 / (1 + m^α) a doubling.
    """

    threshold: float = 5.0
    margin: float = 1.7
    move_margin: float = 1.25
    record: float = field(default=0.0, init=False)
    latest: float = field(default=0.0, init=False)  # the largest error of the present incident
    moves: float = field(default=0.0, init=False)  # the largest with which the signal moved elsewhere
    tail: float = field(default=0.0, init=False)  # the share of errors from 4 σ to the threshold
    beyond: float = field(default=0.0, init=False)  # and beyond 4 σ
    far: int = field(default=0, init=False)  # errors of this block beyond 4 σ
    far_in_tail: int = field(default=0, init=False)
    count: int = field(default=0, init=False)
    is_heavy: bool = field(default=False, init=False)
    allowed: float = field(default=0.0, init=False)  # the reach when the present reading was found

    STATE = ("record", "latest", "moves", "tail", "beyond", "far", "far_in_tail", "count", "is_heavy")

    def score(self, course: Course) -> float:
        """See ``Detector.score``."""
        if course.since < FIRST or not course.is_known:
            return 0.0
        size, reach = abs(course.error), self.threshold * course.sigma
        if self.is_heavy or self.moves:
            reach = self.reach(course)
        if size > reach:
            if size <= course.rounding:
                return 0.0
            self.allowed = reach
        if size < MOST * reach:
            return size / reach
        return MOST if size else 0.0

    def reach(self, course: Course) -> float:
        """Beyond which an error is found."""
        reach = max(self.threshold * course.sigma, self.move_margin * self.moves)
        return max(reach, self.margin * self.record) if self.is_heavy else reach

    def note_move(self) -> None:
        """What was found was no spike: the signal has moved, as it does."""
        self.moves = max(self.moves, self.latest)

    def weigh(self) -> None:
        """Looks whether large errors are this signal's nature."""
        count = min(self.count, TAIL_MEMORY)
        tail = self.tail * count
        is_frequent = self.beyond > OFTEN and count > ENOUGH
        self.is_heavy = is_frequent or tail - 2 * math.sqrt(tail) > HEAVY_SHARE * count

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``; σ is the course's."""
        if course.is_fresh or not course.is_known:
            return
        size = abs(course.error)
        if size > self.record:
            self.record = size
        is_normal = course.lesson is NORMAL
        if is_normal or size > self.latest:
            self.latest = size
        if course.lesson is not FAULT:
            self.count += 1
            if size > FAR * course.sigma:
                self.far += 1
                self.far_in_tail += size < self.threshold * course.sigma
            if course.has_moved:
                self.note_move()
        if course.has_block:
            self._end_block()

    def _end_block(self) -> None:
        """Fades what is to fade, and weighs the tails."""
        self.record *= FADE
        self.moves *= MOVE_FADE
        gain = BLOCK / max(BLOCK, min(self.count, TAIL_MEMORY))
        self.beyond += (self.far / BLOCK - self.beyond) * gain
        self.tail += (self.far_in_tail / BLOCK - self.tail) * gain
        self.far = self.far_in_tail = 0
        self.weigh()

    def adjust(self, refit: Refit) -> None:
        """Nothing of it hangs on the cycles."""

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        value = course.origin + course.value
        name, reached, expected = words.name, words.amount(value), words.amount(value - course.error)
        if not self.allowed:
            return "spike", f"{name} spiked to {reached}; it was constant at {expected}"
        reach = words.reach(self.allowed)
        return "spike", f"{name} jumped to {reached}; {expected} was expected, give or take {reach}"
