"""Sparkplug payloads as numbers and texts; no broker, no session."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt.sparkplug import (
    MOST_METRICS,
    MessageType,
    PayloadError,
    SparkplugTopic,
    address_of,
    decode_payload,
    metric_of,
    parse_topic,
)
from monitoring.sources.mqtt.sparkplug_rules import MetricRules
from monitoring.sources.mqtt.templates import rules_of
from monitoring.sources.patterns import find_overlap, split_pointer
from monitoring.sources.preview import preview
from tests.sources.mqtt.sparkplug_messages import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INT32,
    STRING,
    Payload,
    metric,
    payload,
)

RANGES = {1: (-(2**7), 2**7), 2: (-(2**15), 2**15), 3: (-(2**31), 2**31), 4: (-(2**63), 2**63)}
RANGES |= {5: (0, 2**8), 6: (0, 2**16), 7: (0, 2**32), 8: (0, 2**64), 13: (0, 2**63)}
INTEGERS = st.sampled_from(sorted(RANGES)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.integers(RANGES[kind][0], RANGES[kind][1] - 1))
)
VALUES = st.one_of(
    INTEGERS,
    st.tuples(st.just(FLOAT), st.floats(width=32, allow_nan=False)),
    st.tuples(st.just(DOUBLE), st.floats(allow_nan=False)),
    st.tuples(st.just(BOOLEAN), st.booleans()),
    st.tuples(st.just(STRING), st.text(max_size=20)),
)
UINT64 = st.integers(0, 2**64 - 1)
FLAGS = st.fixed_dictionaries({}, optional={"is_historical": st.booleans(), "is_transient": st.booleans()})
PROPERTIES = st.dictionaries(
    st.text(max_size=8),
    st.one_of(st.integers(-(2**31), 2**31 - 1), st.floats(allow_nan=False), st.text(max_size=8)),
    max_size=4,
)


@given(VALUES, st.text(max_size=20), UINT64, UINT64, FLAGS, PROPERTIES)
def test_what_protobuf_encodes_is_decoded(typed_value, name, alias, timestamp, flags, properties):
    kind, value = typed_value
    given_metric = metric(name, value, kind, alias=alias, timestamp=timestamp, properties=properties, **flags)
    found = decode_payload(payload(given_metric, metric("n"), seq=7, timestamp=timestamp))
    first, null = found.metrics
    assert (found.seq, found.timestamp) == (7, timestamp)
    assert (first.name, first.alias, first.timestamp, first.datatype) == (name, alias, timestamp, kind)
    assert (first.value, type(first.value)) == (value, type(value))
    assert first.is_historical == flags.get("is_historical", False)
    assert first.is_transient == flags.get("is_transient", False)
    assert first.properties == properties
    assert (null.is_null, null.value) == (True, None)


@given(st.binary(max_size=60))
def test_bytes_are_decoded_or_rejected_and_never_fail_otherwise(data):
    with suppress(PayloadError):
        decode_payload(data)


@given(st.integers(1, 80))
def test_a_cut_payload_gives_no_wrong_value(size):
    whole = payload(metric("a", 1.5, alias=3), metric("b", -2, INT32), seq=1, timestamp=5)
    try:
        found = decode_payload(whole[:size])
    except PayloadError:
        return
    assert [each.value for each in found.metrics] == [1.5, -2][: len(found.metrics)]


def test_types_that_are_neither_number_nor_text_are_others():
    data = Payload(metrics=[{"name": "a", "bytes_value": b"x"}, {"name": "b", "dataset_value": {}}])
    assert [each.is_other for each in decode_payload(data.SerializeToString()).metrics] == [True, True]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\x0a\xff", "cut off"),
        (b"\xff" * 11, "cut off"),
        (b"\x00\x01", "invalid number"),
        (b"\x0b", "invalid type"),
        (b"\x12\x03\x0a\x01\xff", "UTF-8"),
        (b"\x12\x00" * (MOST_METRICS + 1), "more than 10000 metrics"),
        (Payload(uuid="SPBV1.0_COMPRESSED", body=b"x").SerializeToString(), "compressed"),
    ],
)
def test_other_payloads_are_rejected_with_the_reason(data, word):
    with pytest.raises(PayloadError, match=word):
        decode_payload(data)


def test_a_signed_value_that_an_encoder_has_extended_to_64_bits():
    """Some encoders write -5 as Int16 in ten bytes, others in two's complement of 16 or 32 bits."""
    for raw in (b"\xfb" + b"\xff" * 8 + b"\x01", b"\xfb\xff\x03", b"\xfb\xff\xff\xff\x0f"):
        body = b"\x20\x02\x50" + raw
        assert decode_payload(b"\x12" + struct.pack("B", len(body)) + body).metrics[0].value == -5


