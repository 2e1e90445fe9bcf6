"""Which addresses only this machine reaches, and which is the client's."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.access.addresses import address_to_reach, client_address, is_this_machine, open_to_others


@given(st.ip_addresses(network="127.0.0.0/8"))
def test_loopback_is_this_machine(address: object) -> None:
    assert is_this_machine(str(address))


@pytest.mark.parametrize(
    ("host", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.1", "127.0.0.1"), ("plant", "plant")],  # noqa: S104
)
def test_a_server_that_listens_on_every_address_is_reached_by_loopback(host: str, reached: str) -> None:
    assert address_to_reach(host) == reached


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "plant.example", ""])  # noqa: S104
def test_whatever_else_is_told_with_the_ways_out(host: str) -> None:
    assert "FERMON_OPEN=0" in open_to_others(host)
    assert "FERMON_OPEN=1" in open_to_others(host)


@given(st.ip_addresses(), st.sampled_from(["{}", " {} ", "[{}]", "[{}]:80"]), st.text())
def test_the_last_proxy_says_who_asked_it(address: object, form: str, invented: str) -> None:
    assert client_address("10.0.0.1", f"{invented},{form.format(address)}", proxies=1) == str(address)


@given(st.text(), st.integers(1, 10))
def test_whatever_is_said_an_address_is_found(forwarded: str, proxies: int) -> None:
    assert ipaddress.ip_address(client_address("10.0.0.1", forwarded, proxies=proxies))


@pytest.mark.parametrize(
    ("forwarded", "proxies", "found"),
    [
        ("10.0.0.7", 0, "10.0.0.1"),
        ("10.0.0.7:80", 1, "10.0.0.7"),
        ("10.0.0.7, 10.0.0.8", 2, "10.0.0.7"),
        ("10.0.0.7", 2, "10.0.0.7"),
        ("fe80::1%eth0", 1, "fe80::1"),
        ("unknown", 1, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
    ],
)
def test_as_many_proxies_are_believed_as_there_are(forwarded: str, proxies: int, found: str) -> None:
    assert client_address("10.0.0.1", forwarded, proxies=proxies) == found


def test_who_has_no_address_has_none() -> None:
    assert client_address("", "", proxies=1) == ""
