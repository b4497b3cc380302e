"""Rows become arguments by a contract's own metadata, and what is exported is imported as the same."""

import json
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from pyfabric_cli.data.exporting import columns, shaped
from pyfabric_cli.data.faults import Fault
from pyfabric_cli.data.forms import Form, function_of, key_of
from pyfabric_cli.data.schemas import Schemas
from pyfabric_cli.data.tables import Row, Table, TableFormat, read_table, write_table

from pyfabric.chaincode import Chaincode, Context, Contract, ContractError, transaction
from pyfabric.chaincode.testing import TestLedger
from pyfabric.errors import ConfigError


class Grade(StrEnum):
    GOOD = "good"
    POOR = "poor"


class Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    street: Annotated[str, Field(min_length=1, max_length=20)]
    number: int | None = None


class House(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(pattern="^[A-Z][0-9]+$")]
    place: Place
    area: Annotated[int, Field(ge=1, le=1000)]
    grade: Grade
    sold: bool
    owner: str | None = None
    uses: list[str] = []
    parts: list[Place] = []


class Houses(Contract):
    """Functions of every kind that a table may go to."""

    name = "houses"

    @transaction
    def many(self, ctx: Context, batch: str, reason: str, rows: list[House]) -> list[House]:
        return rows

    @transaction
    def one(self, ctx: Context, house: House) -> House:
        return house

    @transaction
    def plain(self, ctx: Context, code: str, area: int, sold: bool = False, note: str = "") -> str:
        return f"{code} {area} {sold} {note}"

    @transaction
    def codes(self, ctx: Context, codes: list[str]) -> str:
        return ",".join(codes)


LEDGER = TestLedger(Chaincode([Houses()]), guard=False)
METADATA = json.loads(LEDGER.evaluate("org.hyperledger.fabric:GetMetadata"))


def form(name: str, **constants: str) -> Form:
    return Form(function_of(METADATA, name), Schemas(METADATA), constants)


def table(**cells: Any) -> Table:
    return Table(tuple(cells), (Row(2, cells),), typed=False)


GOOD = {"code": "A1", "place.street": "s", "area": "5", "grade": "good", "sold": "no"}


def faults(wanted: Form, **cells: Any) -> list[tuple[int, str, str]]:
    found: list[Fault] = wanted.entries(table(**cells))[1]
    return [(one.row, one.column, one.problem.code) for one in found]


def test_many_rows_go_into_one_call_with_a_key_and_constants() -> None:
    wanted = form("many", reason="why")
    rows = [Row(n, {**GOOD, "code": f"A{n}"}) for n in range(2, 7)]
    entries, wrong = wanted.entries(Table(tuple(GOOD), tuple(rows), typed=False))
    assert wrong == []
    calls = wanted.calls(entries, 2, "k")
    assert [call.rows for call in calls] == ["rows 2 to 3", "rows 4 to 5", "row 6"]
    assert [call.arguments[:2] for call in calls] == [
        (f"k-{n}".encode(), b"why") for n in (1, 2, 3)
    ]
    for call in calls:
        assert len(json.loads(LEDGER.submit("many", *call.arguments))) == len(call.entries)


def test_the_fields_of_an_only_object_are_the_columns() -> None:
    entries, wrong = form("one").entries(table(**GOOD, parts='[{"street":"t"}]', uses="a；b;c"))
    assert wrong == []
    (call,) = form("one").calls(entries, 100, "k")
    answer = json.loads(LEDGER.submit("one", *call.arguments))
    assert (answer["uses"], answer["parts"][0]["street"]) == (["a", "b", "c"], "t")


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        ({"code": "a", "area": "1"}, b"a 1 False "),
        ({"code": "", "area": "-7", "sold": "是"}, b" -7 True "),
        ({"code": "5", "area": "007", "sold": "false", "note": "n"}, b"5 7 False n"),
    ],
)
def test_parameters_are_columns(cells: dict[str, str], answer: bytes) -> None:
    entries, wrong = form("plain").entries(table(**cells))
    assert wrong == []
    (call,) = form("plain").calls(entries, 100, "k")
    assert LEDGER.submit("plain", *call.arguments) == answer


