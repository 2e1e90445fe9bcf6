"""Findings that belong together are one event."""

from monitoring.domain.incidents import Incident


def opened() -> Incident:
    incident = Incident(quiet=2)
    incident.begin("spike", 100)
    incident.note(1.5, 100)
    incident.tell("spike", ("spike", "it jumped"), score=1.5, rank=0)
    return incident


def test_it_ends_with_its_last_finding_once_it_has_been_quiet():
    incident = opened()
    assert [incident.rest(), incident.rest()] == [False, False]
    incident.note(1.1, 103)
    assert [incident.rest(), incident.rest(), incident.rest()] == [False, False, True]
    event = incident.end()
    assert (event.start_us, event.end_us, event.score) == (100, 103, 1.5)
    assert not incident.is_open


def test_a_finding_that_says_better_what_it_is_takes_over():
    incident = opened()
    assert incident.is_news("step", 1.1, 4)
    incident.tell("step", ("step up", "it went up"), score=1.1, rank=4)
    assert not incident.is_news("noise", 9.0, 2)
    assert (incident.event().detector, incident.event().kind) == ("spike", "step up")


def test_only_what_is_much_worse_is_told_again():
    incident = opened()
    assert not incident.is_news("spike", 2.0, 0)
    assert incident.is_news("spike", 2.3, 0)
