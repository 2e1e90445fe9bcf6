"""Values of OPC UA as numbers with time and quality."""

import math
import struct
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.clock import to_micros
from monitoring.models import Quality
from monitoring.sources.config import MappingRule
from monitoring.sources.opcua.items import Change, Reader
from monitoring.sources.opcua.values import decode, shortest, status_word, time_of
from monitoring.sources.session import Malformed, Sample

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOW_US = to_micros(NOW)


def data(value, status=0, source=NOW, server=NOW, kind=None):
    """Return a value as a server sends it."""
    return ua.DataValue(ua.Variant(value, kind), ua.StatusCode(status), source, server)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_shortest_number_is_the_same_float(value):
    found = shortest(value)
    assert struct.pack("<f", found) == struct.pack("<f", value)
    assert len(repr(found)) <= len(repr(value)) + 1


def test_a_float_has_the_digits_that_were_meant():
    single = struct.unpack("<f", struct.pack("<f", 37.1))[0]
    assert single != 37.1
    assert decode(data(single, kind=ua.VariantType.Float), None).value == 37.1


@pytest.mark.parametrize(
    ("value", "kind", "number"),
    [
        (True, ua.VariantType.Boolean, 1.0),
        (-5, ua.VariantType.SByte, -5.0),
        (2**40, ua.VariantType.UInt64, float(2**40)),
        (3, ua.VariantType.Int32, 3.0),
        (1e300, ua.VariantType.Double, 1e300),
    ],
)
def test_numbers_booleans_and_states_are_numbers(value, kind, number):
    assert decode(data(value, kind=kind), None) == (number, None, None, "", "")


@pytest.mark.parametrize("value", ["open", b"raw", [1.0, 2.0], NOW, None])
def test_other_values_are_faults_in_words(value):
    found = decode(data(value), None)
    assert found.value is None
    assert found.quality is None
    assert found.fault


def test_an_element_of_an_array():
    assert decode(data([1.0, 2.0, 3.0]), 2).value == 3.0
    assert "3 elements" in decode(data([1.0, 2.0, 3.0]), 3).fault
    assert decode(data(1.0), 0).fault


@pytest.mark.parametrize(
    ("status", "quality", "word"),
    [
        (ua.StatusCodes.BadSensorFailure, Quality.BAD, "sensor failure"),
        (ua.StatusCodes.UncertainLastUsableValue, Quality.UNCERTAIN, "last usable value"),
        (0x8FFF0000, Quality.BAD, "bad, code 0x8FFF0000"),
    ],
)
def test_quality_has_code_and_words(status, quality, word):
    found = decode(data(1.0, status), None)
    assert found[1:4] == (quality, status, word)
    assert (found.value is None) == (quality == Quality.BAD)
    assert status_word(status) == word


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_bad(value):
    assert decode(data(value), None)[:2] == (None, Quality.BAD)


def test_the_time_is_the_source_s_else_the_server_s():
    assert time_of(data(1.0)) == NOW_US
    later = NOW + timedelta(seconds=1)
    assert time_of(data(1.0, source=None, server=later)) == NOW_US + 1_000_000
    assert time_of(data(1.0, source=datetime(1601, 1, 1, tzinfo=UTC))) == NOW_US
    assert time_of(data(1.0, source=None, server=None)) is None


def test_a_reader_tells_changes_of_quality_at_their_own_times():
    reader = Reader(MappingRule("i=1", "T", factor=2.0))
    later = NOW + timedelta(microseconds=123)
    entries = [
        *reader.read(data(1.0), NOW_US),
        *reader.read(data(0.0, ua.StatusCodes.BadSensorFailure, source=later), NOW_US),
        *reader.read(data(0.0, ua.StatusCodes.BadSensorFailure, source=later), NOW_US),
        *reader.read(data(3.0, source=NOW + timedelta(seconds=1)), NOW_US),
    ]
    assert entries == [
        Change("T", None, NOW_US, None, ""),
        Sample("T", NOW_US, 2.0),
        Change("T", Quality.BAD, NOW_US + 123, ua.StatusCodes.BadSensorFailure, "sensor failure"),
        Change("T", None, NOW_US + 1_000_000, None, ""),
        Sample("T", NOW_US + 1_000_000, 6.0),
    ]


def test_text_is_malformed_once_until_a_number_comes():
    reader = Reader(MappingRule("i=1", "T"))
    entries = [each for value in ("a", "b", 1.0, "c") for each in reader.read(data(value), NOW_US)]
    assert [each.raw for each in entries if isinstance(each, Malformed)] == ["a", "c"]


def test_a_stopped_clock_of_the_source_gives_way_to_the_server_s():
    reader = Reader(MappingRule("i=1", "T"))
    server = NOW + timedelta(seconds=5)
    samples = [
        each
        for value in (data(1.0), data(1.0), data(2.0, server=server), data(3.0, server=server))
        for each in reader.read(value, NOW_US + 9_000_000)
        if isinstance(each, Sample)
    ]
    assert [sample.time_us - NOW_US for sample in samples] == [0, 0, 5_000_000, 9_000_000]


def test_times_of_receipt_keep_order_and_distance():
    reader = Reader(MappingRule("i=1", "T"))
    values = [data(float(number), source=NOW + timedelta(seconds=number)) for number in range(3)]
    entries = [each for value in values for each in reader.read(value, NOW_US, shift_us=-600_000_000)]
    times = [each.time_us - NOW_US for each in entries if isinstance(each, Sample)]
    assert times == [-600_000_000, -599_000_000, -598_000_000]
