"""Canonical JSON (RFC 8785) of requests and answers: one text for each value, without floats."""

import json
from typing import Any, Final, TypeVar

import rfc8785

from pyfabric.errors import ContractError, DecodeError
from pyfabric.messages.json_values import from_json, to_json

T = TypeVar("T")
MAX_DEPTH: Final = 32


def read(kind: type[T], raw: bytes) -> T:
    """Return the value of that kind; raises DecodeError unless the bytes are its canonical JSON."""
    try:
        value = from_json(kind, raw)
    except ContractError as error:
        raise DecodeError(f"not a {kind.__name__}: {error}") from error
    if _canonical(json.loads(raw)) != raw:
        raise DecodeError(f"a {kind.__name__} is not spelt as RFC 8785 demands")
    return value


def write(value: object) -> bytes:
    """Return the canonical JSON of a dataclass or plain value.

    Raises DecodeError for floats, for integers beyond 2^53 - 1 and for what is deeper than MAX_DEPTH.
    """
    return _canonical(json.loads(to_json(value)))


def _canonical(value: Any) -> bytes:
    _require_exact(value, MAX_DEPTH)
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise DecodeError(f"JSON has no canonical text: {error}") from error


def _require_exact(value: Any, depth: int) -> None:
    if not depth:
        raise DecodeError(f"JSON has more than {MAX_DEPTH} levels")
    if isinstance(value, float):
        raise DecodeError(f"JSON has the float {value}: whole numbers are read alike everywhere")
    for one in _members(value):
        _require_exact(one, depth - 1)


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
