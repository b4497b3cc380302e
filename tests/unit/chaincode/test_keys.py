"""Composite keys cannot be forged, and ranges keep simple and composite keys apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.chaincode.keys import (
    composite_range,
    create_composite_key,
    require_bookmark,
    require_key,
    simple_range,
    split_composite_key,
)
from pyfabric.errors import ContractError

PART = st.text(st.characters(exclude_characters="\x00\U0010ffff", exclude_categories=["Cs"]))
PARTS = st.lists(PART, max_size=4)


def test_the_form_is_fabrics() -> None:
    assert create_composite_key("bill", ["2026", "7"]) == "\x00bill\x002026\x007\x00"
    assert split_composite_key("\x00bill\x002026\x007\x00") == ("bill", ["2026", "7"])
    assert create_composite_key("bill", []) == "\x00bill\x00"


@given(PART, PARTS)
def test_a_key_splits_into_its_parts(object_type: str, attributes: list[str]) -> None:
    key = create_composite_key(object_type, attributes)
    assert split_composite_key(key) == (object_type, attributes)


@given(PART, PARTS, PART, PARTS)
def test_different_parts_make_different_keys(
    type_1: str, attributes_1: list[str], type_2: str, attributes_2: list[str]
) -> None:
    same = (type_1, attributes_1) == (type_2, attributes_2)
    keys = create_composite_key(type_1, attributes_1), create_composite_key(type_2, attributes_2)
    assert (keys[0] == keys[1]) == same


@given(PART, PARTS, PARTS)
def test_a_range_holds_exactly_the_keys_that_begin_with_its_parts(
    object_type: str, prefix: list[str], attributes: list[str]
) -> None:
    start, end = composite_range(object_type, prefix)
    key = create_composite_key(object_type, attributes)
    inside = start.encode() <= key.encode() < end.encode()
    assert inside == (attributes[: len(prefix)] == prefix)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_unbounded_range_holds_simple_keys_and_no_composite_ones(key: str) -> None:
    start, end = simple_range("", "")
    assert end == ""
    assert (key >= start) == (not key.startswith("\x00"))


@pytest.mark.parametrize("part", ["a\x00b", "\U0010ffff", "\ud800"])
def test_parts_that_would_forge_another_key_are_refused(part: str) -> None:
    with pytest.raises(ContractError):
        create_composite_key("bill", [part])
    with pytest.raises(ContractError):
        create_composite_key(part, [])


def test_one_text_is_not_taken_for_a_list_of_letters() -> None:
    with pytest.raises(ContractError, match="not one text"):
        create_composite_key("bill", "2026")


@pytest.mark.parametrize("key", ["", "\ud800"])
def test_keys_that_state_cannot_have(key: str) -> None:
    with pytest.raises(ContractError):
        require_key(key)


@pytest.mark.parametrize("bounds", [("\x00a", ""), ("", "\x00b"), ("\ud800", "")])
def test_ranges_of_simple_keys_cannot_reach_composite_ones(bounds: tuple[str, str]) -> None:
    with pytest.raises(ContractError):
        simple_range(*bounds)


@pytest.mark.parametrize("key", ["", "\x00", "plain", "\x00bill", "bill\x00"])
def test_what_is_not_a_composite_key_is_not_split(key: str) -> None:
    with pytest.raises(ContractError, match="not a composite key"):
        split_composite_key(key)


@pytest.mark.parametrize("bookmark", ["a", "\x00bill\x00", "z", "z1", "\ud800"])
def test_a_bookmark_outside_the_range_is_refused(bookmark: str) -> None:
    with pytest.raises(ContractError):
        require_bookmark(bookmark, "b", "z")


@pytest.mark.parametrize("bookmark", ["", "b", "yyy"])
def test_a_bookmark_of_the_range_is_taken(bookmark: str) -> None:
    assert require_bookmark(bookmark, "b", "z") == bookmark
    assert require_bookmark(bookmark, "b", "") == bookmark


@given(PART, PARTS, PARTS.filter(bool), PARTS)
def test_a_range_behind_a_key_leaves_out_that_key_and_those_before_it(
    object_type: str, attributes: list[str], after: list[str], others: list[str]
) -> None:
    start, end = composite_range(object_type, attributes, after)
    passed = create_composite_key(object_type, [*attributes, *after])
    key = create_composite_key(object_type, [*attributes, *others])
    inside = start.encode() <= key.encode() < end.encode()
    assert inside == (key.encode() > passed.encode())
