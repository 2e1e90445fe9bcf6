"""Addresses that Fermon does not connect to at the word of a form."""

import pytest

from monitoring.kernel.reachable import is_allowed, is_local


@pytest.mark.parametrize("address", ["192.168.0.7", "10.0.0.1", "8.8.8.8", "fd12::1", "2001:db8::1"])
def test_addresses_of_a_plant_or_the_internet_are_allowed(address: str) -> None:
    assert is_allowed(address)
    assert not is_local(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "0.0.0.0",  # noqa: S104
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
    ],
)
def test_addresses_of_this_machine_are_local(address: str) -> None:
    assert is_local(address)
    assert not is_allowed(address)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1%eth0", "224.0.0.1", "ff02::1", "2002:a9fe:a9fe::"]
)
def test_link_local_and_multicast_addresses_are_refused(address: str) -> None:
    assert not is_allowed(address)
    assert not is_local(address)
