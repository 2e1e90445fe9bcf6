"""The threshold rule: outside the limits is an anomaly, on them is not."""

import numpy as np
import pytest

from monitoring.ingest.columns import Segments, segment_of
from monitoring.ingest.definition_columns import definition_columns
from monitoring.ingest.rules.limits import AlarmLimits, limits_of
from monitoring.kernel.tag_definition import DEFAULT_TAGS, TagDefinition

NOTHING_BEFORE = np.empty(0)


def limits(lower: float | None, upper: float | None) -> AlarmLimits:
    return limits_of(
        definition_columns([TagDefinition("tag", "", 0, 100, lower_limit=lower, upper_limit=upper)])
    )


def reasons(detector: AlarmLimits, value: float) -> list[str]:
    verdicts = detector.score(segment_of(NOTHING_BEFORE, np.array([value])))
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
    assert reasons(limits(35, 45), value) == expected


@pytest.mark.parametrize(("lower", "upper"), [(None, 45.0), (35.0, None), (None, None)])
def test_a_missing_limit_is_never_crossed(lower: float | None, upper: float | None) -> None:
    detector = limits(lower, upper)
    assert reasons(detector, -1e300) == ([] if lower is None else ["below_limit"])
    assert reasons(detector, 1e300) == ([] if upper is None else ["above_limit"])


def test_a_verdict_carries_the_limits_as_its_band() -> None:
    below, above = limits(35, 45).score(segment_of(NOTHING_BEFORE, np.array([20.0, 40.0])))
    assert below.lower.tolist() == above.lower.tolist() == [35, 35]
    assert below.upper.tolist() == above.upper.tolist() == [45, 45]


@pytest.mark.parametrize("tag", [default.definition for default in DEFAULT_TAGS], ids=lambda tag: tag.name)
def test_each_default_tag_is_judged_by_its_own_limits(tag) -> None:
    own = limits_of(definition_columns([tag]))
    assert reasons(own, tag.lower_limit - 0.01) == ["below_limit"]
    assert reasons(own, tag.upper_limit + 0.01) == ["above_limit"]


def test_each_signal_of_many_has_its_own_limits() -> None:
    tags = [
        TagDefinition("low", "", 0, 100, upper_limit=10),
        TagDefinition("high", "", 0, 100, upper_limit=50),
    ]
    index = np.arange(4)
    series = np.array([20.0, 20.0, 60.0, 5.0])
    segments = Segments(series, index, 0 * index, np.array([0, 1, 1, 0]), series)
    _, above = limits_of(definition_columns(tags)).score(segments)
    assert above.found.tolist() == [True, False, True, False]
