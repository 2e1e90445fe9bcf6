"""Addresses that a channel may not reach: of this machine, link-local, multicast."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# IPv4 addresses inside IPv6 ones, by a translator of the network (RFC 6052).
TRANSLATED = IPv6Network("64:ff9b::/96")


class RefusedTargetError(Exception):
    """A target that Fermon does not connect to; the message says why and what to do."""


def is_allowed(address: str) -> bool:
    """Return whether an IP address is neither loopback, link-local, unspecified nor multicast.

    Raises:
        ValueError: the text is no IP address.
    """
    found = inner(ip_address(address.partition("%")[0]))
    return not (found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast)


def inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address contains, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def refusal(host: str) -> str:
    """Return the sentence for a host all of whose addresses are refused."""
    return (
        f"{host} is an address of this machine, a link-local or a multicast one."
        " Enter another host, or allow local targets for this channel."
    )
