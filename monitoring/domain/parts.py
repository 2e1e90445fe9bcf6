"""The parts of a monitor, whose state together is its own."""

from monitoring.domain.detectors.course import Course
from monitoring.domain.detectors.detector import Detector
from monitoring.domain.detectors.drift import Drift
from monitoring.domain.detectors.habit import Burden, Habit
from monitoring.domain.detectors.missing import Missing
from monitoring.domain.detectors.noise import Noise
from monitoring.domain.detectors.novelty import Novelty
from monitoring.domain.detectors.rate import Rate
from monitoring.domain.detectors.saturation import Saturation
from monitoring.domain.detectors.settings import DetectionSettings
from monitoring.domain.detectors.spike import Spike
from monitoring.domain.detectors.state import Stateful
from monitoring.domain.detectors.step import Step
from monitoring.domain.detectors.stuck import Stuck
from monitoring.domain.incidents import Incident

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
        self.course = Course()
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
        self.unrest = Habit(UNREST)  # of incidents
        self.burden = Burden()
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
