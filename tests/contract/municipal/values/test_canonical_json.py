"""Canonical JSON: one text for each value; what readers disagree about is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.common.values import (
    JSON,
    MAX_INTEGER,
    canonical_json,
    parse_json,
    require_canonical_json,
)

from pyfabric.chaincode import ContractError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_a_value_comes_back_from_its_canonical_text(value: JSON) -> None:
    text = canonical_json(value)
    assert parse_json(text) == value
    assert require_canonical_json(text) == value
    assert json.loads(text) == value


@given(values)
def test_other_spellings_are_read_but_are_not_canonical(value: JSON) -> None:
    pretty = json.dumps(value, indent=1).encode() + b" "
    assert canonical_json(parse_json(pretty)) == canonical_json(value)
    with pytest.raises(ContractError, match="RFC 8785"):
        require_canonical_json(pretty)


def test_members_are_sorted_by_utf_16() -> None:
    assert canonical_json({"\U0001f600": 1, "\ufb33": 2, "a": 3}).decode() == (
        '{"a":3,"\U0001f600":1,"\ufb33":2}'
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":2}', "twice"),
        (b'{"b":{"a":1,"a":1}}', "twice"),
        (b"[1.5]", "float"),
        (b"[1.0]", "float"),
        (b"[1e2]", "float"),
        (b"[NaN]", "float"),
        (b"[-Infinity]", "float"),
        (b"[9007199254740992]", "range"),
        (b"[-9007199254740992]", "range"),
        (b"[" + b"9" * 5000 + b"]", "range"),
        (b'"\\ud800"', "text"),
        (b'"\xff"', "syntax"),
        (b"\xef\xbb\xbf{}", "syntax"),
        (b"{", "syntax"),
        (b"", "syntax"),
        (b"[" * 65 + b"]" * 65, "depth"),
        (b"[" * 100_000, "syntax"),
    ],
)
def test_texts_that_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(ContractError) as refused:
        require_canonical_json(data)
    assert refused.value.code == f"value.json-{code}"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "float"),
        ({"a": [float("nan")]}, "float"),
        (MAX_INTEGER + 1, "range"),
        ({1: "a"}, "type"),
        ({"a": b"bytes"}, "type"),
        ("\ud800", "text"),
    ],
)
def test_values_that_have_no_canonical_text(value: JSON, code: str) -> None:
    with pytest.raises(ContractError) as refused:
        canonical_json(value)
    assert refused.value.code == f"value.json-{code}"
