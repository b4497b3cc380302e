"""A YAML file read with the place of every key, so that an error can name file, line and key."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pyfabric.errors import TopologyError
from pyfabric.local.yaml_text import check_yaml

KeyPath: TypeAlias = Sequence[str | int]
M = TypeVar("M", bound=BaseModel)

_WANTED = {
    "string_type": "must be text: write it in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a table of keys and values",
    "model_type": "must be a table of keys and values",
    "model_attributes_type": "must be a table of keys and values",
    "missing": "is missing",
}


class _Loader(yaml.SafeLoader):
    """SafeLoader without dates: 2026-11-25 stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """One YAML mapping: `data` as plain values, `root` with the places."""

    file: Path
    root: yaml.MappingNode
    data: Mapping[str, Any]

    def fail(self, message: str, path: KeyPath = ()) -> NoReturn:
        """Raise TopologyError for the key at `path` (or the nearest one above it)."""
        key = ".".join(str(part) for part in path)
        raise TopologyError(message, file=self.file, line=self._line(path), key=key)

    def parse(self, model: type[M]) -> M:
        """Return the document as `model`, strictly; raises TopologyError for the first fault.

        What is missing comes last: a misspelt key is the more likely cause.
        """
        try:
            return model.model_validate_json(json.dumps(self.data), strict=True)
        except ValidationError as error:
            fault = min(
                error.errors(),
                key=lambda fault: (fault["type"] == "missing", self._line(_path(fault))),
            )
            self.fail(_explain(fault, model), _path(fault))

    def _line(self, path: KeyPath) -> int:
        node: yaml.Node = self.root
        line = node.start_mark.line
        for part in path:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line + 1


def read_document(file: Path) -> Document:
    """Read a YAML file; raises TopologyError if it cannot be read or is not one plain mapping."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TopologyError("no such file", file=file, line=None, key="") from error
    except IsADirectoryError as error:
        raise TopologyError("is a folder, not a file", file=file, line=None, key="") from error
    except UnicodeDecodeError as error:
        raise TopologyError("is not UTF-8 text", file=file, line=None, key="") from error
    except OSError as error:
        raise TopologyError(
            f"cannot be read: {error.strerror}", file=file, line=None, key=""
        ) from error
    return parse_document(text, file)


def parse_document(text: str, file: Path) -> Document:
    """Return the text of a YAML file as a document; raises TopologyError if it is not one plain mapping."""
    try:
        check_yaml(text)
        loader = _Loader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            said = "is empty" if root is None else "must be a table of keys and values"
            raise TopologyError(said, file=file, line=None, key="")
        _refuse_odd_keys(root, file)
        return Document(file, root, loader.construct_document(root))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        message = f"is not YAML: {error.problem}"
        raise TopologyError(message, file=file, line=line, key="") from error
    except yaml.YAMLError as error:
        raise TopologyError(f"is not YAML: {error}", file=file, line=None, key="") from error


def _refuse_odd_keys(node: yaml.Node, file: Path, path: tuple[str, ...] = ()) -> None:
    """Refuse what YAML would accept in silence: a key given twice, a key that is not text."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _refuse_odd_keys(item, file, (*path, str(index)))
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        where = ".".join((*path, name))
        if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
            raise TopologyError("a key must be text: quote it", file=file, line=line, key=where)
        if name in seen:
            message = f"is given twice: first on line {seen[name]}"
            raise TopologyError(message, file=file, line=line, key=where)
        seen[name] = line
        _refuse_odd_keys(value, file, (*path, name))


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line, item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line, value
    return None


def _path(fault: ErrorDetails) -> KeyPath:
    return [part for part in fault["loc"] if part != "[key]"]


def _explain(fault: ErrorDetails, model: type[BaseModel]) -> str:
    if fault["type"] == "extra_forbidden":
        return _unknown_key(_path(fault), model)
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    wanted = _WANTED.get(fault["type"], fault["msg"][:1].lower() + fault["msg"][1:])
    if fault["type"] == "missing":
        return wanted
    return f"{wanted} (it is {json.dumps(fault['input'], ensure_ascii=False)[:60]})"


def _unknown_key(path: KeyPath, model: type[BaseModel]) -> str:
    known = list(_model_at(model, path[:-1]).model_fields)
    near = get_close_matches(str(path[-1]), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
    return f"unknown key; {hint}"


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel]:
    """Return the model that describes the mapping at `path` (dict and tuple levels hold one model each)."""
    for part in path:
        field = model.model_fields.get(str(part))
        if field is not None:
            model = _held_model(field.annotation) or model
    return model


def _held_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _held_model(argument)
        if found is not None:
            return found
    return None
