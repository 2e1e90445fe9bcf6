"""The tables."""

from monitoring.models.backtest import Backtest
from monitoring.models.detector_state import DetectorState
from monitoring.models.event import Event
from monitoring.models.exclusion import ExcludedMeasurement, Exclusion
from monitoring.models.finding import Finding
from monitoring.models.lease import Lease
from monitoring.models.measurement import Measurement
from monitoring.models.refusal import Refusal, RefusalCount
from monitoring.models.rollup import Rollup
from monitoring.models.series import Series
from monitoring.models.set_aside import SetAsideReading
from monitoring.models.tag import Tag
from monitoring.models.token import Token

__all__ = [
    "Backtest",
    "DetectorState",
    "Event",
    "ExcludedMeasurement",
    "Exclusion",
    "Finding",
    "Lease",
    "Measurement",
    "Refusal",
    "RefusalCount",
    "Rollup",
    "Series",
    "SetAsideReading",
    "Tag",
    "Token",
]