def test_topics():
    node, place = "spBv1.0/G/E", "spBv1.0/G/E/D"
    assert parse_topic("spBv1.0/G/NDATA/E") == SparkplugTopic(MessageType.NODE_DATA, node, node)
    assert parse_topic("spBv1.0/G/DBIRTH/E/D") == SparkplugTopic(MessageType.DEVICE_BIRTH, node, place)
    for other in (
        "spBv1.0/STATE/host",
        "spBv1.0/G/NCMD/E",
        "spBv1.0/G/DDATA/E",
        "spBv1.0/G/NDATA/E/D",
        "a/b/c/d",
    ):
        assert parse_topic(other) is None


@pytest.mark.parametrize("name", ["Temp", "Tank/Temp", "a~b/c d", "/x", "Ä"])
def test_the_address_of_a_metric_gives_its_name(name):
    place, pointer = split_pointer(address_of("spBv1.0/G/E/D", name))
    assert (place, metric_of(pointer)) == ("spBv1.0/G/E/D", name)


TEMPLATE = rules_of({"template": "sparkplug"})
PLACE = "spBv1.0/G/E/Tank 1"


def test_rules_from_the_narrowest_to_the_template():
    own = (
        MappingRule(f"{PLACE}#/pH", "acid"),
        MappingRule("spBv1.0/G/{node}/{device}#/Jacket/{metric}", "{device}.jacket.{metric}"),
    )
    rules = MetricRules(own, TEMPLATE)
    names = {name: rules.target(PLACE, name).tag for name in ("pH", "Jacket/T", "Folder/T.PV")}
    assert names == {"pH": "acid", "Jacket/T": "Tank_1.jacket.T", "Folder/T.PV": "Tank_1.Folder_T_PV"}
    assert rules.target("spBv1.0/G/E", "CPU").tag == "E.CPU"
    assert rules.exact_tags(PLACE) == ["acid"]


def test_two_metrics_never_feed_one_tag():
    rules = MetricRules((MappingRule(f"{PLACE}#/pH", "Tank_1.T"),), TEMPLATE)
    assert rules.target("spBv1.0/H/F/Tank 1", "T") is None
    assert rules.rivals == {"Tank_1.T"}
    assert rules.target("spBv1.0/H/F/Tank 1", "a b").tag == "Tank_1.a_b"
    assert rules.target("spBv1.0/H/F/Tank 1", "a_b") is None


def test_rules_that_are_not_usable():
    rules = MetricRules((MappingRule(PLACE, "a"), MappingRule(f"{PLACE}#/{{m}}", "{n}")), ())
    assert len(rules.problems) == 2
    assert "Add the metric" in rules.problems[0]
    assert "no part {n}" in rules.problems[1]


def test_a_metric_may_be_mapped_beside_the_pattern_that_gives_the_same_tag():
    pattern = MappingRule("spBv1.0/{group}/{node}/{device}#/{metric}", "{device}.{metric}")
    plain = MappingRule("plant/{tag}/{name}", "{tag}.{name}")
    assert find_overlap(MappingRule("spBv1.0/G/E/D#/Folder/T", "D.Folder_T"), [pattern]) is None
    assert find_overlap(plain, [pattern]) is pattern


def test_the_preview_of_a_mapping_is_that_of_metrics():
    rule = MappingRule("spBv1.0/{group}/{node}/{device}#/{metric}", "{device}.{metric}", factor=2.0)
    assert preview(rule, "spBv1.0/G/E/D#/T/PV", "1.5").tag == "D.T_PV"
    assert preview(rule, "spBv1.0/G/E/D#/T/PV", "1.5").value == 3.0
    assert preview(rule, "spBv1.0/G/E/D#/on", "true").value == 2.0
    assert preview(rule, "spBv1.0/G/E#/T", "1.5") is None
