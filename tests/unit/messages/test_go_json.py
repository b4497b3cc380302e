"""JSON as Go reads it into a struct of strings; with the texts of encoding/json (Go 1.26)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.messages.go_json import InvalidJsonError, read_strings, replace_invalid


def read(data: bytes) -> dict[str, str]:
    return dict(read_strings(data, "persistence.Metadata", ("label", "type")))


def test_what_is_read() -> None:
    for data, label in (
        (b' {"label":"a"} ', "a"),
        (b'{"LABEL":"a","label":"b"}', "b"),
        (b'{"label":"a","label":null}', "a"),
        (b'{"x":[{"label":"b"},[],{},1.5e+7,-0,true,false,null],"label" : "a" }', "a"),
        (b'{"label":"\\u0061\\n\\/"}', "a\n/"),
        (b'{"label":"\\ud800"}', "\ufffd"),
        (b'{"label":"\xe4\xff"}', "\ufffd\ufffd"),
        (b"null", ""),
    ):
        assert read(data) == {"label": label, "type": ""}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"label":', "unexpected end of JSON input"),
        (b'{"label', "unexpected end of JSON input"),
        (b'{"label"', "unexpected end of JSON input"),
        (b"{", "unexpected end of JSON input"),
        (b"[1", "unexpected end of JSON input"),
        (b"tru", "invalid character ' ' in literal true (expecting 'e')"),
        (b"-", "invalid character ' ' in numeric literal"),
        (b"1.", "invalid character ' ' after decimal point in numeric literal"),
        (b"1e+", "invalid character ' ' in exponent of numeric literal"),
        (b'"\\', "invalid character ' ' in string escape code"),
        (b'"\\u12', "invalid character ' ' in \\u hexadecimal character escape"),
        (b"NaN", "invalid character 'N' looking for beginning of value"),
        (b'{"label":NaN}', "invalid character 'N' looking for beginning of value"),
        (b'{"label":-Infinity}', "invalid character 'I' in numeric literal"),
        (b"{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 "', "invalid character '\"' after object key:value pair"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"01", "invalid character '1' after top-level value"),
        (b'"\n"', "invalid character '\\n' in string literal"),
        (b'"\\x"', "invalid character 'x' in string escape code"),
        (b'"\\u12g"', "invalid character 'g' in \\u hexadecimal character escape"),
        (b"\xef\xbb\xbf{}", "invalid character '\u00ef' looking for beginning of value"),
        (b"\xa0", "invalid character '\\u00a0' looking for beginning of value"),
        (b"\x7f", "invalid character '\\x7f' looking for beginning of value"),
        (b"\\", "invalid character '\\\\' looking for beginning of value"),
        (b"[" * 10_001, "invalid character '[' exceeded max depth"),
        (b"[]", "json: cannot unmarshal array into Go value of type persistence.Metadata"),
        (b"7", "json: cannot unmarshal number into Go value of type persistence.Metadata"),
        (b'"a"', "json: cannot unmarshal string into Go value of type persistence.Metadata"),
        (
            b'{"type":true,"label":{}}',
            "json: cannot unmarshal bool into Go struct field Metadata.type of type string",
        ),
    ],
)
def test_what_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(InvalidJsonError) as caught:
        read(data)
    assert str(caught.value) == text


@given(st.binary(max_size=40))
def test_nothing_else_is_raised(data: bytes) -> None:
    for text in (data, b'{"label":' + data + b"}", b'{"label":"' + data + b'"}'):
        try:
            read(text)
        except InvalidJsonError as error:
            assert str(error)  # noqa: PT017 - any text of Go's


def test_each_invalid_byte_is_replaced() -> None:
    assert replace_invalid(b"a\xe2\x82z\xf0") == "a\ufffd\ufffdz\ufffd"
