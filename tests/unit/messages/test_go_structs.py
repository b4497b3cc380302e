"""JSON as Go reads it into structs: the texts and values below are what a Go program (1.26) printed for these inputs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.messages.go_json import InvalidJsonError
from pyfabric.messages.go_structs import Slice, Struct, read_struct, read_time

ATTRIBUTE = Struct("api.Attribute", {"name": "string", "ecert": "bool"})
INNER = {
    "id": "string",
    "count": "int",
    "attrs": Slice(ATTRIBUTE, "[]api.Attribute"),
    "when": "time.Time",
    "hosts": Slice("string", "[]string"),
}
REQUEST = Struct(
    "api.Request", {**INNER, "CAName": "string", "sub": ATTRIBUTE}, dict.fromkeys(INNER, "Inner")
)
ZERO = {
    "id": "",
    "count": 0,
    "attrs": None,
    "when": None,
    "hosts": None,
    "CAName": "",
    "sub": None,
}
WRONG = "json: cannot unmarshal "
LAYOUT = '"2006-01-02T15:04:05Z07:00"'


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("[]", f"{WRONG}array into Go value of type api.Request"),
        ('"x"', f"{WRONG}string into Go value of type api.Request"),
        ("1", f"{WRONG}number into Go value of type api.Request"),
        ("true", f"{WRONG}bool into Go value of type api.Request"),
        ('{"id":1}', f"{WRONG}number into Go struct field Request.Inner.id of type string"),
        ('{"id":["a"]}', f"{WRONG}array into Go struct field Request.Inner.id of type string"),
        ('{"id":{"a":1}}', f"{WRONG}object into Go struct field Request.Inner.id of type string"),
        ('{"id":true}', f"{WRONG}bool into Go struct field Request.Inner.id of type string"),
        ('{"count":"1"}', f"{WRONG}string into Go struct field Request.Inner.count of type int"),
        (
            '{"count":1.5}',
            f"{WRONG}number 1.5 into Go struct field Request.Inner.count of type int",
        ),
        (
            '{"count":1e2}',
            f"{WRONG}number 1e2 into Go struct field Request.Inner.count of type int",
        ),
        (
            '{"count":9223372036854775808}',
            f"{WRONG}number 9223372036854775808 into Go struct field Request.Inner.count of type int",
        ),
        (
            f'{{"count":{"1" * 5000}}}',
            f"{WRONG}number {'1' * 5000} into Go struct field Request.Inner.count of type int",
        ),
        (
            f'{{"id":-{"1" * 5000}}}',
            f"{WRONG}number into Go struct field Request.Inner.id of type string",
        ),
        ('{"count":true}', f"{WRONG}bool into Go struct field Request.Inner.count of type int"),
        (
            '{"attrs":"x"}',
            f"{WRONG}string into Go struct field Request.Inner.attrs of type []api.Attribute",
        ),
        (
            '{"attrs":{}}',
            f"{WRONG}object into Go struct field Request.Inner.attrs of type []api.Attribute",
        ),
        (
            '{"attrs":[1]}',
            f"{WRONG}number into Go struct field Request.Inner.attrs of type api.Attribute",
        ),
        (
            '{"attrs":[{"name":1}]}',
            f"{WRONG}number into Go struct field Attribute.Inner.attrs.name of type string",
        ),
        (
            '{"attrs":[{"ecert":"yes"}]}',
            f"{WRONG}string into Go struct field Attribute.Inner.attrs.ecert of type bool",
        ),
        ('{"hosts":[1]}', f"{WRONG}number into Go struct field Request.Inner.hosts of type string"),
        (
            '{"hosts":"a"}',
            f"{WRONG}string into Go struct field Request.Inner.hosts of type []string",
        ),
        ('{"sub":1}', f"{WRONG}number into Go struct field Request.sub of type api.Attribute"),
        (
            '{"sub":{"name":2}}',
            f"{WRONG}number into Go struct field Attribute.sub.name of type string",
        ),
        ('{"caname":1}', f"{WRONG}number into Go struct field Request.CAName of type string"),
        (
            '{"id":1,"count":"x"}',
            f"{WRONG}number into Go struct field Request.Inner.id of type string",
        ),
        ('{"when":1}', "Time.UnmarshalJSON: input is not a JSON string"),
        ('{"when":"x"}', f'parsing time "x" as {LAYOUT}: cannot parse "x" as "2006"'),
        (
            '{"when":"2020-01-01"}',
            f'parsing time "2020-01-01" as {LAYOUT}: cannot parse "" as "T"',
        ),
        (
            '{"when":"2020-01-01T00:00:00"}',
            f'parsing time "2020-01-01T00:00:00" as {LAYOUT}: cannot parse "" as "Z07:00"',
        ),
        (
            '{"when":"2020-13-01T00:00:00Z"}',
            'parsing time "2020-13-01T00:00:00Z": month out of range',
        ),
        (
            '{"when":"2020-00-01T00:00:00Z"}',
            'parsing time "2020-00-01T00:00:00Z": month out of range',
        ),
        (
            '{"when":"2020-02-30T00:00:00Z"}',
            'parsing time "2020-02-30T00:00:00Z": day out of range',
        ),
        (
            '{"when":"2020-01-01T25:00:00Z"}',
            'parsing time "2020-01-01T25:00:00Z": hour out of range',
        ),
        (
            '{"when":"2020-01-01T00:61:00Z"}',
            'parsing time "2020-01-01T00:61:00Z": minute out of range',
        ),
        (
            '{"when":"2020-01-01T00:00:60Z"}',
            'parsing time "2020-01-01T00:00:60Z": second out of range',
        ),
        (
            '{"when":"2020-01-01T00:00:00+25:00"}',
            'parsing time "2020-01-01T00:00:00+25:00": time zone offset hour out of range',
        ),
        (
            '{"when":"2020-01-01T00:00:00Zx"}',
            'parsing time "2020-01-01T00:00:00Zx": extra text: "x"',
        ),
    ],
)
def test_what_is_refused(data: str, text: str) -> None:
    with pytest.raises(InvalidJsonError) as refused:
        read_struct(data.encode(), REQUEST)
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("null", {}),
        ("{}", {}),
        ('{"unknown":[{}],"ID":"a"}', {"id": "a"}),
        ('{"CAName":"a","caname":"b","CANAME":"c"}', {"CAName": "c"}),
        (
            '{"attrs":[null,{"name":"a"}]}',
            {"attrs": [{"name": "", "ecert": False}, {"name": "a", "ecert": False}]},
        ),
        ('{"hosts":[null,"a"]}', {"hosts": ["", "a"]}),
        ('{"count":-0}', {}),
        ('{"count":9223372036854775807}', {"count": 9223372036854775807}),
        ('{"when":null}', {}),
        (
            '{"when":"2020-01-01T00:00:00.25+02:00"}',
            {"when": datetime(2019, 12, 31, 22, 0, 0, 250_000, UTC)},
        ),
        ('{"when":"2020-01-01T1:02:03Z"}', {"when": datetime(2020, 1, 1, 1, 2, 3, 0, UTC)}),
        (
            '{"when":"2020-01-01T00:00:00,5Z"}',
            {"when": datetime(2020, 1, 1, 0, 0, 0, 500_000, UTC)},
        ),
        (
            '{"when":"2020-01-01T00:00:00.123456789Z"}',
            {"when": datetime(2020, 1, 1, 0, 0, 0, 123_456, UTC)},
        ),
        ('{"when":"2020-01-01T00:00:00+24:00"}', {"when": datetime(2019, 12, 31, tzinfo=UTC)}),
        ('{"when":"2020-01-01T00:00:00-24:60"}', {"when": datetime(2020, 1, 2, 1, tzinfo=UTC)}),
        ('{"when":"2020-01-01T00:00:00-01:30"}', {"when": datetime(2020, 1, 1, 1, 30, tzinfo=UTC)}),
        (f'{{"x":{"1" * 5000}}}', {}),
    ],
)
def test_what_is_read(data: str, fields: dict[str, object]) -> None:
    assert read_struct(data.encode(), REQUEST) == ZERO | fields


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("0000-02-29T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59-01:00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_time_that_python_does_not_have_is_the_nearest_that_it_has(
    text: str, nearest: datetime
) -> None:
    assert read_time(text) == nearest


@pytest.mark.parametrize("depth", [2_000, 9_999, 10_001, 100_000])
def test_what_is_too_deep_is_refused(depth: int) -> None:
    data = f'{{"x":{"[" * depth}{"]" * depth}}}'
    with pytest.raises(InvalidJsonError, match="exceeded max depth"):
        read_struct(data.encode(), REQUEST)


@given(st.binary() | st.text().map(str.encode))
def test_every_input_is_read_or_refused(data: bytes) -> None:
    try:
        found = read_struct(data, REQUEST)
    except InvalidJsonError:
        return
    assert found.keys() == ZERO.keys()
