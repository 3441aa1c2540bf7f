"""Which addresses a map may ask: none inside a private network, however it is written."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timesen_nb.sources.public_addresses import PUBLIC_ONLY, check_address, check_public, is_public

PRIVATE = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "224.0.0.0/4", "240.0.0.0/4",
]  # fmt: skip
PRIVATE_6 = ["::1/128", "::/128", "fc00::/7", "fe80::/10", "ff00::/8"]

inside_4 = st.sampled_from(PRIVATE).flatmap(lambda text: st.ip_addresses(network=ip_network(text)))
inside_6 = st.sampled_from(PRIVATE_6).flatmap(lambda text: st.ip_addresses(network=ip_network(text)))


def spellings(address: IPv4Address) -> list[str]:
    """An IPv4 address, and the IPv6 addresses that stand for it."""
    number = int(address)
    carried = [0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]
    return [str(address), *(str(IPv6Address(given)) for given in carried)]


@given(inside_4)
def test_no_spelling_of_a_private_address_is_public(address: IPv4Address) -> None:
    assert [text for text in spellings(address) if is_public(text)] == []


@given(inside_6)
def test_no_private_address_of_ipv6_is_public(address: IPv6Address) -> None:
    assert not is_public(str(address))
    assert not is_public(f"{address}%eth0")


@pytest.mark.parametrize("address", ["8.8.8.8", "140.82.121.4", "2001:4860:4860::8888", "2a04:4e42::223"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)
    check_public("somewhere.example", [address])


def test_one_private_address_among_public_ones_bars_the_name() -> None:
    with pytest.raises(ValueError, match=r"two\.example is an address inside a private network"):
        check_public("two.example", ["8.8.8.8", "10.0.0.7"])


@pytest.mark.parametrize(
    "typed",
    ["file:///etc/passwd", "ftp://a.example/", "s3://b/k", "/vsicurl/http://a.example", "https://", "http://[::1", "x"],
)  # fmt: skip
def test_what_is_no_http_address_is_said(typed: str) -> None:
    with pytest.raises(ValueError, match="expected one that begins with https://"):
        check_address(typed)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_private_hosts_are_barred_where_only_public_ones_are_allowed(monkeypatch, host: str) -> None:
    monkeypatch.setenv(PUBLIC_ONLY, "1")
    monkeypatch.setattr("socket.getaddrinfo", _real_lookup)
    with pytest.raises(ValueError, match="private network"):
        check_address(f"http://{host}:8080/stac")


def test_elsewhere_private_hosts_are_what_a_user_may_want(monkeypatch) -> None:
    monkeypatch.delenv(PUBLIC_ONLY, raising=False)
    assert check_address("http://127.0.0.1:8080/stac") == "http://127.0.0.1:8080/stac"


def test_a_name_that_cannot_be_looked_up_is_left_to_whoever_asks_it(monkeypatch) -> None:
    monkeypatch.setenv(PUBLIC_ONLY, "1")
    assert check_address("https://nowhere.example/stac") == "https://nowhere.example/stac"


def _real_lookup(host: str, *args: object, **kwargs: object) -> list:
    """The system's own look-up of numbers and of this machine's name, which asks no network."""
    import _socket

    return _socket.getaddrinfo(host, *args, **kwargs)
