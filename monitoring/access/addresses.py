"""Network addresses: to listen on, with who reaches them, and those of clients."""

import ipaddress


def is_this_machine(host: str) -> bool:
    """Whether only this machine reaches the address, a name or an IP address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def client_address(peer: str, forwarded: str, *, proxies: int) -> str:
    """The client's IP address, as far as the proxies before the server can tell.

    ``peer`` is who is connected. ``forwarded`` is X-Forwarded-For, where each proxy adds who asked it; only
    the last ``proxies`` entries are believed. If what stands there is no address, as "unknown", it is the
    peer's; empty if that is none either, as of a socket that is a file.
    """
    entries = forwarded.split(",")
    named = entries[-min(proxies, len(entries))] if proxies else ""
    return bare_address(named) or bare_address(peer)


def bare_address(text: str) -> str:
    """The IP address in the text, without brackets, port and zone; empty if there is none."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:  # an IPv4 address has none of its own, an IPv6 address two or more
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return ""


def open_to_others(host: str) -> str:
    """Why Fermon, open only because nobody said otherwise, does not listen there; empty if it may."""
    if is_this_machine(host):
        return ""
    return (
        f"{host} (FERMON_HOST) would let other machines in, and Fermon asks for no login. Set FERMON_OPEN=0"
        " to ask for one, or FERMON_OPEN=1 if everybody on that network may read and write."
    )
