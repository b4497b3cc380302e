"""What the types of values say of themselves, where contracts list their arguments and fields."""

from typing import Annotated, Any, get_origin

import pytest
from pydantic import TypeAdapter
from pyfabric_municipal.common import values

from pyfabric.messages.languages import in_language

TYPES = {
    name: value
    for name in values.__all__
    if get_origin(value := getattr(values, name)) is Annotated
}
WITHOUT = {"Count", "Flag", "Positive", "Text"}


@pytest.mark.parametrize("name", sorted(set(TYPES) - WITHOUT))
def test_a_type_is_described_in_both_languages(name: str) -> None:
    found: Any = TypeAdapter(TYPES[name]).json_schema()["description"]
    english, chinese = (in_language(found, language) for language in ("en", "zh"))
    assert english.isascii() or "²" in english
    assert any("\u4e00" <= one <= "\u9fff" for one in chinese)


def test_numbers_and_texts_of_any_kind_are_not_described() -> None:
    assert set(TYPES) >= WITHOUT
    assert all("description" not in TypeAdapter(TYPES[name]).json_schema() for name in WITHOUT)
