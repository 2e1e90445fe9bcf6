"""Noise: the signal scatters more, or less, than normal."""

from dataclasses import dataclass, field

from monitoring.detection.detectors.forecaster import BLOCK, Forecaster, Refit
from monitoring.detection.detectors.residual_scale import LearningMode, ResidualScale
from monitoring.detection.detectors.sentences import times_text
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

SHORT, LONG = 16, 64  # readings
CUBE_ROOT = 1 / 3
MEMORY = 2000  # blocks
BEGINNING = 9  # blocks
PEAK_HALF_LIFE = 3 * 86_400 / BLOCK


class ScatterWindow(Stateful):
    """Scatter over the last ``size`` readings, in whole blocks, compared with its mean."""

    __slots__ = ("blocks", "count", "mean", "residual", "scale", "squares")
    STATE = ("squares", "mean", "count", "scale")

    def __init__(self, size: int) -> None:
        self.blocks = size // BLOCK
        self.squares: tuple[float, ...] = ()  # each block's sum
        self.mean = 0.0
        self.count = 0
        self.scale = ResidualScale(lag=112, memory=MEMORY, half_life=PEAK_HALF_LIFE, least=100)
        self.residual: float | None = None

    def score(self, squares: float, threshold: float, margin: float) -> float:
        """Add a block and return the distance of the scatter from its mean; 0 until the window is full."""
        kept = self.squares = (*self.squares[1 - self.blocks :], squares)
        self.residual = None
        if len(kept) < self.blocks:
            return 0.0
        root = (sum(kept) / (BLOCK * self.blocks)) ** CUBE_ROOT
        count = self.count = self.count + 1
        mean = self.mean = self.mean + (root - self.mean) / (count if count < MEMORY else MEMORY)
        self.residual = root - mean
        return self.scale.score(self.residual, threshold, margin)

    def learn(self, learning_mode: LearningMode) -> None:
        """Learn from the present scatter."""
        if self.residual is not None:
            self.scale.learn(self.residual, learning_mode)


@dataclass(slots=True)
class Noise(Stateful):
    """Find |r - r̄| > max(threshold · σ, margin · peak), r = (mean of z² over 16 or 64 readings)^⅓.

    z is the one-step residual over its σ, z² at most 16. The cube root of a mean of squares is nearly normal,
    on either side.

    Grace: about 2,000 readings. Source: Wilson & Hilferty (1931).
    """

    threshold_short: float = 5.1
    threshold_long: float = 4.9
    margin: float = 1.25
    short: ScatterWindow = field(default_factory=lambda: ScatterWindow(SHORT), init=False)
    long: ScatterWindow = field(default_factory=lambda: ScatterWindow(LONG), init=False)

    STATE = ("short", "long")

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``; only the reading that ends a block can be a finding."""
        if forecaster.is_reset:
            self.short.squares = self.long.squares = ()
        if not forecaster.has_block or not forecaster.sigma or not forecaster.is_known:
            return 0.0
        return max(
            self.short.score(forecaster.squares, self.threshold_short, self.margin),
            self.long.score(forecaster.squares, self.threshold_long, self.margin),
        )

    def discard_recent(self) -> None:
        """Undo learning from the beginning of a fault."""
        self.short.scale.discard_recent(BEGINNING)
        self.long.scale.discard_recent(BEGINNING)

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``."""
        self.short.learn(forecaster.learning_mode)
        self.long.learn(forecaster.learning_mode)

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        if forecaster.is_known and not forecaster.sigma:
            return 0  # a constant never scatters
        return max(self.short.scale.lacking, self.long.scale.lacking) * BLOCK + forecaster.to_go

    def adjust(self, refit: Refit) -> None:
        """Do nothing: noise is independent of the harmonics."""

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        short = self.short.scale.score(self.short.residual or 0.0, self.threshold_short, self.margin)
        long = self.long.scale.score(self.long.residual or 0.0, self.threshold_long, self.margin)
        window = self.short if short > long else self.long
        root = window.mean + (window.residual or 0.0)
        times = (root / window.mean) ** 1.5 if window.mean else 0.0
        direction = "up" if (window.residual or 0.0) > 0 else "down"
        return (
            f"noise {direction}",
            f"{words.name} scatters {times_text(times)} times as much as usual"
            f" (over the last {BLOCK * window.blocks} readings)",
        )
