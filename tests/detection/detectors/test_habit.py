"""What comes often, or stays for long, is how the signal is now."""

import pytest

from monitoring.detection.detectors.habit import Burden, Habit

BLOCKS_AN_HOUR = 3600 // 8


def test_a_habit_is_formed_by_coming_often_and_lost_in_days():
    habit = Habit(often=3)
    for _ in range(3):
        habit.add()
    assert not habit.is_formed
    habit.add()
    assert habit.is_formed
    for _ in range(24 * BLOCKS_AN_HOUR):
        habit.fade()
    assert habit.found == pytest.approx(2)


def test_one_trouble_is_too_much_after_about_an_hour():
    burden = Burden()
    blocks = 0
    while not burden.is_too_much:
        burden.add(is_troubled=True)
        blocks += 1
    assert blocks == pytest.approx(BLOCKS_AN_HOUR, rel=0.1)


def test_short_troubles_never_are():
    burden = Burden()
    for block in range(50 * BLOCKS_AN_HOUR):
        burden.add(is_troubled=block % 300 < 120)
        assert not burden.is_too_much


def test_what_is_learned_anew_is_learned_until_the_share_has_halved():
    burden = Burden()
    for _ in range(BLOCKS_AN_HOUR * 2):
        burden.add(is_troubled=True)
    for _ in range(BLOCKS_AN_HOUR // 2):
        burden.add(is_troubled=False)
    assert burden.is_too_much
    for _ in range(BLOCKS_AN_HOUR * 2):
        burden.add(is_troubled=False)
    assert not burden.is_too_much
