"""Parameters as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.detection.detectors.overrides import override_lines, parse_overrides, refusal
from monitoring.detection.detectors.settings import DetectionSettings, SettingError, defaults

PARAMETERS = st.dictionaries(
    st.sampled_from(list(defaults())), st.floats(1e-12, 1e12).map(lambda value: float(f"{value:.15g}"))
)


def test_lines_become_parameters_and_empty_ones_say_nothing() -> None:
    found = parse_overrides(["spike.threshold = 6", "", "  step.margin=1.5  "])
    assert found == {"spike.threshold": 6.0, "step.margin": 1.5}


def test_what_is_not_named_stays_and_default_takes_back() -> None:
    present = {"spike.threshold": 6.0, "step.margin": 1.5}
    assert parse_overrides(["step.margin = default"], present) == {"spike.threshold": 6.0}
    assert parse_overrides(["stuck.margin = 2"], present) == {**present, "stuck.margin": 2.0}


@given(PARAMETERS)
def test_what_is_written_is_read_again(parameters: dict[str, float]) -> None:
    assert parse_overrides(override_lines(parameters)) == parameters


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["spike.threshold"], r"expected detector\.parameter = value, .* got 'spike\.threshold'"),
        (["= 6"], "expected detector"),
        (["spike.threshold ="], "expected detector"),
        (["spike.threshold = six"], "spike.threshold: expected a number, got 'six'"),
        (["spike.threshold = 6", "spike.threshold = 7"], "set twice"),
        (["spike.nose = default"], "'spike.nose' is no parameter; expected one of spike.threshold, "),
    ],
)
def test_what_can_not_be_read_is_refused_with_what_was_expected(lines: list[str], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        parse_overrides(lines)


def test_a_form_s_sentence_keeps_a_parameter_s_name() -> None:
    assert refusal(SettingError("spike.threshold must be 1")) == "spike.threshold must be 1."
    assert refusal(SettingError("stuck.chance: expected a number")) == "stuck.chance: expected a number."
    assert refusal(SettingError("expected something")) == "Expected something."


@pytest.mark.parametrize("sensitivity", [0.01, 100.0])
def test_no_sensitivity_turns_a_chance_into_none_or_certainty(sensitivity: float) -> None:
    for chance in (1e-300, 1 - 1e-12):
        found = DetectionSettings(sensitivity=sensitivity, parameters={"stuck.chance": chance}).of("stuck")
        assert 0 < found["chance"] < 1
