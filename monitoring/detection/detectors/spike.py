"""Spike: a reading far from its one-step forecast."""

import math
from dataclasses import dataclass, field

from monitoring.detection.detectors.forecaster import BLOCK, DAY, Forecaster, Refit
from monitoring.detection.detectors.residual_scale import FREEZE, LEARN, MOST
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

FAR = 4.0  # σ
TAIL_MEMORY = 50_000
HEAVY_SHARE = 2.5e-4  # four times the share of normal noise
ENOUGH = 1000
OFTEN = 1 / 300
FADE = 0.5 ** (BLOCK / DAY)
MOVE_FADE = 0.5 ** (BLOCK / (3 * DAY))
FIRST = 4  # readings before the levels are used as forecasts


@dataclass(slots=True)
class Spike(Stateful):
    """Find |e| > threshold · σ, e the residual of the selected one-step forecast.

    The tails are heavy where clearly more than one residual in 4,000 lies between 4 σ and the threshold
    (normal noise: one in 16,000), or one in 300 beyond 4 σ. Then large residuals belong to this signal, and e
    also has to exceed ``margin`` times the peak: the largest |e| so far, which fades by half in a day's
    readings at 1 Hz. A few spikes without any of middling size are no tail. Where the signal jumps and stays,
    as setpoints do, e has to exceed ``move_margin`` times the largest recent jump. In σ.

    Grace: 300 residuals. Source: control charts for residuals, Alwan & Roberts (1988); for the margin,
    records of a Pareto tail: a new one exceeds the old m times with probability 1 / (1 + m^α) a doubling.
    """

    threshold: float = 5.0
    margin: float = 1.7
    move_margin: float = 1.25
    peak: float = field(default=0.0, init=False)
    latest: float = field(default=0.0, init=False)  # the largest residual of the present incident
    moves: float = field(default=0.0, init=False)  # largest jump to another level
    tail: float = field(default=0.0, init=False)  # the share of residuals from 4 σ to the threshold
    beyond: float = field(default=0.0, init=False)  # share of residuals beyond 4 σ
    far: int = field(default=0, init=False)  # residuals of this block beyond 4 σ
    far_in_tail: int = field(default=0, init=False)
    count: int = field(default=0, init=False)
    is_heavy: bool = field(default=False, init=False)
    allowed: float = field(default=0.0, init=False)  # control limit at the latest finding

    STATE = ("peak", "latest", "moves", "tail", "beyond", "far", "far_in_tail", "count", "is_heavy")

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``."""
        if forecaster.since < FIRST or not forecaster.is_known:
            return 0.0
        size, control_limit = abs(forecaster.residual), self.threshold * forecaster.sigma
        if self.is_heavy or self.moves:
            control_limit = self.control_limit(forecaster)
        if size > control_limit:
            if size <= forecaster.rounding:
                return 0.0
            self.allowed = control_limit
        if size < MOST * control_limit:
            return size / control_limit
        return MOST if size else 0.0

    def control_limit(self, forecaster: Forecaster) -> float:
        """Return the control limit of the present residual."""
        control_limit = max(self.threshold * forecaster.sigma, self.move_margin * self.moves)
        return max(control_limit, self.margin * self.peak) if self.is_heavy else control_limit

    def note_move(self) -> None:
        """Record the latest residual as a jump: the signal has moved to another level."""
        self.moves = max(self.moves, self.latest)

    def weigh(self) -> None:
        """Decide whether the tails are heavy."""
        count = min(self.count, TAIL_MEMORY)
        tail = self.tail * count
        is_frequent = self.beyond > OFTEN and count > ENOUGH
        self.is_heavy = is_frequent or tail - 2 * math.sqrt(tail) > HEAVY_SHARE * count

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``; σ is the forecaster's."""
        if forecaster.is_reset or not forecaster.is_known:
            return
        size = abs(forecaster.residual)
        if size > self.peak:
            self.peak = size
        is_normal = forecaster.learning_mode is LEARN
        if is_normal or size > self.latest:
            self.latest = size
        if forecaster.learning_mode is not FREEZE:
            self.count += 1
            if size > FAR * forecaster.sigma:
                self.far += 1
                self.far_in_tail += size < self.threshold * forecaster.sigma
            if forecaster.has_moved:
                self.note_move()
        if forecaster.has_block:
            self._end_block()

    def _end_block(self) -> None:
        """Fade peak and jumps, and update the tails."""
        self.peak *= FADE
        self.moves *= MOVE_FADE
        gain = BLOCK / max(BLOCK, min(self.count, TAIL_MEMORY))
        self.beyond += (self.far / BLOCK - self.beyond) * gain
        self.tail += (self.far_in_tail / BLOCK - self.tail) * gain
        self.far = self.far_in_tail = 0
        self.weigh()

    def adjust(self, refit: Refit) -> None:
        """Do nothing: the harmonics are part of the forecast."""

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        value = forecaster.origin + forecaster.value
        name, reached, expected = words.name, words.amount(value), words.amount(value - forecaster.residual)
        if not self.allowed:
            return "spike", f"{name} spiked to {reached}; it was constant at {expected}"
        reach = words.reach(self.allowed)
        return "spike", f"{name} jumped to {reached}; {expected} was expected, give or take {reach}"
