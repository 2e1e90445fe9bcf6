"""Hosts that a source may connect to."""

import asyncio

import pytest

from monitoring.sources import targets
from monitoring.sources.session import SourceError
from monitoring.sources.targets import host_error, resolve


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "fe80::1", "100.100.100.200", "::ffff:168.63.129.16", "224.0.0.5"]
)
def test_link_local_and_metadata_addresses_are_refused_always(settings, host: str) -> None:
    settings.FERMON_SOURCE_LOOPBACK = True
    assert "Enter the address of the device" in host_error(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0"])  # noqa: S104
def test_this_machine_needs_the_setting(settings, host: str) -> None:
    settings.FERMON_SOURCE_LOOPBACK = False
    assert "FERMON_SOURCE_LOOPBACK=1" in host_error(host)
    settings.FERMON_SOURCE_LOOPBACK = True
    assert host_error(host) == ""


def test_a_name_is_refused_by_its_addresses(settings, monkeypatch) -> None:
    settings.FERMON_SOURCE_LOOPBACK = False
    found = [(2, 1, 6, "", ("127.0.0.1", 1883)), (2, 1, 6, "", ("10.1.2.3", 1883))]
    monkeypatch.setattr(targets, "resolve_name", lambda host, port, limit_s: found)
    assert asyncio.run(resolve("broker.plant", 1883)) == ["10.1.2.3"]
    del found[1]
    with pytest.raises(SourceError, match="FERMON_SOURCE_LOOPBACK"):
        asyncio.run(resolve("broker.plant", 1883))


def test_an_unknown_name_is_named(monkeypatch) -> None:
    def unknown(host: str, port: int, limit_s: float):
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr(targets, "resolve_name", unknown)
    with pytest.raises(SourceError, match=r"brokr.plant was not found: Name or service not known"):
        asyncio.run(resolve("brokr.plant", 1883))
