"""State keys: simple and composite, and the ranges that hold each kind."""

from collections.abc import Sequence

from pyfabric.errors import ContractError

_NAMESPACE = "\x00"
_SEPARATOR = "\x00"
_LAST = "\U0010ffff"
_FIRST_SIMPLE = "\x01"


def require_key(key: str) -> str:
    """Return `key`, if state can have such a key; raises ContractError for an empty or a broken one."""
    if not key:
        raise ContractError("key must not be an empty string")
    _encoded(key, "key")
    return key


def create_composite_key(object_type: str, attributes: Sequence[str]) -> str:
    """Return the key of an object type with its attributes, apart from all simple keys.

    U+0000 and U+10FFFF would let one attribute pose as two, so they are refused (ContractError), as
    is text that is not valid Unicode.
    """
    if isinstance(attributes, str):
        raise ContractError("the attributes of a composite key are a list, not one text")
    parts = (object_type, *attributes)
    for part in parts:
        _encoded(part, "part of a composite key")
        if _SEPARATOR in part or _LAST in part:
            raise ContractError(
                f"U+0000 and U+10FFFF are not allowed in a part of a composite key: {part!r:.80}"
            )
    return _NAMESPACE + "".join(part + _SEPARATOR for part in parts)


def split_composite_key(key: str) -> tuple[str, list[str]]:
    """Return the object type and the attributes of a composite key; ContractError if it is not one."""
    if len(key) < 2 or key[0] != _NAMESPACE or key[-1] != _SEPARATOR:
        raise ContractError(f"not a composite key: {key!r:.80}")
    object_type, *attributes = key[1:-1].split(_SEPARATOR)
    return object_type, attributes


def simple_range(start: str, end: str) -> tuple[str, str]:
    """Return the bounds of a range of simple keys; an unbounded one leaves composite keys out."""
    for bound in (start, end):
        _encoded(bound, "bound of a range")
        if bound.startswith(_NAMESPACE):
            raise ContractError(f"a range of simple keys cannot start with U+0000: {bound!r:.80}")
    return start or _FIRST_SIMPLE, end


def composite_range(
    object_type: str, attributes: Sequence[str], after: Sequence[str] = ()
) -> tuple[str, str]:
    """Return the bounds of all composite keys that begin with these parts, or of those behind the key that goes on with `after`."""
    start = create_composite_key(object_type, attributes)
    if not after:
        return start, start + _LAST
    passed = create_composite_key(object_type, (*attributes, *after))
    return passed + _SEPARATOR, start + _LAST


def require_bookmark(bookmark: str, start: str, end: str) -> str:
    """Return `bookmark`, if it lies inside the range.

    A peer starts to read at the bookmark, whatever the range says, and bookmarks come from callers:
    one outside would read other records.
    """
    if not bookmark:
        return bookmark
    position = _encoded(bookmark, "bookmark")
    if position < start.encode() or (end and position >= end.encode()):
        raise ContractError("the bookmark does not belong to this range")
    return bookmark


def _encoded(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ContractError(f"{what} is not valid Unicode: {text!r:.80}") from error
