"""A topology file is changed at one key; everything else stays, as a person wrote it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_network.topology.editing import with_value, without

from pyfabric.errors import TopologyError

FILE = Path("city.yaml")
TEXT = """\
name: city
channels:   # of the city
  bills:
    departments:
      - Tax
      - Health   # since May
    contracts: [bill]

  # nobody else's
  estate: { departments: [Tax, Land], acls: { peer/Propose: Writers } }
contracts: {}
"""


def test_a_list_is_replaced_and_comments_outside_it_stay() -> None:
    edited = with_value(TEXT, ("channels", "bills", "departments"), ["Tax", "Land"], file=FILE)
    before = "      - Tax\n      - Health   # since May\n"
    assert edited == TEXT.replace(
        f"departments:\n{before}", "departments: [Tax, Land]   # since May\n"
    )


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("channels", "permits"), "  permits: {departments: [Tax]}\n"),
        (("ordering",), "ordering: {departments: [Tax]}\n"),
        (("channels", "bills", "policies"), "    policies: {departments: [Tax]}\n"),
    ],
)
def test_a_new_key_is_one_line_more(path: tuple[str, ...], line: str) -> None:
    edited = with_value(TEXT, path, {"departments": ["Tax"]}, file=FILE)
    assert edited.splitlines(keepends=True).count(line) == 1
    assert edited.replace(line, "") == TEXT


def test_keys_above_a_new_key_are_made() -> None:
    edited = with_value(TEXT, ("ordering", "batch", "max_messages"), 7, file=FILE)
    assert edited == f"{TEXT}ordering: {{batch: {{max_messages: 7}}}}\n"


def test_a_key_is_removed_with_its_lines() -> None:
    edited = without(TEXT, ("channels", "bills"), file=FILE)
    assert yaml.safe_load(edited)["channels"].keys() == {"estate"}
    assert "# nobody else's" in edited
    assert "acls" not in without(TEXT, ("channels", "estate", "acls"), file=FILE)
    assert without(TEXT, ("channels", "permits", "acls"), file=FILE) == TEXT


def test_what_cannot_be_changed_alone_is_refused() -> None:
    shared = "base: &base { peers: 1 }\ndepartments:\n  Tax: *base\n"
    with pytest.raises(
        TopologyError, match=r"departments\.Tax\.peers: cannot be changed by a command"
    ):
        with_value(shared, ("departments", "Tax", "peers"), 2, file=FILE)


KEYS = st.text("abcdefgh", min_size=1, max_size=3)
VALUES = st.recursive(
    st.integers() | st.text("xyz: #'\"äö-", max_size=6) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), min_size=1, max_size=4)


def _with(data: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    below = data.get(path[0]) if isinstance(data, dict) else None
    return {**data, path[0]: _with(below if isinstance(below, dict) else {}, path[1:], value)}


@given(
    DOCUMENTS, st.sampled_from([None, True, False]), st.lists(KEYS, min_size=1, max_size=2), VALUES
)
def test_a_change_means_what_is_wanted(
    document: dict[str, Any], style: bool | None, path: list[str], value: Any
) -> None:
    text = yaml.safe_dump(document, default_flow_style=style, allow_unicode=True)
    edited = with_value(text, path, value, file=FILE)
    wanted = _with(document, path, value)
    assert yaml.safe_load(edited) == wanted
    above = wanted if len(path) == 1 else wanted[path[0]]
    del above[path[-1]]
    assert yaml.safe_load(without(edited, path, file=FILE)) == wanted
