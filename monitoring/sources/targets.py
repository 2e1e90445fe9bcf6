"""Hosts that a source may connect to, and their addresses."""

import asyncio
from ipaddress import ip_address

from django.conf import settings

from monitoring.kernel.reachable import inner, is_allowed, is_local, parsed
from monitoring.kernel.resolving import resolve as resolve_name
from monitoring.sources.session import SourceError

LIMIT_S = 5.0
# Services of clouds that hand out credentials, outside the link-local range.
METADATA = frozenset(map(ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254")))


def host_error(host: str) -> str:
    """Return the sentence why a source may not connect to a host or IP address; empty if it may.

    Names are checked when they are resolved: a form may not wait for a resolver.
    """
    try:
        address = parsed(host)
    except ValueError:
        is_here = host.lower().rstrip(".") == "localhost"
        return loopback_refusal(host) if is_here and not settings.FERMON_SOURCE_LOOPBACK else ""
    if is_local(host):
        return "" if settings.FERMON_SOURCE_LOOPBACK else loopback_refusal(host)
    if inner(address) in METADATA or not is_allowed(host):
        return f"{host} is a link-local, multicast or metadata address. Enter the address of the device."
    return ""


def loopback_refusal(host: str) -> str:
    """Return the sentence for an address of this machine."""
    return (
        f"{host} is this machine. Start Fermon with FERMON_SOURCE_LOOPBACK=1 if the broker or server"
        " runs here, or enter another host."
    )


async def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host that a source may connect to.

    Connect to one of these, not to the name: a second look-up may give others.

    Raises:
        SourceError: the name is unknown, or all addresses are refused.
    """
    if refused := host_error(host):
        raise SourceError(refused)
    try:
        found = await asyncio.to_thread(resolve_name, host, port, LIMIT_S)
    except OSError as error:
        raise SourceError(f"The name {host} was not found: {reason(error)}.") from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    allowed = [address for address in addresses if not host_error(address)]
    if not allowed:
        raise SourceError(host_error(addresses[0]) if addresses else f"The name {host} has no address.")
    return allowed


def reason(error: OSError) -> str:
    """Return the words of an error of the operating system."""
    return error.strerror or str(error)
