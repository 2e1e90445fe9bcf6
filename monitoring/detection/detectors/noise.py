"""Noise: the signal scatters more, or less, than it does normally."""

from dataclasses import dataclass, field

from monitoring.detection.detectors.course import BLOCK, Course, Refit
from monitoring.detection.detectors.scale import Lesson, Scale
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

SHORT, LONG = 16, 64  # readings
CUBE_ROOT = 1 / 3
MEMORY = 2000  # blocks
BEGINNING = 9  # blocks
RECORD_HALF_LIFE = 3 * 86_400 / BLOCK


class Window(Stateful):
    """The scatter over the last ``size`` readings, in whole blocks, against what it is on average."""

    __slots__ = ("blocks", "count", "error", "mean", "scale", "squares")
    STATE = ("squares", "mean", "count", "scale")

    def __init__(self, size: int) -> None:
        self.blocks = size // BLOCK
        self.squares: tuple[float, ...] = ()  # each block's sum
        self.mean = 0.0
        self.count = 0
        self.scale = Scale(held=112, memory=MEMORY, half_life=RECORD_HALF_LIFE, least=100)
        self.error: float | None = None

    def score(self, squares: float, threshold: float, margin: float) -> float:
        """How far the scatter is from its mean with one more block's; 0 until the window is full."""
        kept = self.squares = (*self.squares[1 - self.blocks :], squares)
        self.error = None
        if len(kept) < self.blocks:
            return 0.0
        root = (sum(kept) / (BLOCK * self.blocks)) ** CUBE_ROOT
        count = self.count = self.count + 1
        mean = self.mean = self.mean + (root - self.mean) / (count if count < MEMORY else MEMORY)
        self.error = root - mean
        return self.scale.score(self.error, threshold, margin)

    def learn(self, lesson: Lesson) -> None:
        """Lets the scatter teach."""
        if self.error is not None:
            self.scale.learn(self.error, lesson)


@dataclass(slots=True)
class Noise(Stateful):
    """Finds |r - r̄| > max(threshold · σ, margin · record), r = (mean of z² over 16 or 64 readings)^⅓.

    z is the one-step error over its σ, z² at most 16. The cube root of a mean of squares is nearly
    normal, on either side.

    Grace: about 2,000 readings. Source: Wilson & Hilferty (1931).
    """

    threshold_short: float = 5.1
    threshold_long: float = 4.9
    margin: float = 1.25
    short: Window = field(default_factory=lambda: Window(SHORT), init=False)
    long: Window = field(default_factory=lambda: Window(LONG), init=False)

    STATE = ("short", "long")

    def score(self, course: Course) -> float:
        """See ``Detector.score``; only the reading that ends a block can be found."""
        if course.is_fresh:
            self.short.squares = self.long.squares = ()
        if not course.has_block or not course.sigma or not course.is_known:
            return 0.0
        return max(
            self.short.score(course.squares, self.threshold_short, self.margin),
            self.long.score(course.squares, self.threshold_long, self.margin),
        )

    def recant(self) -> None:
        """Takes back what the beginning of a fault may have taught."""
        self.short.scale.recant(BEGINNING)
        self.long.scale.recant(BEGINNING)

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``."""
        self.short.learn(course.lesson)
        self.long.learn(course.lesson)

    def adjust(self, refit: Refit) -> None:
        """Nothing of it hangs on the cycles."""

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        short = self.short.scale.score(self.short.error or 0.0, self.threshold_short, self.margin)
        long = self.long.scale.score(self.long.error or 0.0, self.threshold_long, self.margin)
        window = self.short if short > long else self.long
        root = window.mean + (window.error or 0.0)
        times = (root / window.mean) ** 1.5 if window.mean else 0.0
        direction = "up" if (window.error or 0.0) > 0 else "down"
        return (
            f"noise {direction}",
            f"{words.name} scatters {times:.2g} times as much as usual"
            f" (over the last {BLOCK * window.blocks} readings)",
        )
