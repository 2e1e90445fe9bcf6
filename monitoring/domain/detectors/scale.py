"""How large an error is normally: learned from the errors themselves, and from nothing else."""

import math
from collections import deque
from collections.abc import Sequence
from enum import Enum

from monitoring.domain.detectors.state import Stateful

HABIT_MARGIN = 1.6  # of the largest error of an event that is the signal's habit
MOST = 1000.0  # a score says no more than that
CLIP = 9.0  # of the variance: a larger square teaches no more than that
EARLY = 30  # errors that are taken as they are
TRUE_AGAIN = 1.02  # what clipping takes off the variance of normal noise
BETTER = 0.97  # of the variance: a forecast has to be so much better to be preferred


class Lesson(Enum):
    """What a reading is to teach: what is normal, what this signal does now and then, or nothing."""

    NORMAL = 1
    HABIT = 2
    FAULT = 3


class Scale(Stateful):
    """Variance and record of errors around zero.

    ``held`` errors are kept back before they teach anything, so that a slow fault does not teach the
    detector that meets it. The variance is that of about the last ``memory`` errors, each clipped at 3 σ.
    The record is the largest error, which fades by half in ``half_life`` errors: what was met before
    is no news. The habit is the same of errors that were found and are the signal's habit: 1.6 times that
    is no news. Fewer than ``least`` errors say nothing yet (the grace period, beside ``held``).

    Source: exponentially weighted variance, Roberts (1959); clipping, Huber (1964).
    """

    STATE = ("count", "variance", "record", "habit", "queue")

    __slots__ = ("count", "fade", "habit", "held", "least", "memory", "queue", "record", "variance")

    def __init__(self, *, held: int, memory: int, half_life: float, least: int) -> None:
        self.held, self.memory, self.least = held, memory, least
        self.fade = 0.5 ** (1 / half_life)
        self.forget()

    def forget(self) -> None:
        """Begins anew."""
        self.count, self.variance, self.record, self.habit = 0, 0.0, 0.0, 0.0
        self.queue: deque[float] = deque()

    @property
    def is_ready(self) -> bool:
        """Whether it has seen enough."""
        return self.count >= self.least

    def reach(self, threshold: float, margin: float) -> float:
        """Beyond which an error is found: ``threshold`` σ, or well beyond what was met, if that is more."""
        return max(threshold * math.sqrt(self.variance), margin * self.record, HABIT_MARGIN * self.habit)

    def score(self, error: float, threshold: float, margin: float) -> float:
        """The error over its reach, at most 1000; 0 while too little is known."""
        if self.count < self.least:
            return 0.0
        reach = self.reach(threshold, margin)
        size = abs(error)
        if size < MOST * reach:
            return size / reach
        return MOST if size else 0.0

    def learn(self, error: float, lesson: Lesson) -> None:
        """Takes the error in, once it has been held back, if it is normal."""
        if lesson is not Lesson.NORMAL:
            if lesson is Lesson.HABIT:
                self.habit = max(self.habit, abs(error))
            return
        self.record *= self.fade
        self.habit *= self.fade
        if not self.held:
            return self.take(error)
        self.queue.append(error)
        if len(self.queue) > self.held:
            self.take(self.queue.popleft())

    def recant(self, count: int) -> None:
        """Takes the last errors back, as far as they have not taught anything yet."""
        for _ in range(min(count, len(self.queue))):
            self.queue.pop()

    def take(self, error: float) -> None:
        """Lets the error teach."""
        self.count += 1
        size = abs(error)
        if size > self.record:
            self.record = size
        square = error * error
        if self.count > EARLY:
            square = TRUE_AGAIN * min(square, CLIP * self.variance) if self.variance else square
        self.variance += (square - self.variance) / min(self.count, self.memory)

    def seed(self, errors: Sequence[float], *, inflation: float) -> None:
        """Takes errors as if they had been met; their variance counts ``inflation`` times."""
        self.forget()
        self.count = max(self.least, len(errors))
        self.variance = inflation * sum(error * error for error in errors) / len(errors)
        self.record = max(abs(error) for error in errors)


class Candidates(Stateful):
    """Several forecasts of the same: the one whose errors are smallest is believed."""

    STATE = ("scales", "best")

    __slots__ = ("best", "scales")

    def __init__(self, count: int, *, held: int, memory: int, half_life: float, least: int) -> None:
        self.scales = [
            Scale(held=held, memory=memory, half_life=half_life, least=least) for _ in range(count)
        ]
        self.best = 0

    @property
    def believed(self) -> Scale:
        """The scale of the forecast that is believed."""
        return self.scales[self.best]

    def learn(self, errors: Sequence[float], lesson: Lesson) -> None:
        """Takes each forecast's error in, and believes the one that has proved best."""
        for scale, error in zip(self.scales, errors, strict=True):
            scale.learn(error, lesson)
        if lesson is Lesson.NORMAL:
            self.choose()

    def recant(self, count: int) -> None:
        """Takes the last errors back of each forecast."""
        for scale in self.scales:
            scale.recant(count)

    def forget(self, place: int) -> None:
        """Begins one forecast anew."""
        self.scales[place].forget()
        self.choose()

    def seed(self, place: int, errors: Sequence[float], *, inflation: float) -> None:
        """Gives one forecast errors as if they had been met."""
        self.scales[place].seed(errors, inflation=inflation)
        self.choose()

    def choose(self) -> None:
        """Believes the forecast with the least variance, if it is clearly better than the present one."""
        present = self.believed
        best, least = self.best, present.variance * BETTER if present.is_ready else math.inf
        for place, scale in enumerate(self.scales):
            if scale.variance < least and scale.is_ready:
                best, least = place, scale.variance
        self.best = best
