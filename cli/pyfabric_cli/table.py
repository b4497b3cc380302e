"""Text in columns. A row is never broken or cut to a terminal's width: ids and hashes can be copied whole."""

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

_GAP: Final = "  "


def table(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the cells of each line, padded to the widths of their columns; a cell may have several lines."""
    lines = [line for row in rows for line in _lines(row)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return [
        [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)]
        for line in lines
    ]


def join(cells: Sequence[str]) -> str:
    """Return a line of padded cells."""
    return _GAP.join(cells).rstrip()


def _lines(row: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip_longest(*(cell.expandtabs().split("\n") for cell in row), fillvalue=""))


def _width(text: str) -> int:
    """Return how many columns a text takes: none for a mark on a letter, two for a wide character."""
    return sum(
        0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF")
        for one in text
    )
