"""The pause before a child process of the worker is started again."""

from monitoring.operations.restarts import FIRST_PAUSE_S, LASTING_S, LONGEST_PAUSE_S, next_pause_s


def test_early_failures_double_the_pause_up_to_a_minute() -> None:
    pauses = [FIRST_PAUSE_S]
    for _ in range(8):
        pauses.append(next_pause_s(pauses[-1], lasted_s=1))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert LONGEST_PAUSE_S == 60


def test_after_a_process_that_lasted_the_pause_is_short_again() -> None:
    assert next_pause_s(LONGEST_PAUSE_S, lasted_s=LASTING_S + 1) == FIRST_PAUSE_S
