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
TIMES = Grid((8e6,), is_rising=True)

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


def test_floats_of_earlier_versions_are_read():
    saved = struct.pack("3d", 1.5, -0.25, 1e-9)
    assert unpack(zlib.compress(saved, 1)) == saved
