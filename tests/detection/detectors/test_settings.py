"""What may be set, and what is refused."""

import pytest

from monitoring.detection.detectors.settings import DETECTORS, DetectionSettings, SettingError, defaults


def test_each_detector_has_parameters_with_defaults():
    assert {name.split(".")[0] for name in defaults()} == set(DETECTORS)
    assert DetectionSettings().of("spike") == {
        "threshold": 5.0,
        "margin": 1.7,
        "move_margin": 1.25,
        "gross": 30.0,
    }


def test_sensitivity_divides_thresholds_and_leaves_margins():
    assert DetectionSettings(sensitivity=2).of("drift") == {"threshold": 2.2, "margin": 1.2}
    assert DetectionSettings(sensitivity=2).of("stuck")["chance"] == pytest.approx(1e-4)


def test_a_parameter_is_overridden():
    assert DetectionSettings(parameters={"step.threshold": 7}).of("step")["threshold"] == 7


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"off": frozenset({"spikes"})}, "'spikes' is no detector; expected one of spike, step"),
        (
            {"parameters": {"spike.treshold": 3}},
            "'spike.treshold' is no parameter; expected one of spike.threshold",
        ),
        ({"parameters": {"spike.threshold": 0}}, "must be a positive number, not 0"),
        ({"parameters": {"stuck.chance": 1.0}}, "must be below 1"),
        ({"sensitivity": float("nan")}, "sensitivity must be a positive number"),
        ({"sensitivity": True}, "sensitivity must be a positive number"),
    ],
)
def test_what_can_not_be_is_refused(wrong, told):
    with pytest.raises(SettingError, match=told):
        DetectionSettings(**wrong)
