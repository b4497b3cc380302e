"""A topology file changed at some keys, with everything else, comments too, as it stands. Pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from pyfabric.errors import TopologyError
from pyfabric_network.topology.document import KeyPath, parse_document

_WIDTH: Final = 100_000


def with_value(text: str, path: KeyPath, value: Any, *, file: Path) -> str:
    """Return the text of a topology with the value of a key set; keys above it are made too.

    The value is written in YAML's short form. Raises TopologyError for text that is no topology's, and where the
    change cannot be made without touching more.
    """
    document = parse_document(text, file)
    edited = _set(text, document.root, [str(part) for part in path], value)
    _check(edited, _with(document.data, path, value), path, file)
    return edited


def without(text: str, path: KeyPath, *, file: Path) -> str:
    """Return the text of a topology without a key and its value; raises as `with_value`."""
    document = parse_document(text, file)
    *above, last = [str(part) for part in path]
    parent = _at(document.root, above)
    rest = {key: value for key, value in _data_at(document.data, above).items() if key != last}
    place = (
        None
        if parent is None
        else next((one for one in parent.value if one[0].value == last), None)
    )
    if place is None:
        return text
    if parent.flow_style or not rest:
        edited = _set(text, document.root, above, rest)
    else:
        start = text.rfind("\n", 0, place[0].start_mark.index) + 1
        edited = text[:start] + text[_line_end(text, _end(text, place[1])) + 1 :]
    _check(edited, _with(document.data, above, rest), path, file)
    return edited


def _set(text: str, node: Any, path: list[str], value: Any) -> str:
    for depth, part in enumerate(path):
        found = next((one for one in node.value if one[0].value == part), None)
        if found is None:
            return _add(text, node, part, _nested(path[depth + 1 :], value))
        key, node = found
        if depth == len(path) - 1 or not isinstance(node, yaml.MappingNode):
            wanted = _nested(path[depth + 1 :], value)
            return f"{text[: key.end_mark.index]}: {_flow(wanted)}{text[_end(text, node) :]}"
    return f"{text[: node.start_mark.index]}{_flow(value)}{text[_end(text, node) :]}"


def _add(text: str, parent: Any, key: str, value: Any) -> str:
    """Return the text with a key more in a mapping, after its last."""
    entry = f"{_flow(key)}: {_flow(value)}"
    if parent.flow_style:
        end = parent.end_mark.index - 1
        inside = text[:end].rstrip()
        return f"{inside}{', ' if parent.value else ' '}{entry} {text[end:]}"
    end = _line_end(text, _end(text, parent))
    indent = " " * parent.value[0][0].start_mark.column
    return f"{text[:end]}\n{indent}{entry}{text[end:] or chr(10)}"


def _end(text: str, node: Any) -> int:
    """Return where a node's own text ends, without the space and comments after it."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _end(text, node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _end(text, node.value[-1])
    start: int = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found


def _at(node: Any, path: list[str]) -> Any:
    for part in path:
        node = next((value for key, value in node.value if key.value == part), None)
        if not isinstance(node, yaml.MappingNode):
            return None
    return node


def _data_at(data: Mapping[str, Any], path: KeyPath) -> Mapping[str, Any]:
    for part in path:
        data = data.get(str(part)) or {}
    return data


def _with(data: Mapping[str, Any], path: KeyPath, value: Any) -> Any:
    """Return plain data with the value at a path set."""
    if not path:
        return value
    first = str(path[0])
    return {**data, first: _with(data.get(first) or {}, path[1:], value)}


def _nested(path: list[str], value: Any) -> Any:
    return value if not path else {path[0]: _nested(path[1:], value)}


def _flow(value: Any) -> str:
    """Return a value in YAML's short form, on one line."""
    written = yaml.safe_dump(
        value, default_flow_style=True, width=_WIDTH, allow_unicode=True, sort_keys=False
    )
    return str(written).removesuffix("...\n").strip()


def _check(text: str, wanted: Any, path: KeyPath, file: Path) -> None:
    """Raise TopologyError unless a text has just the change that is wanted."""
    try:
        changed = parse_document(text, file).data
    except TopologyError:
        changed = {}
    if changed != wanted:
        raise TopologyError(
            "cannot be changed by a command as the file is written: change it yourself",
            file=file,
            line=None,
            key=".".join(str(part) for part in path),
        )
