"""How large an error is normally: learned from the errors themselves, and from nothing else."""

import math
from array import array
from collections.abc import Sequence
from enum import Enum
from typing import Any

from monitoring.kernel.state import Stateful

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


NORMAL, HABIT, FAULT = Lesson  # looking a member up takes as long as what is done by it


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

    __slots__ = ("count", "fade", "habit", "held", "least", "memory", "oldest", "queue", "record", "variance")

    def __init__(self, *, held: int, memory: int, half_life: float, least: int) -> None:
        self.held, self.memory, self.least = held, memory, least
        self.fade = 0.5 ** (1 / half_life)
        self.forget()

    def forget(self) -> None:
        """Begins anew."""
        self.count, self.variance, self.record, self.habit = 0, 0.0, 0.0, 0.0
        self.queue = array("d")  # a ring once it is full: a deque of floats takes six times the memory
        self.oldest = 0  # where in it

    def state(self) -> list[Any]:
        """See ``Stateful.state``; the errors held are in the order in which they came."""
        return [self.count, self.variance, self.record, self.habit, self._in_order().tolist()]

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``."""
        self.count, self.variance, self.record, self.habit, queue = state
        self.queue, self.oldest = array("d", queue), 0

    def _in_order(self) -> "array[float]":
        return self.queue[self.oldest :] + self.queue[: self.oldest]

    def reach(self, threshold: float, margin: float) -> float:
        """Beyond which an error is found: ``threshold`` σ, or well beyond what was met, if that is more."""
        reach, met = threshold * math.sqrt(self.variance), margin * self.record
        if met > reach:
            reach = met
        if self.habit and HABIT_MARGIN * self.habit > reach:
            reach = HABIT_MARGIN * self.habit
        return reach

    def score(self, error: float, threshold: float, margin: float, *, floor: float = math.inf) -> float:
        """The error over its reach, at most 1000; 0 while too little is known.

        Where no error was ever met the reach is 0: then an error counts only above ``floor``.
        """
        if self.count < self.least:
            return 0.0
        reach = self.reach(threshold, margin)
        size = abs(error)
        if size < MOST * reach:
            return size / reach
        return MOST if reach or size > floor else 0.0

    def learn(self, error: float, lesson: Lesson) -> None:
        """Takes the error in, if it is normal: it teaches once it has been held back."""
        if lesson is not NORMAL:
            if lesson is HABIT:
                self.habit = max(self.habit, abs(error))
            return
        record = self.record = self.record * self.fade
        if self.habit:
            self.habit *= self.fade
        if self.held:
            queue = self.queue
            if len(queue) < self.held:
                return queue.append(error)
            oldest = self.oldest
            error, queue[oldest] = queue[oldest], error
            self.oldest = oldest + 1 if oldest + 1 < self.held else 0
        size = abs(error)
        if size > record:
            self.record = size
        count = self.count = self.count + 1
        square, variance = error * error, self.variance
        if count > EARLY and variance:
            most = CLIP * variance
            square = TRUE_AGAIN * (most if most < square else square)
        self.variance = variance + (square - variance) / (count if count < self.memory else self.memory)

    def recant(self, count: int) -> None:
        """Takes the last errors back, as far as they have not taught anything yet."""
        self.queue = self._in_order()[: max(0, len(self.queue) - count)]
        self.oldest = 0

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
        if lesson is NORMAL:
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
        best, present = self.best, self.scales[self.best]
        least = present.variance * BETTER if present.count >= present.least else math.inf
        for place, scale in enumerate(self.scales):
            if scale.variance < least and scale.count >= scale.least:
                best, least = place, scale.variance
        self.best = best
