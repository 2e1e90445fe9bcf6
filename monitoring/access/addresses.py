"""Network addresses: addresses to listen on, and the addresses of clients."""

import ipaddress
from functools import lru_cache

LONGEST_ADDRESS = 100  # with brackets, zone and port
# A server that listens on one of these listens on every address of the machine.
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, never bound to


def address_to_reach(host: str) -> str:
    """Return the address at which this machine reaches a server that listens on ``host``."""
    return EVERY_ADDRESS.get(host, host)


def is_this_machine(host: str) -> bool:
    """Return whether only this machine reaches the host, a name or an IP address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def client_address(peer: str, forwarded: str, *, proxies: int) -> str:
    """Return the IP address of the client, as reported by the trusted proxies.

    ``peer`` is the address of the connection. ``forwarded`` is the X-Forwarded-For header, to which each
    proxy appends the address of its client; only the last ``proxies`` entries are trusted. If the trusted
    entry is not an address, such as "unknown", return the peer's; return an empty string if the peer has none
    either, such as a Unix socket.
    """
    entries = forwarded.split(",")
    named = entries[-min(proxies, len(entries))] if proxies else ""
    return bare_address(named) or bare_address(peer)


def bare_address(text: str) -> str:
    """Return the IP address in the text without brackets, port and zone; empty if there is none."""
    return parsed_address(text) if len(text) <= LONGEST_ADDRESS else ""


@lru_cache(maxsize=4096)
def parsed_address(text: str) -> str:
    """Return the same as ``bare_address``, for a text of limited length: many requests have few addresses."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:  # IPv4 addresses contain no colon, IPv6 addresses two or more
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return ""


def open_to_others(host: str) -> str:
    """Return why Fermon refuses to listen on the host while open by default; empty if the host is allowed."""
    if is_this_machine(host):
        return ""
    return (
        f"{host} (FERMON_HOST) would let other machines in, and Fermon asks for no login. Set FERMON_OPEN=0"
        " to ask for one, or FERMON_OPEN=1 if everybody on that network may read and write."
    )
