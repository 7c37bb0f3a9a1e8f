"""Which machines alerts may be sent to: public ones, unless a setting allows more.

A name is resolved once and the connection goes to the address that was looked at, so that a name which answers
differently the second time gains nothing.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence

import msgspec

from headwater.model.errors import AlertNotDelivered

#: As `socket.getaddrinfo`, of which only the addresses are used.
LookUp = Callable[[str, int], Sequence[str]]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Where clouds tell machines their secrets: refused whatever is allowed. All of link-local is, too.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254", "192.0.0.192", "fd20:ce::254"))
)
#: IPv6 networks whose addresses stand for IPv4 ones: NAT64 and IPv4-compatible (in the last four bytes).
_ENDS_IN_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
#: NAT64 of one's own: what its addresses stand for only its router knows.
_OWN_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")


class Destination(msgspec.Struct, frozen=True):
    """A machine that may be connected to."""

    #: As it was written: the name that its certificate must have.
    host: str
    port: int
    #: Numeric, in the order in which to try them; never empty.
    addresses: tuple[str, ...]


def look_up(host: str, port: int) -> list[str]:
    """Ask the system's resolver, which also reads `127.1`, `0x7f.1` and `2130706433`.

    Raises:
        OSError: it does not know the name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def find_destination(host: str, port: int, *, is_private_allowed: bool, ask: LookUp = look_up) -> Destination:
    """Resolve a host once, and leave only addresses that alerts may be sent to.

    Args:
        host: a name, or an address in any form that the resolver reads.
        port: to connect to.
        is_private_allowed: also private networks and this machine itself.
        ask: the resolver.

    Raises:
        AlertNotDelivered: the name is unknown, or leads only to where alerts may not be sent.
    """
    try:
        addresses = ask(host, port)
    except (OSError, UnicodeError) as error:
        raise AlertNotDelivered(f"{host} is unknown: {getattr(error, 'strerror', None) or error}") from error
    allowed = tuple(text for text in addresses if is_allowed(text, is_private_allowed=is_private_allowed))
    if not allowed:
        hint = "HEADWATER_ALERT_ALLOW_PRIVATE=yes allows private networks, for whoever trusts all of its channels"
        raise AlertNotDelivered(
            f"{host} is not on the public internet: alerts are not sent to private or local addresses",
            hint="" if is_private_allowed else hint,
        )
    return Destination(host, port, allowed)


def is_allowed(text: str, *, is_private_allowed: bool) -> bool:
    """Tell whether alerts may be sent to a numeric address, whatever form of IPv6 it hides in."""
    address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_multicast or address.is_unspecified or address.is_link_local or address in _METADATA:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        if address >= ipaddress.IPv4Address("240.0.0.0"):
            return False
    elif address in _OWN_NAT64:
        return False
    return is_private_allowed or address.is_global


def _unwrapped(address: _Address) -> _Address:
    """Give the IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address) or address == ipaddress.IPv6Address("::1"):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _ENDS_IN_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
