"""JSON patches (RFC 6902) and JSON pointers (RFC 6901): changes of a JSON document, as a list of operations."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final, TypeAlias

from pyfabric.errors import ConfigError

Operation: TypeAlias = Mapping[str, Any]


def apply_patch(document: Any, operations: Sequence[Operation]) -> Any:
    """Return a document after all operations, in their order; the given one stays as it is.

    ConfigError names the operation that is not one of RFC 6902, that has no place in the document, or whose test fails.
    """
    made = deepcopy(document)
    for number, operation in enumerate(operations, 1):
        try:
            made = _apply(made, operation)
        except ConfigError as error:
            raise ConfigError(f"operation {number} of the patch: {error}") from error
    return made


def _apply(document: Any, operation: Any) -> Any:
    if not isinstance(operation, Mapping) or operation.get("op") not in tuple(_OPERATIONS):
        raise ConfigError(f'"op" is one of {", ".join(_OPERATIONS)}')
    name, fields = _OPERATIONS[operation["op"]]
    unknown = [field for field in fields if field not in operation]
    if unknown:
        raise ConfigError(f'{operation["op"]} needs "{unknown[0]}"')
    return name(document, operation)


def _add(document: Any, operation: Operation) -> Any:
    return _put(document, _pointer(operation["path"]), deepcopy(operation["value"]))


def _remove(document: Any, operation: Operation) -> Any:
    steps = _pointer(operation["path"])
    if not steps:
        raise ConfigError("the whole document cannot be removed")
    parent, key = _parent(document, steps)
    del parent[key]
    return document


def _replace(document: Any, operation: Operation) -> Any:
    steps = _pointer(operation["path"])
    if not steps:
        return deepcopy(operation["value"])
    parent, key = _parent(document, steps)
    parent[key] = deepcopy(operation["value"])
    return document


def _move(document: Any, operation: Operation) -> Any:
    source, target = _pointer(operation["from"]), _pointer(operation["path"])
    if target[: len(source)] == source and target != source:
        raise ConfigError(f"{operation['from']} cannot be moved into itself")
    value = _get(document, source)
    if source:
        document = _remove(document, {"path": operation["from"]})
    return _put(document, target, value)


def _copy(document: Any, operation: Operation) -> Any:
    value = deepcopy(_get(document, _pointer(operation["from"])))
    return _put(document, _pointer(operation["path"]), value)


def _test(document: Any, operation: Operation) -> Any:
    found = _get(document, _pointer(operation["path"]))
    if not _equal(found, operation["value"]):
        raise ConfigError(f"{operation['path']} is not {operation['value']!r} but {found!r}")
    return document


_OPERATIONS: Final[Mapping[Any, tuple[Callable[[Any, Operation], Any], tuple[str, ...]]]] = {
    "add": (_add, ("path", "value")),
    "remove": (_remove, ("path",)),
    "replace": (_replace, ("path", "value")),
    "move": (_move, ("from", "path")),
    "copy": (_copy, ("from", "path")),
    "test": (_test, ("path", "value")),
}


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise ConfigError(f"{text!r} is no JSON pointer: it begins with /")
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _get(document: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        document = document[_key(document, step)]
    return document


def _parent(document: Any, steps: Sequence[str]) -> tuple[Any, Any]:
    """Return the object or list that holds a value that exists, and the value's key in it."""
    parent = _get(document, steps[:-1])
    return parent, _key(parent, steps[-1])


def _put(document: Any, steps: Sequence[str], value: Any) -> Any:
    if not steps:
        return value
    parent, step = _get(document, steps[:-1]), steps[-1]
    if isinstance(parent, dict):
        parent[step] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if step == "-" else _number(step, len(parent)), value)
    else:
        raise ConfigError(f"{step!r} leads into a value that is no object or list")
    return document


def _key(parent: Any, step: str) -> Any:
    if isinstance(parent, list):
        return _number(step, len(parent) - 1)
    if isinstance(parent, dict) and step in parent:
        return step
    raise ConfigError(f"there is no {step!r}")


def _number(step: str, most: int) -> int:
    if not (step.isascii() and step.isdigit()) or (step[0] == "0" and step != "0"):
        raise ConfigError(f"{step!r} is no place in a list")
    if int(step) > most:
        raise ConfigError(f"there is no place {step} in the list")
    return int(step)


def _equal(one: Any, other: Any) -> bool:
    """Compare as RFC 6902 says: by JSON's kinds, in which true is no number and 1 equals 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)
