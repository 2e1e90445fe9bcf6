"""The parts of a monitor, whose state together is its own."""

from monitoring.detection.detectors.detector import Detector
from monitoring.detection.detectors.drift import Drift
from monitoring.detection.detectors.forecaster import Forecaster
from monitoring.detection.detectors.missing import Missing
from monitoring.detection.detectors.noise import Noise
from monitoring.detection.detectors.novelty import Novelty
from monitoring.detection.detectors.rate import Rate
from monitoring.detection.detectors.recurrence import Recurrence, TimeInAlarmFraction
from monitoring.detection.detectors.saturation import Saturation
from monitoring.detection.detectors.settings import DetectionSettings
from monitoring.detection.detectors.spike import Spike
from monitoring.detection.detectors.step import Step
from monitoring.detection.detectors.stuck import Stuck
from monitoring.detection.incidents import Incident
from monitoring.kernel.state import Stateful

PROCESS_QUIET = 120  # readings
SATURATION_QUIET = 4  # blocks
UNREST = 24.0  # incidents a day

Named = tuple[tuple[str, Detector], ...]


class Parts(Stateful):
    """The detectors, what they look at, and the incidents that they make."""

    STATE = (
        *("course", "spike", "step", "drift", "noise", "rate", "novelty", "stuck", "saturation", "missing"),
        *("process", "unrest", "burden", "sticking", "cutting", "silence"),
    )

    __slots__ = (*STATE, "all_of_them", "each_reading", "incidents")

    def __init__(self, settings: DetectionSettings) -> None:
        self.course = Forecaster()
        self.spike = Spike(**settings.of("spike"))
        self.step = Step(**settings.of("step"))
        self.drift = Drift(**settings.of("drift"))
        self.noise = Noise(**settings.of("noise"))
        self.rate = Rate(**settings.of("rate"))
        self.novelty = Novelty(**settings.of("novelty"))
        self.stuck = Stuck(**settings.of("stuck"))
        self.saturation = Saturation(**settings.of("saturation"))
        self.missing = Missing(**settings.of("missing"))
        self.process = Incident(PROCESS_QUIET)
        self.unrest = Recurrence(UNREST)  # of incidents
        self.burden = TimeInAlarmFraction()
        self.sticking = Incident(0)
        self.cutting = Incident(SATURATION_QUIET)
        self.silence = Incident(0)
        self.incidents = (self.process, self.sticking, self.cutting, self.silence)
        self.each_reading: Named = (("spike", self.spike), ("step", self.step))
        self.all_of_them: Named = (
            *self.each_reading,
            *(("noise", self.noise), ("drift", self.drift), ("rate", self.rate)),
        )

    def let_go(self) -> None:
        """Forgets what is only of the present reading, once all is done with it.

        Its memory serves the next tag's reading at once, and is still near the processor then.
        """
        self.course.let_go()
        self.novelty.let_go()
        self.step.present = self.drift.present = ()
