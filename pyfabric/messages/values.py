"""Values as contracts take and return them: plain text for what has one, JSON for the rest.

What a client passes is written with this, on the test ledger and elsewhere; contracts return values in
the same form. Libraries for JSON of typed values are loaded when a value needs them.
"""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from pyfabric.errors import ContractError


def encode_value(value: object) -> bytes:
    """Return the bytes of a value whose type is known only now: what a caller passes as an argument.

    Raises ContractError or ConfigError for what has no such form.
    """
    if value is None:
        return b""
    if isinstance(value, Enum):
        return encode_value(value.value)
    kind = next((kind for kind in PLAIN if isinstance(value, kind)), None)
    if kind is not None:
        return PLAIN[kind](value)
    from pyfabric.messages.json_values import to_json

    return to_json(value)


def is_text(value: object) -> bool:
    """Return whether a value is text that a message can hold: no lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_integer(value: object, least: int, most: int) -> bool:
    """Return whether a value is an integer in a range, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def finite(value: float) -> float:
    """Return the number; raises ContractError unless it is finite."""
    if not math.isfinite(value):
        raise ContractError("a number must be finite")
    return value


def _decimal(value: Decimal) -> bytes:
    if not value.is_finite():
        raise ContractError("a number must be finite")
    return format(value, "f").encode()


def _moment(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ContractError("a time without a zone cannot be written")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()


def _text(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise ContractError("text is not valid Unicode") from error


PLAIN: Final[dict[type, Callable[[Any], bytes]]] = {
    str: _text,
    bytes: bytes,
    bool: lambda value: b"true" if value else b"false",
    int: lambda value: str(value).encode(),
    float: lambda value: repr(finite(value)).encode(),
    Decimal: _decimal,
    datetime: _moment,
    date: lambda value: value.isoformat().encode(),
}
"""How values that travel as plain text are written; the first kind that fits a value."""
