"""Network addresses to listen on, and who reaches them."""

import ipaddress


def is_this_machine(host: str) -> bool:
    """Whether only this machine reaches the address, a name or an IP address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def open_to_others(host: str) -> str:
    """Why Fermon, open only because nobody said otherwise, does not listen there; empty if it may."""
    if is_this_machine(host):
        return ""
    return (
        f"{host} (FERMON_HOST) would let other machines in, and Fermon asks for no login. Set FERMON_OPEN=0"
        " to ask for one, or FERMON_OPEN=1 if everybody on that network may read and write."
    )
