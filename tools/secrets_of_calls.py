"""What calls keep private: each name, id, phone number, amount and text of their transient data, for the search in blocks."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tools.leaks import Secret, price
from tools.sessions import Call

_LEAST_FEN: Final = 10_000
"""A smaller number may be part of anything public."""
_KINDS: Final = (
    ("resident id", re.compile(r"[1-9][0-9]{16}[0-9X]")),
    ("phone", re.compile(r"1[3-9][0-9]{9}")),
    ("salt", re.compile(r"[0-9a-f]{64}")),
)
_NAMES: Final = frozenset({"name", "payer", "person", "representative"})
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]{3,}")


def secrets_of(calls: Iterable[Call]) -> list[Secret]:
    """Return what the calls keep private and none of them has as an argument, each once."""
    public = set()
    found: dict[Secret, None] = {}
    for call in calls:
        public |= {text for one in call.arguments for text in _texts(one)}
        for name, value in call.transient.items():
            found |= dict.fromkeys(_secrets(name, _parsed(value)))
    return [one for one in found if one.text not in public]


def _secrets(key: str, value: Any) -> Iterator[Secret]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _secrets(name, each)
    elif isinstance(value, list):
        for each in value:
            yield from _secrets(key, each)
    elif isinstance(value, int) and abs(value) >= _LEAST_FEN:
        yield from price(abs(value))
    elif isinstance(value, str):
        kind = next((name for name, form in _KINDS if form.fullmatch(value)), "")
        if not kind and _CHINESE.search(value):
            kind = "name" if key in _NAMES else "diagnosis" if "diagnosis" in key else "text"
        if kind:
            yield Secret(kind, value)


def _texts(argument: str) -> Iterator[str]:
    """Yield the texts and numbers of an argument."""
    yield argument
    for one in _leaves(_parsed(argument)):
        yield str(one)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
