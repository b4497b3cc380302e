"""The fields of a small JSON or YAML document, each checked as it is read; loads no schema library."""

from collections.abc import Mapping
from typing import Any, Final, Self

_REQUIRED: Final = object()


class FieldError(ValueError):
    """A field is missing or of another type; the text begins with the field's path."""


class Fields:
    """An object of a document; `path` is where it stands, such as `peers.peer0.tax`."""

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise FieldError(f"{path or 'document'}: must be an object")
        self._value: Mapping[object, Any] = value
        self._path = path

    def text(self, name: str, default: object = _REQUIRED) -> str:
        """Return a text; raise FieldError if it is missing without a default, or no text."""
        found = self._find(name, default)
        if not isinstance(found, str):
            raise FieldError(f"{self.at(name)}: must be a string")
        return found

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None if it is missing or null; raise FieldError for anything else."""
        return None if self._value.get(name) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty if it is missing; raise FieldError for anything else."""
        found = self._find(name, ())
        if not isinstance(found, (list, tuple)) or not all(isinstance(one, str) for one in found):
            raise FieldError(f"{self.at(name)}: must be a list of strings")
        return tuple(found)

    def value(self, name: str) -> Any:
        """Return whatever a field holds; raise FieldError if it is missing or null."""
        return self._find(name, _REQUIRED)

    def part(self, name: str, default: object = _REQUIRED) -> Self:
        """Return the object in a field; raise FieldError if it is missing without a default, or no object."""
        return type(self)(self._find(name, default), self.at(name))

    def parts(self, name: str, default: object = _REQUIRED) -> dict[str, Self]:
        """Return the objects in an object by their names; raise FieldError if one is no object."""
        inner = self.part(name, default)
        return {key: inner.part(key) for key in inner.names()}

    def pairs(self, name: str) -> dict[str, str]:
        """Return an object of texts, empty if it is missing; raise FieldError for anything else."""
        inner = self.part(name, {})
        return {key: inner.text(key) for key in inner.names()}

    def named(self, name: str) -> Self:
        """Return the values in a field by name: of an object, or of a list of objects that have a `name`.

        Names in a list stand for themselves, without a value; a missing field is empty. Raises FieldError
        for anything else.
        """
        found = self._find(name, {})
        if isinstance(found, (list, tuple)):
            found = dict(_named(one, f"{self.at(name)}.{index}") for index, one in enumerate(found))
        return type(self)(found, self.at(name))

    def names(self) -> list[str]:
        """Return the names of all fields."""
        return [str(key) for key in self._value]

    def refuse_others(self, *names: str) -> None:
        """Raise FieldError if there is a field with another name than these."""
        for name in self.names():
            if name not in names:
                raise FieldError(f"{self.at(name)}: unknown field")

    def holds(self, name: str, kind: type = object) -> bool:
        """Return whether a field is there, is not null, and has a value of that type."""
        found = self._value.get(name)
        return found is not None and isinstance(found, kind)

    def at(self, name: str) -> str:
        """Return where a field stands in the document."""
        return f"{self._path}.{name}" if self._path else name

    def _find(self, name: str, default: object) -> Any:
        found = self._value.get(name)
        if found is None:
            found = default  # null is nothing
        if found is _REQUIRED:
            raise FieldError(f"{self.at(name)}: field required")
        return found


def _named(entry: object, path: str) -> tuple[str, object]:
    if isinstance(entry, str):
        return entry, None
    if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
        return str(entry["name"]), entry
    raise FieldError(f"{path}: must be a name, or an object with a name")
