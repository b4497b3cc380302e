"""How the rows of a table become calls of a function: one call a row, or many rows in a call.

A function that takes a list of objects takes many rows; a parameter `batch` beside it is the key by which the
contract knows a file that was sent before. Any other function takes one row. Columns are the names of the fields,
with dots for what is inside: `share.type`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pyfabric.errors import ConfigError
from pyfabric_cli.data.faults import PERSONAL, REQUIRED, CellError, Fault, no_field
from pyfabric_cli.data.schemas import Schema, Schemas
from pyfabric_cli.data.tables import Row, Table

_SYSTEM: Final = "org.hyperledger.fabric"
_BATCH: Final = "batch"
_DEEPEST: Final = 6
_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function; a call must bring one that is required."""

    name: str
    schema: Schema
    required: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A function as a chaincode describes it: public parameters, and what travels as transient data."""

    name: str
    parameters: tuple[Parameter, ...]
    private: tuple[str, ...]
    returns: Schema


@dataclass(frozen=True, slots=True)
class Entry:
    """What a row means: the fields of an argument, or the arguments; `private` is transient."""

    row: int
    value: Any
    private: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A call with the rows that it takes."""

    number: int
    entries: tuple[Entry, ...]
    arguments: tuple[bytes, ...]
    transient: Mapping[str, bytes]

    @property
    def rows(self) -> str:
        """The rows, for people."""
        first, last = self.entries[0].row, self.entries[-1].row
        return f"row {first}" if first == last else f"rows {first} to {last}"


def function_of(metadata: Mapping[str, Any], name: str) -> Function:
    """Return a function by its name, `Contract:function` where several contracts have it; raises ConfigError."""
    wanted, _, last = name.rpartition(":")
    found = [
        one
        for contract, described in metadata["contracts"].items()
        if contract != _SYSTEM and wanted in ("", contract)
        for one in described["transactions"]
        if one["name"] == last
    ]
    if len(found) != 1:
        why = "is in several contracts: name it Contract:function" if found else "does not exist"
        raise ConfigError(
            f"function {name} {why}; `pyfabric chaincode metadata` lists the functions"
        )
    (one,) = found
    parameters = [
        Parameter(each["name"], each.get("schema", {}), bool(each.get("required", True)))
        for each in one.get("parameters", [])
    ]
    private = (one.get("x-step") or {}).get("private") or {}
    return Function(name, tuple(parameters), tuple(private), one.get("returns", {}))


