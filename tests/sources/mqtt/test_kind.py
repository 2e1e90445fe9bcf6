"""The form of a broker."""

import pytest

from monitoring.sources.mqtt.kind import KIND, check, check_mapping
from monitoring.sources.registry import KINDS

GOOD = {"host": "broker.plant", "port": "", "tls": "off", "version": "5"}


def test_the_protocol_is_registered():
    assert KINDS["mqtt"] is KIND


def test_the_defaults_with_a_host_are_good():
    assert check({**{field.name: field.default for field in KIND.fields}, "host": "broker.plant"}) == {}


@pytest.mark.parametrize(
    ("fields", "wrong", "word"),
    [
        ({"host": "127.0.0.1"}, "host", "this machine"),
        ({"host": "169.254.169.254"}, "host", "metadata"),
        ({"port": "0"}, "port", "65535"),
        ({"port": "x"}, "port", "65535"),
        ({"filters": "a/#/b"}, "filters", "end only"),
        ({"filters": "a/{x}"}, "filters", "use +"),
        ({"filters": "$share/g/a"}, "filters", "shared"),
        ({"filters": "a/+\n+/b"}, "filters", "overlap"),
        ({"filters": "\n".join(map(str, range(201)))}, "filters", "200"),
        ({"client_id": "with space"}, "client_id", "without spaces"),
        ({"availability_topic": "a/{x}{y}"}, "availability_topic", "character"),
        ({"availability_online": "up", "availability_offline": "Up"}, "availability_offline", "too"),
        ({"user": "u", "password": "p"}, "password", "plain text"),
        ({"password": "p", "tls": "on"}, "user", "needs a user"),
        ({"ca": "/etc/ca.pem"}, "ca", "switch TLS on"),
        ({"tls": "on", "ca": "ca.pem"}, "ca", "path"),
        ({"tls": "on", "ca": "-----BEGIN CERTIFICATE-----\nx"}, "ca", "damaged"),
        ({"tls": "on", "certificate": "/etc/c.pem"}, "certificate", "go together"),
    ],
)
def test_a_wrong_field_is_named(fields, wrong, word, settings):
    settings.FERMON_SOURCE_LOOPBACK = False
    problems = check({**GOOD, **fields})
    assert list(problems) == [wrong]
    assert word in problems[wrong]


@pytest.mark.parametrize(
    "fields",
    [
        {"filters": "a/#\nb/+/c\na/b"},
        {"user": "u", "password": "p", "allow_plain_password": "yes"},
        {"user": "u", "password": "p", "tls": "on", "ca": "/etc/ca.pem"},
        {"tls": "on", "certificate": "/etc/c.pem", "key": "stored"},
        {"availability_topic": "tele/{device}/LWT", "port": "1884", "client_id": "fermon-1"},
    ],
)
def test_good_fields(fields):
    assert check({**GOOD, **fields}) == {}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"address": "a/#/b"}, ["address"]),
        ({"address": "a#/~x"}, ["address"]),
        ({"options": {"texts": "on"}}, ["options"]),
        ({"address": "a/{x}/b#/od", "value_pointer": "", "options": {"texts": "on=1"}}, []),
    ],
)
def test_wrong_fields_of_a_mapping(fields, wrong):
    assert list(check_mapping({"address": "a", **fields})) == wrong


@pytest.mark.parametrize(
    ("address", "pointer", "is_valid"),
    [
        ("spBv1.0/G/{node}/{device}#/{metric}", "", True),
        ("spBv1.0/G/E/D#/Folder/T", "", True),
        ("spBv1.0/G/E/D", "/T", True),
        ("spBv1.0/G/E/D", "", False),
        ("spBv1.0/G/{node}#/{node}", "", False),
    ],
)
def test_an_address_of_sparkplug_names_a_metric(address, pointer, is_valid):
    problems = check_mapping({"address": address, "value_pointer": pointer})
    assert (problems == {}) == is_valid
