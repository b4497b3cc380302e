"""Conversion of arguments and results: one text for each value, other texts are refused."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from pyfabric.chaincode.conversion import conversion
from pyfabric.errors import ConfigError, ContractError
from pyfabric.messages.json_values import from_json, to_json
from pyfabric.messages.values import encode_value


class Share(StrEnum):
    FREE = "free"
    NONE = "none"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Column:
    name: str
    size: int = 0


@dataclass(frozen=True)
class Resource:
    code: str
    fields: list[Column]
    share: Share = Share.FREE
    until: date | None = None

    def __post_init__(self) -> None:
        if not self.code:
            raise ValueError("a resource needs a code")


class Model(BaseModel):
    count: int
    inner: Column


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ROUND_TRIPS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, TEXT),
    (bytes, st.binary()),
    (bool, st.booleans()),
    (int, st.integers()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=4)),
    (date, st.dates()),
    (datetime, st.datetimes(timezones=st.just(UTC))),
    (Share, st.sampled_from(Share)),
    (Level, st.sampled_from(Level)),
    (int | None, st.none() | st.integers()),
    (list[int], st.lists(st.integers(-(2**63), 2**63))),
    (dict[str, list[str]], st.dictionaries(TEXT, st.lists(TEXT))),
    (Literal["a", "b"], st.sampled_from(["a", "b"])),
    (
        Resource,
        st.builds(
            Resource,
            code=TEXT.filter(bool),
            fields=st.lists(st.builds(Column, name=TEXT, size=st.integers(0, 9))),
            until=st.none() | st.dates(),
        ),
    ),
    (Model, st.builds(Model, count=st.integers(), inner=st.builds(Column, name=TEXT))),
]


@pytest.mark.parametrize(("hint", "values"), ROUND_TRIPS, ids=lambda each: str(each)[:40])
def test_what_is_written_is_read_back(hint: Any, values: st.SearchStrategy[Any]) -> None:
    found = conversion(hint)

    @given(values)
    def check(value: Any) -> None:
        data = found.write(value)
        assert found.read(data) == value
        assert encode_value(value) == data

    check()


@pytest.mark.parametrize(
    ("hint", "given_text"),
    [
        *[(int, each) for each in ("", " 1", "1 ", "+1", "01", "1_000", "１２", "1.0", "-0", "٣")],
        (int, "9" * 5000),
        *[(float, each) for each in ("", "nan", "NaN", "inf", "-Infinity", "1e999", "1_0", ".5")],
        *[(bool, each) for each in ("", "True", "1", "yes", "TRUE", " true")],
        *[(Decimal, each) for each in ("", "NaN", "1e5", "１", "1,5", "Infinity")],
        *[
            (date, each)
            for each in ("", "2026-02-30", "20260101", "２０２６-01-01", "2026-01-01\n")
        ],
        *[(datetime, each) for each in ("2026-01-01T00:00:00", "2026-01-01", "1700000000", "")],
        (datetime, "2026-01-01T25:00:00Z"),
        *[(Share, each) for each in ("", "FREE", "Free", "other")],
        *[(Level, each) for each in ("", "01", "3", "LOW")],
        *[(int | None, each) for each in ("None", "null", " ")],
        (list[int], "[1.5]"),
        (list[int], '["1"]'),
        (list[int], "[true]"),
        (list[float], "[NaN]"),
        (list[float], "[1e999]"),
        (list[int], "1"),
        (list[int], ""),
        (list[int], "[1] [2]"),
        (list[int], "[" * 100_000),
        (Column, '{"name":"a","size":"1"}'),
        (Column, '{"name":"a","other":1}'),
        (Column, '{"name":"a","name":"b"}'),
        (Column, "{}"),
        (Resource, '{"code":"","fields":[]}'),
        (Resource, '{"code":"a","fields":[{"name":"n","x":1}]}'),
        (Model, '{"count":"1","inner":{"name":"a"}}'),
        (Annotated[str, Field(max_length=3)], "abcd"),
        (Annotated[int, Field(ge=1)], "0"),
        (Annotated[str, Field(max_length=3)] | None, "abcd"),
    ],
)
def test_what_is_not_the_values_own_text_is_refused(hint: Any, given_text: str) -> None:
    with pytest.raises(ContractError):
        conversion(hint).read(given_text.encode())


@pytest.mark.parametrize("hint", [str, int, float, bool, date, Share, list[str], Column])
def test_bytes_that_are_not_text_are_refused_for_all_but_bytes(hint: Any) -> None:
    with pytest.raises(ContractError):
        conversion(hint).read(b"\xff\xfe")
    assert conversion(bytes).read(b"\xff\xfe") == b"\xff\xfe"


def test_an_empty_argument_is_none_where_none_is_allowed() -> None:
    assert conversion(Optional[int]).read(b"") is None  # noqa: UP045
    assert conversion(str | None).read(b"") is None
    assert conversion(str | None).read(b"a") == "a"
    assert conversion(Annotated[str, Field(max_length=3)] | None).read(b"abc") == "abc"


class Untyped:
    pass


class Odd(Enum):
    A = 1.5


@pytest.mark.parametrize(
    "hint", [Any, object, set[str], list[set[int]], Untyped, list[Untyped], Callable, Odd, "x"]
)
def test_hints_that_cannot_travel_are_refused_when_loaded(hint: Any) -> None:
    with pytest.raises(ConfigError):
        conversion(hint)


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (str, 1),
        (int, "1"),
        (int, True),
        (bool, 1),
        (float, math.nan),
        (float, math.inf),
        (float, True),
        (bytes, "a"),
        (date, datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime, datetime(2026, 1, 1)),  # noqa: DTZ001
        (None, 0),
        (Share, "other"),
        (str, "\ud800"),
        (list[int], ["a"]),
        (list[float], [math.nan]),
        (Column, Untyped()),
        (Decimal, Decimal("NaN")),
    ],
)
def test_results_of_another_type_are_refused(hint: Any, value: Any) -> None:
    with pytest.raises(ContractError):
        conversion(hint).write(value)


def test_a_time_is_written_in_utc() -> None:
    beijing = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert conversion(datetime).write(beijing) == b"2026-01-01T00:00:00Z"


def test_json_has_one_form_whatever_the_order_of_keys() -> None:
    assert (
        to_json({"b": 1, "a": "目录"})
        == '{"a":"目录","b":1}'.encode()
        == to_json({"a": "目录", "b": 1})
    )
    resource = Resource("1", [Column("名")], until=date(2026, 1, 1))
    data = to_json(resource)
    assert json.loads(data) == {
        "code": "1",
        "fields": [{"name": "名", "size": 0}],
        "share": "free",
        "until": "2026-01-01",
    }
    assert from_json(Resource, data) == resource


@pytest.mark.parametrize("value", [{"a": math.nan}, [math.inf], "\ud800", {"a": Untyped()}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ContractError):
        to_json(value)


def test_reading_state_of_another_type_is_refused() -> None:
    with pytest.raises(ContractError, match="size"):
        from_json(Column, b'{"name":"a","size":"1"}')
