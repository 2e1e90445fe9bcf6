"""A definition that is accepted makes an alarm that can occur, and can end."""

import math
from dataclasses import replace
from typing import Any

import pytest

from monitoring.alarms.condition import side_of
from monitoring.alarms.definition import InForce
from monitoring.alarms.definition_rules import DefinitionError, check_condition, check_kind
from monitoring.kernel.tag_definition import TagDefinition

TAG = TagDefinition("temp", "°C", valid_min=30, valid_max=50, lower_limit=35, upper_limit=45)
HIGH = InForce("H", setpoint=45, deadband=0.2)
SLOPE = InForce("ROC+", setpoint=0.5, window_s=60)
DEVIATION = InForce("DEV", setpoint=2.0, target=37.0)


@pytest.mark.parametrize(
    ("wanted", "others"),
    [
        (HIGH, {}),
        (HIGH, {"HH": 47, "L": 35, "LL": 33}),
        (replace(HIGH, setpoint=50), {"L": 35}),
        (replace(HIGH, setpoint=None, is_enabled=False), {}),
        (replace(HIGH, setpoint=48, is_enabled=False), {"HH": 47}),
        (InForce("LL", setpoint=33, deadband=17), {"L": 35}),
        (InForce("DISCRETE", setpoint=42), {"H": 40}),
        (InForce("BAD"), {}),
        (SLOPE, {}),
        (DEVIATION, {}),
        (replace(DEVIATION, target=None, target_tag=3), {}),
        (replace(DEVIATION, target=None, target_tag=3, settle_s=600), {}),
    ],
)
def test_what_makes_sense_is_accepted_and_can_occur_and_end(
    wanted: InForce, others: dict[str, float]
) -> None:
    check_condition(wanted, TAG, others)
    if wanted.setpoint is not None and wanted.is_enabled and wanted.kind in {"H", "LL", "DISCRETE"}:
        side = side_of(wanted.kind, wanted.setpoint, wanted.deadband)
        values = [30 + step / 8 for step in range(161)]
        assert wanted.setpoint == TAG.valid_max or any(map(side.is_outside, values))
        assert any(map(side.is_inside, values))


@pytest.mark.parametrize(
    ("wanted", "others", "field", "words"),
    [
        (replace(HIGH, setpoint=51), {}, "setpoint", "51 lies outside the valid range 30 to 50"),
        (replace(HIGH, setpoint=29), {}, "setpoint", "29 lies outside"),
        (replace(HIGH, setpoint=math.nan), {}, "setpoint", "expected a finite number"),
        (replace(HIGH, setpoint=None), {}, "setpoint", "the tag has no upper limit"),
        (InForce("L"), {}, "setpoint", "the tag has no lower limit"),
        (InForce("HH"), {}, "setpoint", "HH needs a number"),
        (replace(HIGH, setpoint=47), {"HH": 47}, "setpoint", "expected less than 47, the setpoint of HH"),
        (InForce("HH", setpoint=44), {"H": 45}, "setpoint", "expected more than 45, the setpoint of H"),
        (InForce("LL", setpoint=36), {"L": 35}, "setpoint", "expected less than 35"),
        (replace(HIGH, setpoint=34), {"L": 35}, "setpoint", "expected more than 35"),
        (replace(HIGH, deadband=15.1), {}, "deadband", "expected at most 15"),
        (InForce("L", setpoint=35, deadband=16), {}, "deadband", "expected at most 15"),
        (replace(HIGH, deadband=-1), {}, "deadband", "expected 0 or more"),
        (replace(HIGH, deadband=math.inf), {}, "deadband", "expected 0 or more"),
        (replace(HIGH, on_delay_s=-1), {}, "on_delay_s", "expected 0 to 86400 seconds"),
        (replace(HIGH, off_delay_s=math.nan), {}, "off_delay_s", "expected 0 to 86400 seconds"),
        (replace(HIGH, priority="urgent"), {}, "priority", "expected one of critical"),
        (replace(HIGH, realarm_after_s=5), {}, "realarm_after_s", "expected 60 seconds or more"),
        (replace(HIGH, target=37.0), {}, "target", "only a deviation alarm"),
        (replace(HIGH, target_tag=2), {}, "target_tag", "only a deviation alarm"),
        (replace(HIGH, window_s=60), {}, "window_s", "only a rate-of-change alarm"),
        (replace(SLOPE, window_s=None), {}, "window_s", "expected 2 to 3600 seconds"),
        (replace(SLOPE, setpoint=-0.5), {}, "setpoint", "expected more than 0"),
        (replace(DEVIATION, deadband=3), {}, "deadband", "expected at most the setpoint"),
        (replace(DEVIATION, settle_s=60), {}, "settle_s", "only a deviation .DEV. from a tag"),
        (replace(HIGH, settle_s=60), {}, "settle_s", "only a deviation .DEV. from a tag"),
        (
            replace(DEVIATION, target=None, target_tag=3, settle_s=3601),
            {},
            "settle_s",
            "expected 0 to 3600 seconds",
        ),
        (replace(DEVIATION, target=None), {}, "target", "expected either a constant target"),
        (replace(DEVIATION, target_tag=2), {}, "target", "expected either a constant target"),
        (InForce("BAD", setpoint=3), {}, "setpoint", "BAD compares no value"),
    ],
)
def test_what_could_not_work_is_refused_with_the_remedy(
    wanted: InForce, others: dict[str, float], field: str, words: str
) -> None:
    with pytest.raises(DefinitionError, match=words) as refused:
        check_condition(wanted, TAG, others)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("kind", "is_known"),
    [
        *(("HH", True), ("ROC-", True), ("BAD", True), ("EVENT:stuck", True)),
        *(("EVENT:", False), ("EVENT:nothing", False), ("SYSTEM:disk", False), ("GROUP_BAD", False)),
        *(("stuck", False), ("h", False)),
    ],
)
def test_a_person_defines_alarms_of_tags(kind: str, is_known: bool) -> None:
    detectors: Any = ("stuck", "drift")
    if is_known:
        check_kind(kind, detectors)
        return
    with pytest.raises(DefinitionError, match=r"EVENT: with one of stuck, drift"):
        check_kind(kind, detectors)
