"""Values that are held: on the grid, only while confirmed, good and unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.clock import SECOND_US
from monitoring.models import Tag
from monitoring.sources.holding import MARGIN_US, HeldValues, next_grid_us
from monitoring.sources.recording import read_tag_table

S = 1_000_000
GRID = {"t": 10 * S}


def held(*values: tuple[str, int, float], confirmed: tuple[int, ...]) -> HeldValues:
    found = HeldValues()
    found.take(values)
    for time_us in confirmed:
        found.confirm(time_us)
    return found


def test_a_confirmed_value_is_written_on_the_grid_and_a_microsecond() -> None:
    found = held(("t", 1 * S, 5.0), confirmed=(1 * S, 32 * S + 1))
    assert found.due(GRID) == [("t", 10 * S + 1, 5.0), ("t", 20 * S + 1, 5.0), ("t", 30 * S + 1, 5.0)]
    assert found.due(GRID) == []


def test_values_that_may_be_on_their_way_are_waited_for() -> None:
    found = held(("t", 1 * S, 5.0), confirmed=(1 * S, 10 * S + MARGIN_US))
    assert found.due(GRID) == []
    found.take([("t", 9 * S, 6.0)])
    found.confirm(10 * S + MARGIN_US + 1)
    assert found.due(GRID) == [("t", 10 * S + 1, 6.0)]


def test_nothing_is_held_without_a_confirmation_or_for_other_tags() -> None:
    assert held(("t", 1 * S, 5.0), confirmed=()).due(GRID) == []
    assert held(("other", 1 * S, 5.0), confirmed=(0, 60 * S)).due(GRID) == []


def test_nothing_is_held_before_the_first_confirmation() -> None:
    found = held(("t", 1 * S, 5.0), confirmed=(3_601 * S, 3_612 * S + 1))
    assert found.due(GRID) == [("t", 3_610 * S + 1, 5.0)]


def test_bad_quality_ends_it_until_a_new_value() -> None:
    found = held(("t", 1 * S, 5.0), confirmed=(1 * S,))
    found.set_bad(["t"], is_bad=True)
    found.confirm(20 * S)
    assert found.due(GRID) == []
    found.set_bad(["t"], is_bad=False)
    assert found.due(GRID) == []
    found.take([("t", 21 * S, 6.0)])
    found.confirm(33 * S)
    assert found.due(GRID) == [("t", 30 * S + 1, 6.0)]


def test_a_rejected_value_is_not_repeated() -> None:
    found = held(("t", 1 * S, 5.0), confirmed=(1 * S, 30 * S))
    found.forget({"t"})
    assert found.due(GRID) == []


@given(st.integers(0, 10**15), st.integers(1, 3_600 * S))
def test_the_grid_never_meets_the_value_or_a_whole_interval(time_us: int, hold_us: int) -> None:
    at_us = next_grid_us(time_us, hold_us)
    assert time_us < at_us <= time_us + hold_us + 1
    assert at_us % hold_us == 1 % hold_us


@given(st.lists(st.integers(0, 200), max_size=20), st.lists(st.integers(0, 200), max_size=20))
def test_two_collectors_write_the_same(changes: list[int], looks: list[int]) -> None:
    """However often each of them looks."""

    def rows(looked: list[int]) -> set[tuple[str, int, float]]:
        found = HeldValues()
        written: set[tuple[str, int, float]] = set()
        for second in range(201):
            if second in changes:
                found.take([("t", second * S, float(second))])
            found.confirm(second * S)
            if second in looked:
                written.update(found.due(GRID))
        return written | {*found.due(GRID)}

    ours, other = rows(looks), rows(list(range(201)))
    assert ours <= other


@pytest.mark.django_db
def test_analog_tags_are_held_on_their_grid_or_every_ten_seconds() -> None:
    Tag.objects.filter(name="fermenter_ph").update(hold_s=0)
    Tag.objects.filter(name="agitator_rpm").update(hold_s=60)
    Tag.objects.create(name="valve", kind="discrete", valid_min=0, valid_max=1)
    assert read_tag_table().hold_us == {"fermenter_temp": 10 * SECOND_US, "agitator_rpm": 60 * SECOND_US}