def test_a_list_of_texts_takes_a_column_of_them() -> None:
    rows = tuple(Row(n, {"codes": str(n)}) for n in (2, 3))
    entries, wrong = form("codes").entries(Table(("codes",), rows, typed=False))
    (call,) = form("codes").calls(entries, 9, "k")
    assert (wrong, LEDGER.submit("codes", *call.arguments)) == ([], b"2,3")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"place.street": ""}, [(2, "place", "data.required")]),
        ({"place.street": "", "place.number": "3"}, [(2, "place.street", "data.bound")]),
        ({"place.number": "x"}, [(2, "place.number", "data.integer")]),
        ({"place.street": "s" * 21}, [(2, "place.street", "data.bound")]),
        ({"area": "0"}, [(2, "area", "data.bound")]),
        ({"area": "1001"}, [(2, "area", "data.bound")]),
        ({"area": "５"}, [(2, "area", "data.integer")]),
        ({"area": "1.5"}, [(2, "area", "data.integer")]),
        ({"grade": "fair"}, [(2, "grade", "data.choice")]),
        ({"sold": "perhaps"}, [(2, "sold", "data.boolean")]),
        ({"code": "a1"}, [(2, "code", "data.pattern")]),
        ({"parts": "[{]"}, [(2, "parts", "data.json")]),
        ({"parts": '[{"street":"s","x":1}]'}, [(2, "parts.1.x", "data.column")]),
        ({"parts": '[{"street":1}]'}, [(2, "parts.1.street", "data.type")]),
        ({"colour": "red"}, [(0, "colour", "data.column")]),
        ({"owner": "张三 11010519491231002X"}, [(2, "owner", "data.personal")]),
        ({"uses": "a;电话13800138000"}, [(2, "uses.2", "data.personal")]),
        ({"area": "x", "sold": "x"}, [(2, "area", "data.integer"), (2, "sold", "data.boolean")]),
    ],
)
def test_each_fault_has_its_row_and_column(
    changes: dict[str, str], found: list[tuple[int, str, str]]
) -> None:
    assert sorted(faults(form("one"), **{**GOOD, **changes})) == found


def test_values_of_json_are_checked_and_not_converted() -> None:
    house = {"code": "A1", "place": {"street": "s"}, "area": "5", "grade": "good", "sold": False}
    typed = Table(tuple(house), (Row(1, house),), typed=True)
    _, wrong = form("one").entries(typed)
    assert [(one.column, one.problem.code) for one in wrong] == [("area", "data.type")]
    _, wrong = form("one").entries(Table(("area",), (Row(1, {"area": True}),), typed=True))
    assert {(one.column, one.problem.code) for one in wrong} == {
        ("code", "data.required"),
        ("place", "data.required"),
        ("grade", "data.required"),
        ("sold", "data.required"),
        ("area", "data.type"),
    }


@pytest.mark.parametrize(
    ("name", "constants", "says"),
    [
        ("nothing", {}, "does not exist"),
        ("many", {}, "needs reason: give --set"),
        ("many", {"why": "x"}, "has no such parameter"),
        ("many", {"reason": "联系人 138-0013-8000"}, "--set reason: holds what looks like"),
        (
            "plain",
            {"code": "a", "area": "1", "sold": "true", "note": ""},
            "takes nothing from rows",
        ),
    ],
)
def test_functions_that_no_table_fits(name: str, constants: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        form(name, **constants)


def test_the_key_of_a_file_is_its_own() -> None:
    keys = {key_of(b"a", "f"), key_of(b"b", "f"), key_of(b"a", "g"), key_of(b"a", "f", "x")}
    assert len(keys) == 4
    assert key_of(b"a", "f") in keys


words = st.text(st.characters(categories=("L",)), min_size=1, max_size=6).map(
    lambda text: "w" + text.encode("ascii", "ignore").decode()
)
places = st.builds(Place, street=words, number=st.none() | st.integers(-9, 9))
houses = st.builds(
    House,
    code=st.from_regex(r"[A-Z][0-9]{1,4}", fullmatch=True),
    place=places,
    area=st.integers(1, 1000),
    grade=st.sampled_from(Grade),
    sold=st.booleans(),
    owner=st.none() | words,
    uses=st.lists(words | st.sampled_from(["a;b", " c", "[d", "=e"]), max_size=3),
    parts=st.lists(places, max_size=2),
)


@pytest.mark.parametrize("kind", TableFormat)
@settings(max_examples=20)
@given(found=st.lists(houses, min_size=1, max_size=3))
def test_what_is_exported_is_imported_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, kind: TableFormat, found: list[House]
) -> None:
    records = [one.model_dump(mode="json") for one in found]
    rows = shaped(records, kind)
    file = tmp_path_factory.mktemp("again") / "houses"
    file.write_bytes(write_table(columns(rows), rows, kind))
    entries, wrong = form("one").entries(read_table(file, kind))
    assert wrong == []
    assert [House.model_validate(one.value) for one in entries] == found


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "place", "owner", "parts", "uses"]),
        st.text(max_size=8) | st.sampled_from(["A1", "5", "good", "no", "{}", "[]", "null", "[1]"]),
    )
)
def test_what_has_no_fault_is_never_refused_by_the_types_of_the_contract(
    cells: dict[str, str],
) -> None:
    entries, _ = form("one").entries(table(**cells))
    for call in form("one").calls(entries, 1, "k"):
        try:
            LEDGER.evaluate("one", *call.arguments)
        except ContractError as error:
            raise AssertionError(f"{cells}: {error}") from error
