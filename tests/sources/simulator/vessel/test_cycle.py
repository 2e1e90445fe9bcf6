"""The demo vessel over absolute time: the same second has the same readings, however asked."""

from copy import copy
from dataclasses import astuple
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.kernel.runtime import Runtime, part
from monitoring.sources.simulator.vessel.channels import CHANNELS, NAMES
from monitoring.sources.simulator.vessel.cycle import (
    CYCLE_S,
    VesselMemory,
    batch_at,
    inoculation_of,
    state_at,
    vessel_readings,
)
from monitoring.sources.simulator.vessel.turnaround import BATCH_S

NUMBER = 20_000
START = inoculation_of(NUMBER)
SPAN = 2000

LIMITS = [(each.definition.lower_limit, each.definition.upper_limit) for each in CHANNELS]
WITHIN = np.array(
    [(-np.inf if low is None else low, np.inf if high is None else high) for low, high in LIMITS]
)


def alone(start: int, stop: int, seed: int = 1) -> np.ndarray:
    """Readings as a new process computes them."""
    with Runtime().in_charge():
        return vessel_readings(seed, start, stop)


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    """More than three blocks from the inoculation on, at once."""
    return alone(START, START + SPAN)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, SPAN), min_size=1, max_size=6), st.booleans())
def test_any_split_in_any_order_gives_the_same_readings(whole, cuts: list[int], backwards: bool) -> None:
    edges = sorted({0, SPAN, *cuts})
    spans = list(pairwise(edges))
    parts = {}
    with Runtime().in_charge():
        for start, stop in reversed(spans) if backwards else spans:
            parts[start] = vessel_readings(1, START + start, START + stop)
    assert np.array_equal(np.concatenate([parts[start] for start, _ in spans]), whole)


def test_a_restart_in_the_middle_changes_nothing_and_neither_does_a_forgetful_memory(
    whole, monkeypatch
) -> None:
    assert np.array_equal(alone(START + 1234, START + 1300), whole[1234:1300])
    monkeypatch.setattr("monitoring.sources.simulator.vessel.cycle.KEPT_STATES", 1)
    monkeypatch.setattr("monitoring.sources.simulator.vessel.cycle.KEPT_BLOCKS", 1)
    assert np.array_equal(alone(START, START + SPAN), whole)


def test_a_stored_state_continues_the_batch(whole) -> None:
    stored = astuple(state_at(1, NUMBER, 1200))
    with Runtime().in_charge():
        memory = part(VesselMemory)
        memory.states[1, NUMBER, 1] = type(state_at(1, NUMBER, 600))(*stored)
        assert np.array_equal(vessel_readings(1, START + 1200, START + SPAN), whole[1200:])


def test_asking_for_readings_does_not_change_a_remembered_state() -> None:
    before = copy(state_at(1, NUMBER, 600))
    vessel_readings(1, START + 600, START + 1800)
    assert state_at(1, NUMBER, 600) == before


def test_another_seed_or_batch_is_another_course(whole) -> None:
    assert not np.array_equal(alone(START, START + SPAN, seed=2), whole)
    assert not np.array_equal(alone(START - CYCLE_S, START - CYCLE_S + SPAN), whole)


def test_a_batch_starts_every_day_at_six() -> None:
    assert START % 86_400 == 6 * 3600
    assert batch_at(START) == (NUMBER, 0)
    assert batch_at(START - 1) == (NUMBER - 1, CYCLE_S - 1)
    assert vessel_readings(1, START, START).shape == (0, len(NAMES))


def test_times_before_1970_have_batches_too() -> None:
    assert batch_at(-CYCLE_S) == (-2, 64_800)
    assert vessel_readings(1, -CYCLE_S * 3 + 21_600, -CYCLE_S * 3 + 21_610).shape == (10, len(NAMES))


def test_between_batches_the_vessel_is_drained_cleaned_filled_and_warmed() -> None:
    span = vessel_readings(1, START + BATCH_S - 600, START + CYCLE_S + 600)
    course = dict(zip(NAMES, span[600:-600].T, strict=True))
    assert ((span >= WITHIN[:, 0]) & (span <= WITHIN[:, 1])).all()
    weight = course["demo1.weight"]
    assert weight[0] > 10
    assert weight[3600] == pytest.approx(4, abs=0.01)
    assert weight[-1] == pytest.approx(10, abs=0.5)
    assert course["demo1.rpm"][3600:7200].max() == 0
    assert course["demo1.base"][-1] == 0
    assert course["demo1.temp"][-1] == pytest.approx(37, abs=0.1)


def test_readings_do_not_jump_where_a_batch_begins_or_ends() -> None:
    for edge in (START + BATCH_S, START + CYCLE_S):
        span = dict(zip(NAMES, vessel_readings(1, edge - 30, edge + 30).T, strict=True))
        for name in ("temp", "ph", "o2", "co2", "weight", "jacket"):
            values = span[f"demo1.{name}"]
            assert values[30:].mean() == pytest.approx(values[:30].mean(), abs=0.2), name
