"""What a query answers as rows of a table, page by page."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pyfabric.errors import ConfigError
from pyfabric_cli.data.forms import Function
from pyfabric_cli.data.tables import TableFormat

Ask = Callable[[Sequence[str | bytes]], bytes]

_ITEMS, _BOOKMARK, _SIZE = "items", "bookmark", "size"
_LIST_TEXT: Final = frozenset(";；[\n")


def pages(
    function: Function, given: Sequence[bytes], size: int, ask: Ask
) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the records of each page; parameters `size` and `bookmark` are filled in where the function has both.

    Raises ConfigError where the answer is no list of objects.
    """
    names = [one.name for one in function.parameters]
    is_paged = {_SIZE, _BOOKMARK} <= set(names)
    others = [one for one in names if not is_paged or one not in (_SIZE, _BOOKMARK)]
    if len(given) > len(others):
        raise ConfigError(f"{function.name} takes {len(others)} arguments: {', '.join(others)}")
    values: dict[str, str | bytes] = dict(zip(others, given, strict=False))
    bookmark = ""
    while True:
        if is_paged:
            values |= {_SIZE: str(size), _BOOKMARK: bookmark}
        answer = _parsed(function.name, ask([values[one] for one in names if one in values]))
        is_page = isinstance(answer, dict) and isinstance(answer.get(_ITEMS), list)
        yield _records(function.name, answer[_ITEMS] if is_page else answer)
        bookmark = str(answer.get(_BOOKMARK, "")) if is_page else ""
        if not (is_paged and bookmark):
            return


def shaped(records: Sequence[Mapping[str, Any]], form: TableFormat) -> list[Mapping[str, Any]]:
    """Return records as a format holds them: JSON as they are, others as texts by column."""
    if form is TableFormat.JSON:
        return list(records)
    return [dict(_cells(one, "")) for one in records]


def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns of all rows, each where it is first needed."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _cells(record: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        match value:
            case dict() if value:
                yield from _cells(value, f"{before}{name}.")
            case None:
                yield before + name, ""
            case bool():
                yield before + name, "true" if value else "false"
            case str() | int() | float():
                yield before + name, str(value)
            case list() if value and all(_is_plain(one) for one in value):
                yield before + name, ";".join(map(str, value))
            case _:
                yield before + name, json.dumps(value, ensure_ascii=False)


def _is_plain(value: Any) -> bool:
    """Return whether a value of a list stays the same between two semicolons."""
    if isinstance(value, str):
        return bool(value) and value == value.strip() and not set(value) & _LIST_TEXT
    return isinstance(value, int) and not isinstance(value, bool)


def _parsed(name: str, answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError as error:
        raise ConfigError(f"{name} does not answer JSON: it has no records to export") from error


def _records(name: str, answer: Any) -> list[Mapping[str, Any]]:
    found = answer if isinstance(answer, list) else [answer]
    if not all(isinstance(one, dict) for one in found):
        raise ConfigError(f"{name} does not answer a list of objects")
    return found