@dataclass(frozen=True)
class Form:
    """How rows become arguments of a function; `constants` are given for all rows."""

    function: Function
    schemas: Schemas
    constants: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse constants and functions that no table fits; raises ConfigError."""
        names = {one.name for one in self.function.parameters}
        if personal := list(_personal(dict(self.constants), "")):
            raise ConfigError(f"--set {personal[0]}: {PERSONAL.en}")
        if unknown := sorted(self.constants.keys() - names):
            raise ConfigError(f"--set {unknown[0]}: {self.function.name} has no such parameter")
        if not self._from_rows and self.rows is None:
            raise ConfigError(f"{self.function.name} takes nothing from rows")
        if self.rows is not None and (left := [one for one in self._from_rows if one.required]):
            raise ConfigError(f"{self.function.name} needs {left[0].name}: give --set NAME=VALUE")

    @property
    def rows(self) -> Parameter | None:
        """The parameter that takes many rows, None if each row is a call of its own."""
        every = [one for one in self.function.parameters if one.name not in self.constants]
        lists = [one for one in every if self.schemas.resolved(one.schema).get("type") == "array"]
        objects = [one for one in lists if self.schemas.properties(self._items(one))]
        found = objects or (lists if len(every) == 1 else [])
        return found[0] if len(found) == 1 else None

    @property
    def row_schema(self) -> Schema:
        """The schema of what one row holds."""
        rows = self.rows
        if rows is not None:
            items = self._items(rows)
            if self.schemas.properties(items):
                return self.schemas.resolved(items)
            return {"type": "object", "properties": {rows.name: items}, "required": [rows.name]}
        if self._only is not None:
            return self.schemas.resolved(self._only.schema)
        properties = {one.name: one.schema for one in self._from_rows}
        required = [one.name for one in self._from_rows if one.required]
        return {"type": "object", "properties": properties, "required": required}

    def fields(self) -> tuple[str, ...]:
        """Return the fields of a row, without what is inside them."""
        return tuple(self.row_schema["properties"])

    def columns(self) -> list[str]:
        """Return the columns that hold one value each, in the order of the fields."""
        found = [name for name, is_leaf in self._paths(self.row_schema, ()) if is_leaf]
        return [*found, *self.function.private]

    def entries(self, table: Table) -> tuple[list[Entry], list[Fault]]:
        """Return what each row means, and all that is wrong with the table; faulty rows are no entries."""
        known = {name for name, _ in self._paths(self.row_schema, ())} | set(self.function.private)
        shown = no_field(", ".join(self.columns()))
        faults = [Fault(0, one, shown) for one in table.columns if one not in known]
        entries = []
        for row in table.rows:
            entry, wrong = self._entry(row, table)
            faults += wrong
            if not wrong:
                entries.append(entry)
        return entries, faults

    def calls(self, entries: Sequence[Entry], size: int, key: str) -> list[Call]:
        """Return the calls for entries, at most `size` in each; `key` is of the file."""
        most = size if self.rows is not None else 1
        parts = [tuple(entries[at : at + most]) for at in range(0, len(entries), most)]
        return [
            self.call(part, number, f"{key}-{number}") for number, part in enumerate(parts, start=1)
        ]

    def call(self, entries: tuple[Entry, ...], number: int, key: str) -> Call:
        """Return one call for entries, with its key."""
        values: dict[str, Any] = dict(self.constants)
        if self.rows is not None:
            is_list = not self.schemas.properties(self._items(self.rows))
            each = [one.value[self.rows.name] if is_list else one.value for one in entries]
            values[self.rows.name] = each
            if self._key is not None:
                values[self._key.name] = key
        elif self._only is not None:
            values[self._only.name] = entries[0].value
        else:
            values |= entries[0].value
        return Call(number, entries, tuple(self._arguments(values)), self._transient(entries))

    def _transient(self, entries: tuple[Entry, ...]) -> dict[str, bytes]:
        """Return the private values of a call: of many rows, an object with each row's by its id."""
        if self.rows is None:
            return {name: _compact(value) for name, value in entries[0].private.items()}
        by_row: dict[str, dict[str, Any]] = {}
        for one in entries:
            for name, value in one.private.items():
                by_row.setdefault(name, {})[one.value["id"]] = value
        return {name: _compact(values) for name, values in by_row.items()}

    @property
    def _key(self) -> Parameter | None:
        """The parameter for the batch's key, which is made of the file."""
        if self.rows is None:
            return None
        return next(
            (
                one
                for one in self.function.parameters
                if one.name == _BATCH and one.name not in self.constants
            ),
            None,
        )

    @property
    def _from_rows(self) -> list[Parameter]:
        """The parameters that neither constants nor lists of rows nor keys give."""
        taken = [one.name for one in (self.rows, self._key) if one is not None]
        return [
            one
            for one in self.function.parameters
            if one.name not in self.constants and one.name not in taken
        ]

    @property
    def _only(self) -> Parameter | None:
        """The only parameter, if it is an object: its fields are the columns."""
        found = self._from_rows
        if len(found) == 1 and self.schemas.properties(found[0].schema):
            return found[0]
        return None

    def _items(self, parameter: Parameter) -> Schema:
        items: Schema = self.schemas.resolved(parameter.schema).get("items", {})
        return items

    def _paths(self, schema: Schema, path: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
        """Yield the names of columns, and whether a column has nothing inside."""
        properties = self.schemas.properties(schema) if len(path) < _DEEPEST else {}
        if path:
            yield (".".join(path), not properties)
        for name, one in properties.items():
            yield from self._paths(one, (*path, name))

    def _entry(self, row: Row, table: Table) -> tuple[Entry, list[Fault]]:
        faults: list[Fault] = []
        private = {}
        for name in self.function.private:
            given = row.cells.get(name, "")
            if given != "":
                private[name] = given if table.typed else self._cell({}, given, row, name, faults)
        if table.typed:
            value: Any = {k: v for k, v in row.cells.items() if k not in self.function.private}
        else:
            value = self._built(self.row_schema, row, (), faults)
        if not faults:
            wrong = self.schemas.problems(self.row_schema, value, "")
            faults += [Fault(row.number, place, one) for place, one in wrong]
            faults += [Fault(row.number, place, PERSONAL) for place in _personal(value, "")]
        return Entry(row.number, value, private), faults

    def _built(self, schema: Schema, row: Row, path: tuple[str, ...], faults: list[Fault]) -> Any:
        """Return the value at a path of a row of texts, `_NOTHING` if the row says nothing of it."""
        column = ".".join(path)
        if path and (text := row.cells.get(column, "")) != "":
            return self._cell(schema, text, row, column, faults)
        properties = self.schemas.properties(schema) if len(path) < _DEEPEST else {}
        found = {
            name: self._built(one, row, (*path, name), faults) for name, one in properties.items()
        }
        given = {name: value for name, value in found.items() if value is not _NOTHING}
        if path and not given:
            return _NOTHING
        for name in self.schemas.resolved(schema).get("required", ()):
            if name not in given:
                empty = self._empty(properties[name], ".".join((*path, name)) in row.cells)
                if empty is _NOTHING:
                    faults.append(Fault(row.number, ".".join((*path, name)), REQUIRED))
                else:
                    given[name] = empty
        return given

    def _empty(self, schema: Schema, has_column: bool) -> Any:  # noqa: FBT001
        """Return what an empty cell means for a required field: None where it may be, "" for a text."""
        if self.schemas.is_nullable(schema):
            return None
        is_text = self.schemas.resolved(schema).get("type") == "string"
        return "" if has_column and is_text else _NOTHING

    def _cell(self, schema: Schema, text: str, row: Row, column: str, faults: list[Fault]) -> Any:
        try:
            return self.schemas.value(schema, text)
        except CellError as fault:
            faults.append(Fault(row.number, column, fault.problem))
            return None

    def _arguments(self, values: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield arguments in the order of the parameters; those after the last that is given are left out."""
        names = [one.name for one in self.function.parameters]
        last = max((at for at, name in enumerate(names) if name in values), default=-1)
        for parameter in self.function.parameters[: last + 1]:
            value = values.get(parameter.name)
            if value is None:
                yield b""
            elif isinstance(value, str) and self._is_text(parameter):
                yield value.encode()
            else:
                yield _compact(value)

    def _is_text(self, parameter: Parameter) -> bool:
        kind = self.schemas.resolved(parameter.schema).get("type")
        return kind == "string" or parameter.name in self.constants


def key_of(content: bytes, *about: str) -> str:
    """Return the key of a file that is sent to one function: the same for the same bytes."""
    digest = hashlib.sha256(content)
    for part in about:
        digest.update(f"\n{part}".encode())
    return digest.hexdigest()[:32]


def _personal(value: Any, place: str) -> Iterator[str]:
    """Yield where a public value has personal data, by the rule of the city's contracts."""
    from pyfabric_municipal.common.values import find_personal_data

    if isinstance(value, str):
        if find_personal_data(value) is not None:
            yield place
        return
    before = f"{place}." if place else ""
    members = value.items() if isinstance(value, dict) else ()
    listed = enumerate(value, start=1) if isinstance(value, list) else ()
    for name, one in (*members, *listed):
        yield from _personal(one, f"{before}{name}")


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
