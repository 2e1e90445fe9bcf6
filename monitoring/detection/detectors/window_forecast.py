"""The mean of a window against forecasts that were made before the window: shared by step and drift."""

from array import array
from dataclasses import dataclass, field

from monitoring.detection.detectors.forecaster import Forecaster
from monitoring.detection.detectors.residual_scale import FREEZE
from monitoring.kernel.state import Stateful

ROW = 5  # numbers of a forecast: the four levels and the slope
HARMONIC = 3  # index of the level below the harmonics


@dataclass(slots=True)
class WindowForecast(Stateful):
    """Window of a detector that compares a mean with four forecasts of the mean.

    The forecasts are those of an exponential mean over few and over many values, of level and slope, and
    of the harmonics. A rest is a value less the harmonics.
    """

    values: "array[float]" = field(default_factory=lambda: array("d"), init=False)
    rests: "array[float]" = field(default_factory=lambda: array("d"), init=False)
    forecasts: "array[float]" = field(default_factory=lambda: array("d"), init=False)  # rows of ROW numbers
    usual: float = field(default=0.0, init=False)  # level of the rests before the present fault
    present: tuple[float, ...] = field(default=(), init=False)  # residual of each forecast
    allowed: float = field(default=0.0, init=False)  # control limit at the latest finding

    @staticmethod
    def margin_of(forecaster: Forecaster, margin: float) -> float:
        """Return the margin over the peak: 0 outside the tag's limits, where nothing counts as usual."""
        return 0.0 if forecaster.is_outside else margin

    def begin(self) -> None:
        """Empty the window: earlier readings say nothing about later ones."""
        for window in (self.values, self.rests, self.forecasts):
            del window[:]

    def compare(self, forecaster: Forecaster, mean: float, rest: float, *, ahead: float) -> None:
        """Set the residuals of the window's mean against the oldest forecasts.

        ``rest`` is the mean of the rests; ``ahead`` is how far the centre of the window lies after the
        forecast, in the steps of the slope.
        """
        fast, slow, trend, rest_level, slope = self.forecasts[:ROW]
        if forecaster.learning_mode is not FREEZE:
            self.usual = rest_level
        self.present = (mean - fast, mean - slow, mean - trend - ahead * slope, rest - self.usual)
