"""Payloads as numbers and times."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt.payloads import (
    BadQualityError,
    UnusableError,
    decode,
    parse_texts,
    raw_text,
    read_time,
    read_value,
    target_of,
)

RECEIVED_US = 1_769_860_800_000_000


def value_of(payload: bytes, rule: MappingRule) -> float:
    target = target_of(rule, rule.tag, uses_receive_time=False, is_exact=True)
    return read_value(payload, decode(payload) if target.needs_document else None, target)


def plain(payload: bytes, texts: str = "") -> float:
    return value_of(payload, MappingRule("a", "a", options={"texts": texts}))


def member(payload: bytes, texts: str = "") -> float:
    return value_of(payload, MappingRule("a", "a", "/x", options={"texts": texts}))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_exactly(number):
    assert plain(repr(number).encode()) == number
    assert member(b'{"x": "%a"}' % number) == number


@pytest.mark.parametrize(("payload", "value"), [(b" 21.5\n", 21.5), (b"+1e3", 1000.0), (b"007", 7.0)])
def test_plain_numbers(payload, value):
    assert plain(payload) == value


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b'{"x": 7}', 7.0),
        (b'{"x": "7.5"}', 7.5),
        (b'{"x": true}', 1.0),
        (b'{"x": "OFF"}', 0.0),
        (b'{"y": NaN, "x": 7}', 7.0),
    ],
)
def test_members_of_json(payload, value):
    assert member(payload, "true=1, off=0") == value


@pytest.mark.parametrize("payload", [b"nan", b"NaN", b"unavailable", b"Unknown", b"null", b"inf"])
def test_a_device_without_a_value(payload):
    with pytest.raises(BadQualityError):
        plain(payload)


@pytest.mark.parametrize(
    "payload", [b'{"x": NaN}', b'{"x": null}', b'{"x": "unavailable"}', b'{"x": -Infinity}']
)
def test_a_member_without_a_value(payload):
    with pytest.raises(BadQualityError):
        member(payload)


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        (b"on", "on=1, off=0"),
        (b"1_000", "Expected a number"),
        (b"21,5", "Expected a number"),
        (b"\xff", "binary"),
        (b'{"x": 1}', "JSON pointer"),
        (b"9" * 1000, "Expected a number"),
    ],
)
def test_a_payload_that_is_no_number(payload, word):
    with pytest.raises(UnusableError, match=word):
        plain(payload)


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        (b"{}", "has no /x"),
        (b"[1]", "has no /x"),
        (b'{"x": {}}', "an object"),
        (b'{"x": []}', "a list"),
        (b'{"x": true}', "true"),
        (b"21", "has no /x"),
        (b"[" * 100_000, "not JSON"),
        (b'{"x": NaN' + b"[" * 50_000, "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"x": 1' + b"0" * 400 + b"}", "number|null|has none|finite|large"),
    ],
)
def test_a_document_without_a_number(payload, word):
    with pytest.raises((UnusableError, BadQualityError), match=word):
        member(payload)


def test_the_value_is_scaled():
    assert value_of(b"50", MappingRule("a", "a", factor=1.8, offset=32)) == 122


def test_the_time_is_that_of_the_message_or_of_receipt():
    rule = MappingRule("a", "a", "/x", "/t", "ms")
    document = decode(b'{"x": 1, "t": 1769860800123}')
    own = target_of(rule, "a", uses_receive_time=False, is_exact=True)
    assert read_time(document, own, RECEIVED_US) == 1769860800123000
    received = target_of(rule, "a", uses_receive_time=True, is_exact=True)
    assert read_time(document, received, RECEIVED_US) == RECEIVED_US
    for wrong in (b'{"x": 1}', b'{"t": "soon"}'):
        with pytest.raises(UnusableError):
            read_time(decode(wrong), own, RECEIVED_US)


def test_texts_have_numbers():
    assert parse_texts("on=1, Off = 0\nfeed a=2.5") == {"on": 1, "off": 0, "feed a": 2.5}
    assert parse_texts("") == {}
    for wrong in ("on", "on=x", "=1", "on=nan"):
        with pytest.raises(ValueError, match="on=1, off=0"):
            parse_texts(wrong)


@given(st.binary(max_size=2000))
def test_any_payload_ends_in_a_number_or_a_word(payload):
    for read in (plain, member):
        with suppress(UnusableError, BadQualityError):
            assert math.isfinite(read(payload))
    assert len(raw_text(payload)) <= 200
    assert "\0" not in raw_text(payload)
