"""Tables in files: CSV, XLSX (extra `xlsx`) and JSON, read and written."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pyfabric.errors import ConfigError
from pyfabric.extras import require

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
"""Beginnings of a text that spreadsheets take for a formula; a leading ' makes it a text."""


class TableFormat(StrEnum):
    """How a table is written in a file."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number as the file counts, and what its columns hold."""

    number: int
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file. `typed`: cells are JSON values, otherwise texts, in which "" is nothing."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    typed: bool


def format_of(path: Path, wanted: TableFormat | None) -> TableFormat:
    """Return the wanted format, or else the one of the file's suffix; raises ConfigError."""
    if wanted is not None:
        return wanted
    try:
        return TableFormat(path.suffix.removeprefix(".").lower())
    except ValueError as error:
        known = ", ".join(f".{one}" for one in TableFormat)
        raise ConfigError(f"{path}: the suffix names no format ({known}): give --format") from error


def read_table(path: Path, form: TableFormat, *, encoding: str = "utf-8") -> Table:
    """Read a file; raises ConfigError. The first row of CSV and XLSX names the columns, the first sheet counts."""
    if form is TableFormat.JSON:
        return _read_json(path)
    lines = _sheet(path) if form is TableFormat.XLSX else _lines(path, encoding)
    head, *body = lines or [[]]
    columns = tuple(name.strip() for name in head)
    while columns and not columns[-1]:
        columns = columns[:-1]
    if not columns:
        raise ConfigError(f"{path}: is empty: its first row names the columns")
    if "" in columns or len(set(columns)) < len(columns):
        raise ConfigError(f"{path}: a column has no name, or two have the same")
    rows = []
    for number, line in enumerate(body, start=2):
        if any(line[len(columns) :]):
            raise ConfigError(f"{path}: row {number} has more cells than there are columns")
        cells = dict(zip(columns, [*line, *[""] * len(columns)], strict=False))
        if any(cells.values()):
            rows.append(Row(number, cells))
    return Table(columns, tuple(rows), typed=False)


def write_table(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], form: TableFormat
) -> bytes:
    """Return a file's bytes; rows of CSV and XLSX are texts by column, those of JSON any values."""
    if form is TableFormat.JSON:
        return (json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n").encode()
    lines = [list(columns), *([str(row.get(one, "")) for one in columns] for row in rows)]
    if form is TableFormat.XLSX:
        return _book(lines)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [f"'{one}" if one.startswith(_FORMULA) else one for one in line] for line in lines
    )
    return text.getvalue().encode("utf-8-sig")


def _lines(path: Path, encoding: str) -> list[list[str]]:
    """Return the cells of a CSV file; a byte order mark is no part of them."""
    try:
        text = path.read_bytes().decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        raise ConfigError(
            f"{path}: is not {encoding} text: save it as CSV UTF-8, or give --encoding gb18030 or what it is in"
        ) from error
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ConfigError(f"{path}: is not CSV: {error}") from error
    return [[_unquoted(cell) for cell in line] for line in lines]


def _unquoted(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _read_json(path: Path) -> Table:
    try:
        value = json.loads(path.read_bytes(), object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from error
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigError(f"{path}: must be a list of objects, one for each row")
    columns = dict.fromkeys(name for one in value for name in one)
    rows = [Row(number, one) for number, one in enumerate(value, start=1)]
    return Table(tuple(columns), tuple(rows), typed=True)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member is given twice")
    return found


def _sheet(path: Path) -> list[list[str]]:
    """Return the cells of a workbook's first sheet as texts."""
    require("xlsx", "openpyxl")
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with path.open("rb") as file:
        try:
            book = load_workbook(file, read_only=True, data_only=True)
        except (BadZipFile, InvalidFileException, KeyError) as error:
            raise ConfigError(f"{path}: is not an XLSX workbook") from error
        rows = book.worksheets[0].iter_rows(values_only=True)
        found = [[_text(cell) for cell in row] for row in rows]
        book.close()
    return found


def _text(cell: Any) -> str:
    """Return a cell as text: whole numbers without a fraction, days and moments as ISO 8601 has them."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if (cell.hour, cell.minute, cell.second) == (0, 0, 0):
            return cell.date().isoformat()
        case datetime() | date():
            return cell.isoformat()
        case _:
            return str(cell)


def _book(lines: Sequence[Sequence[str]]) -> bytes:
    require("xlsx", "openpyxl")
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if any(ILLEGAL_CHARACTERS_RE.search(value) for line in lines for value in line):
        raise ConfigError(
            "a text has a control character, which XLSX cannot hold: export as CSV or JSON"
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")
    for line in lines:
        cells = [WriteOnlyCell(sheet, value=value) for value in line]
        for cell in cells:
            cell.data_type = "s"  # a text that begins with = is no formula
        sheet.append(cells)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
