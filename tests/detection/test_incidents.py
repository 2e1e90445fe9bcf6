"""Findings that belong together are one event."""

import numpy as np

from monitoring.detection.incidents import Incident
from tests.detection.detectors.signals import events_of, level, seconds_of


def opened() -> Incident:
    incident = Incident(off_delay=2)
    incident.begin("spike", 100)
    incident.add_finding(1.5, 100)
    incident.report("spike", ("spike", "it jumped"), score=1.5, rank=0)
    return incident


def test_it_ends_with_its_last_finding_once_it_has_been_quiet():
    incident = opened()
    assert [incident.add_quiet_reading(), incident.add_quiet_reading()] == [False, False]
    incident.add_finding(1.1, 103)
    assert [incident.add_quiet_reading(), incident.add_quiet_reading(), incident.add_quiet_reading()] == [
        False,
        False,
        True,
    ]
    event = incident.end()
    assert (event.start_us, event.end_us, event.score) == (100, 103, 1.5)
    assert not incident.is_open


def test_a_finding_that_says_better_what_it_is_takes_over():
    incident = opened()
    assert incident.is_reportable("step", 1.1, 4)
    incident.report("step", ("step up", "it went up"), score=1.1, rank=4)
    assert not incident.is_reportable("noise", 3.0, 2)
    assert incident.is_reportable("noise", 9.0, 2)  # many times as strong
    assert (incident.event().detector, incident.event().kind) == ("spike", "step up")


def test_only_what_is_much_worse_is_told_again():
    incident = opened()
    assert not incident.is_reportable("spike", 2.0, 0)
    assert incident.is_reportable("spike", 2.3, 0)


def test_one_that_is_resumed_keeps_its_start_and_its_worst_and_is_told_anew():
    incident = opened()
    incident.end()
    incident.resume("spike")
    assert incident.is_reportable("spike", 1.1, 0)
    incident.add_finding(1.1, 200)
    event = incident.end()
    assert (event.start_us, event.end_us, event.score) == (100, 200, 1.5)


def test_a_frozen_sensor_whose_last_digit_toggles_is_one_event():
    toggling = 50 + 0.01 * (np.arange(400) // 20 % 2)
    (event,) = events_of(np.concatenate([level(4000), toggling]))
    assert (event.detector, *seconds_of(event)) == ("stuck", 4000, None)


def test_a_sensor_that_is_stuck_again_much_later_is_another_event():
    values = level(4200)
    values[3800:3840] = values[4000:4040] = 50.0
    assert [event.detector for event in events_of(values)] == ["stuck", "stuck"]


def test_a_constant_signal_that_changes_has_made_one_step():
    values = np.repeat([0.0, 1.0], [3000, 600])
    (event,) = events_of(values)
    assert seconds_of(event)[0] == 3000
    assert event.kind == "step up"
    assert event.explanation.startswith("fermenter_temp went up by 1 °C within 8 s")
