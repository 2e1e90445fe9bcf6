"""IP addresses that no form may make Fermon connect to: of this machine, link-local, multicast."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# IPv4 addresses inside IPv6 ones, by a translator of the network (RFC 6052).
TRANSLATED = IPv6Network("64:ff9b::/96")


def is_local(address: str) -> bool:
    """Return whether an IP address is a loopback or an unspecified one: of this machine.

    Raises:
        ValueError: the text is no IP address.
    """
    found = inner(parsed(address))
    return found.is_loopback or found.is_unspecified


def is_allowed(address: str) -> bool:
    """Return whether an IP address is neither loopback, link-local, unspecified nor multicast.

    Raises:
        ValueError: the text is no IP address.
    """
    found = inner(parsed(address))
    return not (found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast)


def parsed(address: str) -> IPv4Address | IPv6Address:
    """Return the address in a text, without the zone of a link-local one.

    Raises:
        ValueError: the text is no IP address.
    """
    return ip_address(address.partition("%")[0])


def inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address contains, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
