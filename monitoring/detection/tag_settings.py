"""Detection settings of a tag, from the columns of a row."""

from monitoring.detection.detectors.settings import DetectionSettings
from monitoring.models import Tag


def settings_of(tag: Tag) -> DetectionSettings:
    """Return the tag's detection settings.

    Raises:
        SettingError: a stored detector or parameter is unknown to this version, or has no valid value.
    """
    return DetectionSettings(
        off=frozenset(tag.detectors_off),
        sensitivity=tag.sensitivity,
        parameters=tag.detection_parameters,
        lower_limit=tag.lower_limit,
        upper_limit=tag.upper_limit,
        kind=tag.kind,
        on=frozenset(tag.detectors_on),
    )
