"""Rate: the signal changes faster than it ever does."""

from dataclasses import dataclass, field

from monitoring.detection.detectors.course import BLOCK, DAY, Course, Refit
from monitoring.detection.detectors.scale import Scale
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

SETTLING = 256  # readings
BEGINNING = 2  # blocks


@dataclass(slots=True)
class Rate(Stateful):
    """Finds |d| > max(threshold · σ, margin · record), d from one block of 8 readings to the next.

    d is the difference of the blocks' means. σ is that of d, so an honest slope belongs to it.

    Grace: about 1,700 readings. Source: rate-of-change alarms, ANSI/ISA-18.2-2016.
    """

    threshold: float = 6.5
    margin: float = 1.5
    blocks: tuple[float, ...] = field(default=(), init=False)  # the one before, and the present one
    scale: Scale = field(
        default_factory=lambda: Scale(held=112, memory=2000, half_life=3 * DAY / BLOCK, least=100), init=False
    )
    allowed: float = field(default=0.0, init=False)  # the reach when the present reading was found

    STATE = ("blocks", "scale")

    @property
    def change(self) -> float:
        """From the block before to the present one; 0 where there is none."""
        return self.blocks[-1] - self.blocks[0] if self.blocks else 0.0

    def score(self, course: Course) -> float:
        """See ``Detector.score``; only the reading that ends a block can be found."""
        if course.is_fresh:
            self.blocks = ()
        if not course.has_block:
            return 0.0
        self.blocks = (*self.blocks[-1:], course.block)
        score = self.scale.score(self.change, self.threshold, self.margin)
        if score > 1:
            self.allowed = self.scale.reach(self.threshold, self.margin)
        return score

    def recant(self) -> None:
        """Takes back what the beginning of a fault may have taught."""
        self.scale.recant(BEGINNING)

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``."""
        if course.has_block and len(self.blocks) > 1 and course.count > SETTLING:
            self.scale.learn(self.change, course.lesson)

    def adjust(self, refit: Refit) -> None:
        """Nothing of it hangs on the cycles."""

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        took = BLOCK * course.interval
        direction = "rises" if self.change > 0 else "falls"
        return (
            "fast change",
            f"{words.name} {direction} by {words.reach(abs(self.change) / took)} a second;"
            f" up to {words.reach(self.allowed / took)} a second is usual",
        )
