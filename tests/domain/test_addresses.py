"""Which addresses only this machine reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.domain.addresses import is_this_machine, open_to_others


@given(st.ip_addresses(network="127.0.0.0/8"))
def test_loopback_is_this_machine(address: object) -> None:
    assert is_this_machine(str(address))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "plant.example", ""])  # noqa: S104
def test_whatever_else_is_told_with_the_ways_out(host: str) -> None:
    assert "FERMON_OPEN=0" in open_to_others(host)
    assert "FERMON_OPEN=1" in open_to_others(host)
