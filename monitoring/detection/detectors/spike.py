"""Spike: a reading far from its one-step forecast."""

import math
from dataclasses import dataclass, field

from monitoring.detection.detectors.forecaster import BLOCK, DAY, Forecaster, Refit
from monitoring.detection.detectors.recurrence import Recurrence
from monitoring.detection.detectors.residual_scale import FREEZE, LEARN, MOST
from monitoring.detection.detectors.sentences import limit_clause, limit_left, value_and_range
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
GRAINS = 10.0  # steps of the sensor's resolution: a gross residual is larger
GRAIN_GROWTH = 2 ** (BLOCK / DAY)  # of the smallest change: a finer sensor may give way to a coarser one


@dataclass(slots=True)
class Spike(Stateful):
    """Find |e| > threshold · σ, e the residual of the selected one-step forecast.

    The tails are heavy where clearly more than one residual in 4,000 lies between 4 σ and the threshold
    (normal noise: one in 16,000), or one in 300 beyond 4 σ. Then large residuals belong to this signal, and e
    also has to exceed ``margin`` times the peak: the largest |e| so far, which fades by half in a day's
    readings at 1 Hz. A few spikes without any of middling size are no tail. Where the signal jumps and stays,
    as setpoints do, e has to exceed ``move_margin`` times the largest recent jump. In σ.

    The return of a value from outside the limits is no finding.
    A margin over the past never hides e where the value is outside the tag's limits, nor where e is gross:
    beyond ``gross`` · σ and ten steps of the sensor's resolution. With more than 24 gross residuals
    a day they belong to this signal, as the pulses of a pump do.

    Grace: 300 residuals. Source: control charts for residuals, Alwan & Roberts (1988); for the margin,
    records of a Pareto tail: a new one exceeds the old m times with probability 1 / (1 + m^α) a doubling.
    """

    threshold: float = 5.0
    margin: float = 1.7
    move_margin: float = 1.25
    gross: float = 30.0
    peak: float = field(default=0.0, init=False)
    latest: float = field(default=0.0, init=False)  # the largest residual of the present incident
    moves: float = field(default=0.0, init=False)  # largest jump to another level
    tail: float = field(default=0.0, init=False)  # the share of residuals from 4 σ to the threshold
    beyond: float = field(default=0.0, init=False)  # share of residuals beyond 4 σ
    far: int = field(default=0, init=False)  # residuals of this block beyond 4 σ
    far_in_tail: int = field(default=0, init=False)
    count: int = field(default=0, init=False)
    is_heavy: bool = field(default=False, init=False)
    grain: float = field(default=math.inf, init=False)  # smallest change between two readings
    gross_found: Recurrence = field(default_factory=Recurrence, init=False)
    allowed: float = field(default=0.0, init=False)  # control limit at the latest finding

    STATE = (
        *("peak", "latest", "moves", "tail", "beyond", "far", "far_in_tail", "count", "is_heavy"),
        *("grain", "gross_found"),
    )

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``."""
        is_return = forecaster.is_expected_outside and not forecaster.is_outside
        if forecaster.since < FIRST or not forecaster.is_known or is_return:
            return 0.0
        size, control_limit = abs(forecaster.residual), self.threshold * forecaster.sigma
        if (self.is_heavy or self.moves) and not forecaster.is_outside:
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
        if not self.is_heavy:
            return control_limit
        met = self.margin * self.peak
        if not self.gross_found.is_frequent:
            met = min(met, self.gross_limit(forecaster))
        return max(control_limit, met)

    def gross_limit(self, forecaster: Forecaster) -> float:
        """Return the size from which a residual is gross."""
        return max(self.gross * forecaster.sigma, GRAINS * self.grain)

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
        self._learn_grain(forecaster)
        if forecaster.is_outside or forecaster.is_expected_outside:
            size = 0.0  # teaches nothing about the signal within its limits
        else:
            size = abs(forecaster.residual)
            self._count_far(forecaster, size)
        if size > self.peak:
            self.peak = size
        if forecaster.learning_mode is LEARN or size > self.latest:
            self.latest = size
        if forecaster.has_moved and size and forecaster.learning_mode is not FREEZE:
            self.note_move()
        if forecaster.has_block:
            self._end_block()

    def _learn_grain(self, forecaster: Forecaster) -> None:
        """Learn the resolution of the sensor."""
        change = abs(forecaster.value - forecaster.previous)
        if forecaster.rounding < change < self.grain:
            self.grain = change

    def _count_far(self, forecaster: Forecaster, size: float) -> None:
        """Count the residual, and whether it is far from usual."""
        if forecaster.learning_mode is FREEZE:
            return
        self.count += 1
        if size > FAR * forecaster.sigma:
            self.far += 1
            self.far_in_tail += size < self.threshold * forecaster.sigma
            if size > self.gross_limit(forecaster):
                self.gross_found.add()

    def _end_block(self) -> None:
        """Fade peak and jumps, and update the tails."""
        self.peak *= FADE
        self.moves *= MOVE_FADE
        self.grain *= GRAIN_GROWTH
        self.gross_found.fade()
        gain = BLOCK / max(BLOCK, min(self.count, TAIL_MEMORY))
        self.beyond += (self.far / BLOCK - self.beyond) * gain
        self.tail += (self.far_in_tail / BLOCK - self.tail) * gain
        self.far = self.far_in_tail = 0
        self.weigh()

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        return forecaster.to_go

    def adjust(self, refit: Refit) -> None:
        """Do nothing: the harmonics are part of the forecast."""

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        value = forecaster.origin + forecaster.value
        limit = limit_left(value, forecaster.lower_limit, forecaster.upper_limit)
        texts = value_and_range(words, value, value - forecaster.residual, self.allowed, limit)
        (reached, expected, reach), name = texts, words.name
        outside = limit_clause(words, value, limit)
        if not self.allowed:
            return "spike", f"{name} spiked to {reached}{outside}; it was constant at {expected}"
        return "spike", f"{name} jumped to {reached}{outside}; {expected} was expected, give or take {reach}"
