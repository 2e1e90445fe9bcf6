"""The detectors and incidents of one tag. Their states together are the state of the tag's monitor."""

from typing import Any

from monitoring.detection.detectors.detector import Detector
from monitoring.detection.detectors.drift import Drift
from monitoring.detection.detectors.forecaster import Forecaster
from monitoring.detection.detectors.forest import Forest
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

PROCESS_OFF_DELAY = 120  # readings
SATURATION_OFF_DELAY = 4  # blocks
USUAL_INCIDENT_RATE = 24.0  # incidents a day

Named = tuple[tuple[str, Detector], ...]


class DetectorBank(Stateful):
    """The detectors of a tag, the forecast of the values, and the incidents found.

    ``forest`` is None unless the settings switch that detector on; its state comes last, if there is one.
    """

    STATE = (
        *("course", "spike", "step", "drift", "noise", "rate", "novelty", "stuck", "saturation", "missing"),
        *("process_incident", "incident_rate", "time_in_alarm"),
        *("stuck_incident", "saturation_incident", "missing_incident"),
    )

    __slots__ = (*STATE, "all_of_them", "each_reading", "forest", "incidents")

    def __init__(self, settings: DetectionSettings) -> None:
        self.course = Forecaster(settings.lower_limit, settings.upper_limit)
        self.spike = Spike(**settings.of("spike"))
        self.step = Step(**settings.of("step"))
        self.drift = Drift(**settings.of("drift"))
        self.noise = Noise(**settings.of("noise"))
        self.rate = Rate(**settings.of("rate"))
        self.novelty = Novelty(**settings.of("novelty"))
        self.stuck = Stuck(**settings.of("stuck"))
        self.saturation = Saturation(**settings.of("saturation"))
        self.missing = Missing(**settings.of("missing"))
        is_forest = "forest" not in settings.disabled
        self.forest = Forest(**settings.of("forest")) if is_forest else None
        self.process_incident = Incident(PROCESS_OFF_DELAY)
        self.incident_rate = Recurrence(USUAL_INCIDENT_RATE)
        self.time_in_alarm = TimeInAlarmFraction()
        self.stuck_incident = Incident(0)
        self.saturation_incident = Incident(SATURATION_OFF_DELAY)
        self.missing_incident = Incident(0)
        self.incidents = (
            self.process_incident,
            self.stuck_incident,
            self.saturation_incident,
            self.missing_incident,
        )
        self.each_reading: Named = (("spike", self.spike), ("step", self.step))
        self.all_of_them: Named = (
            *self.each_reading,
            *(("noise", self.noise), ("drift", self.drift), ("rate", self.rate)),
            *((("forest", self.forest),) if self.forest else ()),
        )

    def state(self) -> list[Any]:
        """See ``Stateful.state``."""
        return [*Stateful.state(self), *([self.forest.state()] if self.forest else [])]

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``: a state with or without that of the forest."""
        own = len(self.STATE)
        Stateful.restore(self, state[:own])
        self.novelty.count_from(self.course.origin)
        self.course.blocks.offset = self.course.origin
        if self.forest and len(state) > own:
            self.forest.restore(state[own])

    def let_go(self) -> None:
        """Release the temporaries of the present reading, after the last detector.

        The next tag reuses their memory while still in the processor's cache.
        """
        self.course.let_go()
        self.novelty.let_go()
        self.step.present = self.drift.present = ()
