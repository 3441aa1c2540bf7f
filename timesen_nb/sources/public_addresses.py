"""Which addresses may be asked: http and https, and nothing private where only public ones are allowed.

A catalog's address is typed by whoever sees the page, and a catalog names further addresses. Where the server was
told so (:data:`PUBLIC_ONLY`), none of them may lead into the network that the server stands in.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from timesen_nb.sources.addresses import without_keys

#: The environment variable that allows public addresses only, in this process and those it starts.
PUBLIC_ONLY = "TIMESEN_PUBLIC_ADDRESSES_ONLY"
#: IPv6 addresses that stand for the IPv4 address in their last four bytes (RFC 6052).
_TRANSLATED = IPv6Network("64:ff9b::/96")


def public_only() -> bool:
    """Whether private addresses are barred here."""
    return os.environ.get(PUBLIC_ONLY, "") not in ("", "0")


def check_address(address: str) -> str:
    """An address, if it may be asked.

    A name that cannot be looked up passes: whoever asks it will say so in better words.

    Args:
        address: what was typed, or what a catalog names.

    Returns:
        The address itself.

    Raises:
        ValueError: it is not http or https, names no host, or leads to a private address where these are barred.
    """
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise ValueError(
            f"address given: {without_keys(address)!r}; expected one that begins with https:// or http:// and names a "
            "host, for example https://earth-search.aws.element84.com/v1."
        )
    if public_only():
        try:
            found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
        except OSError:
            return address
        check_public(host, (str(entry[4][0]) for entry in found))
    return address


def check_public(host: str, addresses: Iterable[str]) -> None:
    """Bar a host that any of its addresses makes private.

    Args:
        host: its name, for the message.
        addresses: what the name was looked up to, IPv4 or IPv6.

    Raises:
        ValueError: one of them is not an address of the public internet.
    """
    if not all(is_public(address) for address in addresses):
        raise ValueError(
            f"{host} is an address inside a private network, which this map does not ask. Whoever runs the map can "
            "allow it: start it with --private-addresses."
        )


def is_public(address: str) -> bool:
    """Whether an IPv4 or IPv6 address is one of the public internet, whichever way it is written."""
    try:
        given = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(
        part.is_global and not (part.is_multicast or part.is_reserved or part.is_unspecified)
        for part in (given, *_inside(given))
    )


def _inside(given: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address carries."""
    if isinstance(given, IPv4Address):
        return []
    teredo = given.teredo or ()
    carried = [given.ipv4_mapped, given.sixtofour, *teredo]
    if given in _TRANSLATED:
        carried.append(IPv4Address(given.packed[-4:]))
    return [address for address in carried if address is not None]
