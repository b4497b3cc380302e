"""Addresses: written as Fabric writes them, and split as Go splits them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError
from pyfabric.messages.addresses import Address, is_loopback, join, split

HOSTS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9.-]{0,40}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)


@given(host=HOSTS, port=st.integers(0, 65535))
def test_an_address_comes_back(host: str, port: int) -> None:
    address = Address(host, port)
    assert Address.parse(str(address)) == address
    assert split(str(address)) == (host, str(port))
    assert str(address) == join(host, port)


@given(st.text(alphabet="a1:[]%.\n", max_size=12))
def test_whatever_is_split_has_neither_colons_nor_brackets_out_of_place(text: str) -> None:
    try:
        host, port = split(text)
    except ConfigError:
        return
    assert text in (f"{host}:{port}", f"[{host}]:{port}")
    assert not set("[]") & set(host + port)
    assert ":" not in port
    assert text.startswith("[") or ":" not in host


# What net.SplitHostPort of Go 1.26 makes of each.
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("localhost:7050", ("localhost", "7050")),
        ("[::1]:7050", ("::1", "7050")),
        ("[fe80::1%lo0]:80", ("fe80::1%lo0", "80")),
        ("[host]:80", ("host", "80")),
        (":7050", ("", "7050")),
        ("host:", ("host", "")),
        (":", ("", "")),
        ("[]:", ("", "")),
        ("host:port", ("host", "port")),
    ],
)
def test_what_go_splits(text: str, parts: tuple[str, str]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        *("", "host", "::1:7050", "[::1]", "[::1]7050", "[::1:7050", "a:b:7050", "a[b:7050"),
        *("a]b:7050", "[a]b:7050", "[[a]]:7050", "[a]:b:7050", "host:[7050]", "]:1", "[:1"),
    ],
)
def test_what_go_refuses_to_split(text: str) -> None:
    with pytest.raises(ConfigError, match="is not an address: write host:port"):
        split(text)


@pytest.mark.parametrize("port", ["", "x", "-1", "+1", "65536", "123456", "１", "1_0", " 1"])
def test_a_port_is_a_number_of_tcp(port: str) -> None:
    with pytest.raises(ConfigError, match="must be a number from 0 to 65535"):
        Address.parse(f"host:{port}")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.0.2.1", False),
        ("tax.example", False),
    ],
)
def test_only_programs_of_the_same_machine_reach_loopback(host: str, *, local: bool) -> None:
    assert is_loopback(host) is local
    assert Address(host, 1).is_loopback is local
