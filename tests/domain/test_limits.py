"""The threshold rule: outside the limits is an anomaly, on them is not."""

import numpy as np
import pytest

from monitoring.domain.detectors import rules_for
from monitoring.domain.detectors.limits import Limits
from monitoring.domain.tags import DEFAULT_TAGS

NOTHING_BEFORE = np.empty(0)


def reasons(detector: Limits, value: float) -> list[str]:
    verdicts = detector.score(NOTHING_BEFORE, np.array([value]))
    return [verdict.reason for verdict in verdicts if verdict.found[0]]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (34.999, ["below_limit"]),
        (35.0, []),
        (40.0, []),
        (45.0, []),
        (45.001, ["above_limit"]),
    ],
)
def test_a_value_on_a_limit_is_inside(value: float, expected: list[str]) -> None:
    assert reasons(Limits(35, 45), value) == expected


@pytest.mark.parametrize(("lower", "upper"), [(None, 45.0), (35.0, None), (None, None)])
def test_a_missing_limit_is_never_crossed(lower: float | None, upper: float | None) -> None:
    detector = Limits(lower, upper)
    assert reasons(detector, -1e300) == ([] if lower is None else ["below_limit"])
    assert reasons(detector, 1e300) == ([] if upper is None else ["above_limit"])


def test_a_verdict_carries_the_limits_as_its_band() -> None:
    below, above = Limits(35, 45).score(NOTHING_BEFORE, np.array([20.0, 40.0]))
    assert below.lower.tolist() == above.lower.tolist() == [35, 35]
    assert below.upper.tolist() == above.upper.tolist() == [45, 45]


@pytest.mark.parametrize("tag", [default.definition for default in DEFAULT_TAGS], ids=lambda tag: tag.name)
def test_each_default_tag_is_judged_by_its_own_limits(tag) -> None:
    limits = rules_for(tag)[0]
    assert reasons(limits, tag.lower_limit - 0.01) == ["below_limit"]
    assert reasons(limits, tag.upper_limit + 0.01) == ["above_limit"]
