"""What comes often, or stays for long, is how the signal is now."""

import pytest

from monitoring.detection.detectors.recurrence import Recurrence, TimeInAlarmFraction

BLOCKS_AN_HOUR = 3600 // 8


def test_a_habit_is_formed_by_coming_often_and_lost_in_days():
    recurrence = Recurrence(often=3)
    for _ in range(3):
        recurrence.add()
    assert not recurrence.is_frequent
    recurrence.add()
    assert recurrence.is_frequent
    for _ in range(24 * BLOCKS_AN_HOUR):
        recurrence.fade()
    assert recurrence.found == pytest.approx(2)


def test_one_trouble_is_too_much_after_about_an_hour():
    burden = TimeInAlarmFraction()
    blocks = 0
    while not burden.is_too_much:
        burden.add(in_fault=True)
        blocks += 1
    assert blocks == pytest.approx(BLOCKS_AN_HOUR, rel=0.1)


def test_short_troubles_never_are():
    burden = TimeInAlarmFraction()
    for block in range(50 * BLOCKS_AN_HOUR):
        burden.add(in_fault=block % 300 < 120)
        assert not burden.is_too_much


def test_what_is_learned_anew_is_learned_until_the_share_has_halved():
    burden = TimeInAlarmFraction()
    for _ in range(BLOCKS_AN_HOUR * 2):
        burden.add(in_fault=True)
    for _ in range(BLOCKS_AN_HOUR // 2):
        burden.add(in_fault=False)
    assert burden.is_too_much
    for _ in range(BLOCKS_AN_HOUR * 2):
        burden.add(in_fault=False)
    assert not burden.is_too_much
