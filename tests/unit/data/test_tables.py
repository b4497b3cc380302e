"""Tables in files are read as they were written; a text never becomes a formula."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from pyfabric_cli.data.exporting import columns, shaped
from pyfabric_cli.data.tables import TableFormat, format_of, read_table, write_table

from pyfabric.errors import ConfigError

names = st.text(st.characters(categories=("L", "Nd")), min_size=1, max_size=8)
texts = st.text(
    st.characters(categories=("L", "Nd", "P", "Zs", "S"), include_characters="\n\t'=+-@"),
    max_size=20,
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    """Draw rows of texts that have something in each row and the same columns."""
    heads = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    rows = draw(st.lists(st.tuples(*[texts] * len(heads)).filter(any), max_size=4))
    return [dict(zip(heads, row, strict=True)) for row in rows]


@pytest.mark.parametrize("form", [TableFormat.CSV, TableFormat.XLSX])
@settings(max_examples=30)
@given(rows=tables())
def test_what_is_written_is_read_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, form: TableFormat, rows: list[dict[str, str]]
) -> None:
    file = tmp_path_factory.mktemp("tables") / f"table.{form}"
    file.write_bytes(write_table(columns(rows) or ["x"], rows, form))
    table = read_table(file, form)
    assert [dict(row.cells) for row in table.rows] == rows
    assert [row.number for row in table.rows] == list(range(2, len(rows) + 2))


@given(texts)
def test_no_cell_of_csv_begins_a_formula(text: str) -> None:
    written = write_table(["a", "b"], [{"a": text, "b": "x"}], TableFormat.CSV).decode("utf-8-sig")
    cell = written.removeprefix("a,b\n").removeprefix('"')
    assert not cell.startswith(("=", "+", "-", "@", "\t"))


def test_cells_of_a_workbook_are_texts_as_iso_8601_has_them(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["whole", "part", "day", "moment", "truth", "nothing", "text"])
    moment = datetime(2026, 11, 30, 8, 30, tzinfo=UTC).replace(tzinfo=None)
    sheet.append([3.0, 2.5, date(2026, 11, 30), moment, False, None, "a"])
    book.save(tmp_path / "t.xlsx")
    (row,) = read_table(tmp_path / "t.xlsx", TableFormat.XLSX).rows
    assert list(row.cells.values()) == [
        "3",
        "2.5",
        "2026-11-30",
        "2026-11-30T08:30:00",
        "false",
        "",
        "a",
    ]


def test_empty_rows_count_and_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,\n,,\n1,,\n", encoding="utf-8")
    (row,) = read_table(tmp_path / "t.csv", TableFormat.CSV).rows
    assert (row.number, dict(row.cells)) == (3, {"a": "1", "b": ""})


def test_an_encoding_that_does_not_fit_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("名称\n甲\n", encoding="gb18030")
    with pytest.raises(ConfigError, match="--encoding gb18030"):
        read_table(tmp_path / "t.csv", TableFormat.CSV)
    table = read_table(tmp_path / "t.csv", TableFormat.CSV, encoding="gb18030")
    assert table.columns == ("名称",)
    (tmp_path / "t.csv").write_text('a\n"b', encoding="utf-8")
    with pytest.raises(ConfigError, match="is not CSV"):
        read_table(tmp_path / "t.csv", TableFormat.CSV)


def test_a_text_that_no_workbook_can_hold() -> None:
    with pytest.raises(ConfigError, match="control character"):
        write_table(["a"], [{"a": "\x00"}], TableFormat.XLSX)


def test_the_suffix_is_the_format_unless_another_is_wanted() -> None:
    assert format_of(Path("a.XLSX"), None) is TableFormat.XLSX
    assert format_of(Path("a.txt"), TableFormat.CSV) is TableFormat.CSV


def test_records_become_cells() -> None:
    record = {"a": {"b": 1, "c": {}}, "t": True, "n": None, "l": ["x", 2], "m": ["x;y"], "e": []}
    (row,) = shaped([record], TableFormat.CSV)
    assert row == {
        "a.b": "1",
        "a.c": "{}",
        "t": "true",
        "n": "",
        "l": "x;2",
        "m": '["x;y"]',
        "e": "[]",
    }
    assert shaped([record], TableFormat.JSON) == [record]
