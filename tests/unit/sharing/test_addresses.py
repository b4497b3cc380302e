"""Addresses of remote records: one parser and its inverse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError
from pyfabric.sharing.addresses import RecordAddress

arguments = st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=4)


@given(arguments)
def test_what_is_written_is_read(given_arguments: list[str]) -> None:
    address = RecordAddress("city", "credit", "credit", "list", tuple(given_arguments))
    assert RecordAddress.parse(str(address)) == address


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_what_is_read_is_written_and_read_again(text: str) -> None:
    try:
        address = RecordAddress.parse(f"city/credit/credit/list({text})")
    except ConfigError:
        return
    assert RecordAddress.parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a/b/c/d()", ()),
        ("a/b/c/d(91310000MA1FL0XX1X)", ("91310000MA1FL0XX1X",)),
        ('a/b/c/d(x,"y z","",王)', ("x", "y z", "", "王")),
        (r'a/b/c/d("\"(\\)\u738b")', ('"(\\)王',)),
        ("a/b/c/d(e/f)", ("e/f",)),
    ],
)
def test_arguments(text: str, found: tuple[str, ...]) -> None:
    assert RecordAddress.parse(text).arguments == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b/c/d",
        "a/b/c/d(",
        "a/b/c/d()x",
        "A/b/c/d()",
        "a/B/c/d()",
        "a/b//d()",
        "a/b/c d/d()",
        "a/b/c/1()",
        "a/b/c/d/e()",
        "a/b/c/d(x,)",
        "a/b/c/d(,x)",
        "a/b/c/d( x)",
        'a/b/c/d("x)',
        'a/b/c/d("x"y)',
        'a/b/c/d("\\x")',
        'a/b/c/d("\\ud800")',
        'a/b/c/d("a\nb")',
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        RecordAddress.parse(text)
