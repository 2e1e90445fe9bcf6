"""Packed floats come back bit by bit, and readings of a sensor take little."""

import math
import struct
import zlib
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.detection.detectors.packed_floats import Grid, pack, unpack

DECIMAL = Grid(tuple(10.0**places for places in range(7)))
TIMES = Grid((8e6,))

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100)
readings = st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 6)).map(lambda one: one[0] / 10 ** one[1])
numbers = st.lists(st.one_of(readings, finite), max_size=60)


@given(numbers, readings, st.sampled_from([Grid(), DECIMAL, TIMES]))
def test_what_is_packed_comes_back_bit_by_bit(values, offset, grid):
    plain = array("d", [value - offset for value in values])
    assert unpack(pack(plain, grid, offset)) == plain.tobytes()


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=80), readings)
def test_so_do_means_of_readings_with_their_rounding_errors(hundredths, offset):
    means = array("d", [sum((one + step) / 100 - offset for step in range(8)) / 8 for one in hundredths])
    assert unpack(pack(means, Grid((800.0,)), offset)) == means.tobytes()


@pytest.mark.parametrize("strange", [-0.0, 5e-324, 1e100, -1e100, 1 / 3, math.pi * 1e9, math.inf, math.nan])
@pytest.mark.parametrize("grid", [DECIMAL, TIMES])
def test_one_value_off_the_grid_is_no_loss(strange, grid):
    plain = array("d", [0.5, strange, 1.5])
    assert unpack(pack(plain, grid)) == plain.tobytes()


def test_readings_of_a_sensor_take_little():
    origin = 37.48
    readings = array("d", [37 + (number * 7919 % 101) / 100 - origin for number in range(500)])
    assert len(pack(readings, DECIMAL, origin)) < 0.4 * len(zlib.compress(readings.tobytes(), 1))


def test_times_at_an_even_distance_take_next_to_nothing():
    times = array("d", [3.5 + 8 * number for number in range(128)])
    assert len(pack(times, TIMES)) < 64


def test_of_a_slow_signal_the_differences_are_packed():
    slow = array("d", [37 + number / 100 for number in range(500)])
    noise = array("d", [37 + number * 7919 % 500 / 100 for number in range(500)])
    sizes = [len(pack(readings, DECIMAL)) for readings in (slow, noise)]
    assert 5 * sizes[0] < sizes[1]


def test_what_an_earlier_version_packed_is_read():
    """Earlier versions have the steps of slow readings, and the differences of times that hardly differ."""
    steps, times = struct.pack("3B", 0, 1, 5), struct.pack("3H", 1000, 5, 5)
    absolute = struct.pack("<BBBddq", 1, 1, 0, 100.0, 0.5, 3700) + zlib.compress(steps)
    rising = struct.pack("<BBBddq", 2, 2, 0, 8.0, 0.0, 3) + zlib.compress(times[::2] + times[1::2])
    assert array("d", unpack(absolute)).tolist() == [n / 100 - 0.5 for n in (3700, 3701, 3705)]
    assert array("d", unpack(rising)).tolist() == [n / 8 for n in (1003, 1011, 1019)]


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=40))
def test_differences_of_any_size_come_back(steps):
    plain = array("d", [float(step) for step in sorted(steps)])
    assert unpack(pack(plain, Grid((1.0,)))) == plain.tobytes()


def test_floats_of_earlier_versions_are_read():
    saved = struct.pack("3d", 1.5, -0.25, 1e-9)
    assert unpack(zlib.compress(saved, 1)) == saved
