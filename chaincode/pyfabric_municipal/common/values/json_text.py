"""Canonical JSON (RFC 8785): one text for each value, without floats, and refused if a member is there twice."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import rfc8785

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values.kinds import Kind

JSON: TypeAlias = "bool | int | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""What canonical JSON has: no floats."""

MAX_INTEGER = 2**53 - 1
"""Some JSON readers change numbers above it (RFC 8785, appendix D)."""

MAX_DEPTH = 64
_MOST_DIGITS = 17
_JSON = Kind("json", "JSON", "JSON", secret=True)


def canonical_json(value: JSON) -> bytes:
    """Return the canonical text of a value, the bytes that are stored and hashed.

    Raises ContractError for floats, for integers beyond 2^53 - 1 and for what JSON does not have.
    """
    _require_exact(value, MAX_DEPTH)
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise _JSON.refusal(
            "text", None, f"is not Unicode: {error}", "含有无效的Unicode文本"
        ) from error


def json_digest(value: JSON) -> str:
    """Return the SHA-256 over the canonical text of a value; raises what `canonical_json` raises."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def parse_json(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, in any spelling.

    Raises ContractError for a member that is there twice (readers differ in which they keep), for
    floats, and for integers beyond 2^53 - 1.
    """
    try:
        value = json.loads(
            data.decode("utf-8", "strict"),
            object_pairs_hook=_members,
            parse_float=_refuse_float,
            parse_constant=_refuse_float,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        raise _JSON.refusal(
            "syntax", None, f"is not valid: {error}", "格式有误：应为UTF-8编码"
        ) from error
    _require_exact(value, MAX_DEPTH)
    return value


def require_canonical_json(data: bytes) -> Any:
    """Return the value of a text that is canonical already; raises ContractError for other spellings."""
    value = parse_json(data)
    if canonical_json(value) != data:
        raise _JSON.refusal(
            "spelling", None, "is not spelt as RFC 8785 has it", "的写法不符合RFC 8785规范"
        )
    return value


def _require_exact(value: object, depth: int) -> None:
    """Refuse what has no exact canonical text, inside of lists and objects too."""
    if not depth:
        raise _JSON.refusal(
            "depth", None, f"has more than {MAX_DEPTH} levels", f"嵌套超过{MAX_DEPTH}层"
        )
    if isinstance(value, Mapping):
        for name, member in value.items():
            if not isinstance(name, str):
                raise _JSON.refusal(
                    "type", None, f"has the name {name!r}: use text", "的成员名不是文本"
                )
            _require_exact(member, depth - 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _require_exact(item, depth - 1)
    elif isinstance(value, float):
        _refuse_float(repr(value))
    elif isinstance(value, int):
        _require_small(value)
    elif value is not None and not isinstance(value, str):
        name = type(value).__name__
        raise _JSON.refusal("type", None, f"has no values of type {name}", f"不支持类型{name}")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _JSON.refusal(
            "twice", None, f"has the member {twice!r} twice", f"的成员{twice!r}重复", member=twice
        )
    return members


def _integer(digits: str) -> int:
    # Python refuses to read thousands of digits with another error.
    if len(digits) > _MOST_DIGITS:
        raise _too_large(f"of {len(digits)} digits")
    return _require_small(int(digits))


def _require_small(value: int) -> int:
    if abs(value) > MAX_INTEGER:
        raise _too_large(f"of {value.bit_length()} bits")
    return value


def _too_large(size: str) -> ContractError:
    return _JSON.refusal(
        "range", None, f"has an integer {size}: at most 2^53 - 1", "中的整数超过2^53-1"
    )


def _refuse_float(text: str) -> NoReturn:
    raise _JSON.refusal(
        "float",
        None,
        f"has the float {text}: give whole numbers of a small unit",
        f"含有小数{text}：请用小单位的整数",
    )
