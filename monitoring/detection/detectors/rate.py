"""Rate: the signal changes faster than ever before."""

from dataclasses import dataclass, field

from monitoring.detection.detectors.forecaster import BLOCK, DAY, Forecaster, Refit
from monitoring.detection.detectors.residual_scale import ResidualScale
from monitoring.detection.detectors.sentences import change_and_usual
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

SETTLING = 256  # readings
BEGINNING = 2  # blocks


@dataclass(slots=True)
class Rate(Stateful):
    """Find |d| > max(threshold · σ, margin · peak), d from one block of 8 readings to the next.

    d is the difference of the blocks' means. σ is that of d, so a slope that is normal for the signal is part
    of σ.

    Grace: about 1,700 readings. Source: rate-of-change alarms, ANSI/ISA-18.2-2016.
    """

    threshold: float = 6.5
    margin: float = 1.5
    blocks: tuple[float, ...] = field(default=(), init=False)  # previous and present mean
    scale: ResidualScale = field(
        default_factory=lambda: ResidualScale(lag=112, memory=2000, half_life=3 * DAY / BLOCK, least=100),
        init=False,
    )
    allowed: float = field(default=0.0, init=False)  # control limit at the latest finding

    STATE = ("blocks", "scale")

    @property
    def change(self) -> float:
        """Return the change from the previous block to the present one; 0 without a previous block."""
        return self.blocks[-1] - self.blocks[0] if self.blocks else 0.0

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``; only the reading that ends a block can be a finding."""
        if forecaster.is_reset:
            self.blocks = ()
        if not forecaster.has_block:
            return 0.0
        self.blocks = (*self.blocks[-1:], forecaster.block)
        margin = 0.0 if forecaster.is_outside else self.margin
        score = self.scale.score(self.change, self.threshold, margin)
        if score > 1:
            self.allowed = self.scale.control_limit(self.threshold, margin)
        return score

    def discard_recent(self) -> None:
        """Undo learning from the beginning of a fault."""
        self.scale.discard_recent(BEGINNING)

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``."""
        if forecaster.has_block and len(self.blocks) > 1 and forecaster.count > SETTLING:
            self.scale.learn(self.change, forecaster.learning_mode)

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        lacking = self.scale.lacking * BLOCK
        return lacking + max(0, SETTLING - forecaster.count) if lacking else 0

    def adjust(self, refit: Refit) -> None:
        """Do nothing: the rate is independent of the harmonics."""

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        took = BLOCK * forecaster.interval
        direction = "rises" if self.change > 0 else "falls"
        change, usual = change_and_usual(words, abs(self.change) / took, self.allowed / took)
        return (
            "fast change",
            f"{words.name} {direction} by {change} a second; up to {usual} a second is usual",
        )
