"""The form of OPC UA sources."""

import pytest

from monitoring.sources.config import MappingRule
from monitoring.sources.opcua.kind import KIND, element_of, settings_of
from tests.sources.opcua.peers import config_of

GOOD = {"url": "opc.tcp://192.168.0.1:4840", "policy": "Basic256Sha256_SignAndEncrypt"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, []),
        ({"user": "a", "password": "b"}, []),
        ({"url": "http://192.168.0.1"}, ["url"]),
        ({"url": "opc.tcp://"}, ["url"]),
        ({"url": "opc.tcp://host:99999"}, ["url"]),
        ({"url": "opc.tcp://a:b@host"}, ["url"]),
        ({"url": "opc.tcp://169.254.169.254:4840"}, ["url"]),
        ({"user": "a"}, ["password"]),
        ({"password": "a"}, ["user"]),
        ({"user": "a", "password": "b", "policy": "None"}, ["unprotected_login"]),
        ({"user": "a", "password": "b", "policy": "None", "unprotected_login": "yes"}, []),
        ({"user_certificate": "a"}, ["user_key"]),
        ({"user": "a", "password": "b", "user_certificate": "c", "user_key": "d"}, ["user_key"]),
        ({"publishing_ms": "10"}, ["publishing_ms"]),
        ({"fill_hours": "nan"}, ["fill_hours"]),
    ],
)
def test_fields_are_checked(fields, wrong):
    assert list(KIND.check({**GOOD, **fields})) == wrong


@pytest.mark.parametrize(
    ("mapping", "wrong"),
    [
        ({"address": "ns=3;s=Reactor.Temperature"}, []),
        ({"address": 'ns=3;s="DB1"."pH"'}, []),
        ({"address": "nsu=http://plant/;i=7", "value_pointer": "/3"}, []),
        ({"address": "i=85", "options": {"sampling_ms": "100", "deadband": "0.5"}}, []),
        ({"address": "Temperature"}, ["address"]),
        ({"address": "i=85", "value_pointer": "/value"}, ["value_pointer"]),
        ({"address": "i=85", "options": {"sampling_ms": "0.1"}}, ["options"]),
        ({"address": "i=85", "options": {"deadband": "-1"}}, ["options"]),
    ],
)
def test_mappings_are_checked(mapping, wrong):
    assert list(KIND.check_mapping(mapping)) == wrong


def test_empty_fields_have_defaults():
    settings = settings_of(config_of(4841, [], policy="", publishing_ms="", fill_hours=""))
    assert settings.port == 4841
    assert settings.policy == "Basic256Sha256_SignAndEncrypt"
    assert settings.publishing_ms == 1_000


def test_an_element_is_a_number_after_a_slash():
    assert element_of(MappingRule("i=85", "a", value_pointer="/3")) == 3
    assert element_of(MappingRule("i=85", "a")) is None
