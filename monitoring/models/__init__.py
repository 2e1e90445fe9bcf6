"""The tables."""

from monitoring.models.finding import Finding
from monitoring.models.lease import Lease
from monitoring.models.measurement import Measurement
from monitoring.models.tag import Tag

__all__ = ["Finding", "Lease", "Measurement", "Tag"]
