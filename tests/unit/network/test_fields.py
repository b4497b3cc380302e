"""Fields of a document: the value of the type that is asked for, or the field's path and what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from pyfabric.local.fields import FieldError, Fields

DOCUMENT = {
    "name": "city",
    "nothing": None,
    "number": 7,
    "list": ["a", "b"],
    "mixed": ["a", 1],
    "part": {"inner": {"text": "x"}},
    "pairs": {"a": "b"},
}


def test_fields_have_the_values_of_the_document() -> None:
    fields = Fields(DOCUMENT)
    assert fields.text("name") == "city"
    assert fields.text("absent", "default") == "default"
    assert (fields.optional_text("name"), fields.optional_text("nothing")) == ("city", None)
    assert fields.optional_text("absent") is None
    assert (fields.texts("list"), fields.texts("absent")) == (("a", "b"), ())
    assert fields.part("part").part("inner").text("text") == "x"
    assert fields.parts("part")["inner"].names() == ["text"]
    assert (fields.pairs("pairs"), fields.pairs("absent")) == ({"a": "b"}, {})
    assert fields.holds("number", int)
    assert not fields.holds("absent", int)


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (lambda fields: fields.text("absent"), "absent: field required"),
        (lambda fields: fields.text("number"), "number: must be a string"),
        (lambda fields: fields.optional_text("number"), "number: must be a string"),
        (lambda fields: fields.texts("name"), "name: must be a list of strings"),
        (lambda fields: fields.texts("mixed"), "mixed: must be a list of strings"),
        (lambda fields: fields.part("name"), "name: must be an object"),
        (lambda fields: fields.parts("pairs"), "pairs.a: must be an object"),
        (lambda fields: fields.pairs("part"), "part.inner: must be a string"),
        (lambda fields: fields.part("part").part("inner").text("y"), "part.inner.y: field required"),
        (lambda fields: fields.part("pairs").refuse_others("b"), "pairs.a: unknown field"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(read: Callable[[Fields], Any], says: str) -> None:
    with pytest.raises(FieldError) as caught:
        read(Fields(DOCUMENT))
    assert str(caught.value) == says


def test_a_document_that_is_no_object() -> None:
    with pytest.raises(FieldError, match="document: must be an object"):
        Fields([])
