"""A document of another tool, which remembers what of it was read: the rest has no counterpart here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from pyfabric.errors import ConfigError

_NO_COUNTERPART: Final = "has no counterpart in a topology"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A key of the document (`path`, such as `orgs.0.ca.db`) that a topology does not hold, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """What has been read of a document: values by path, and what was left out."""

    read: set[str]
    left_out: list[LeftOut]


class Source:
    """An object of a document. Keys are found in any case, as Fabric's programs find them in configtx.yaml."""

    def __init__(self, value: object, path: str = "", seen: _Seen | None = None) -> None:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{path or 'the document'}: must be an object")
        self._value = {str(key): inner for key, inner in value.items()}
        self._seen = seen or _Seen(set(), [])
        self.path = path

    def at(self, name: str) -> str:
        """Return the path of a key."""
        return f"{self.path}.{name}" if self.path else name

    def names(self) -> list[str]:
        """Return the keys that hold something."""
        return [name for name, value in self._value.items() if value is not None]

    def get(self, name: str) -> Any:
        """Return what a key holds, whole, as read; None if it is not there."""
        name = self._spelt(name)
        self._seen.read.add(self.at(name))
        return self._value.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text, or a number as text; raise ConfigError if it is not there and there is no default."""
        found = self.get(name)
        if found is None and default is not None:
            return default
        if not isinstance(found, (str, int, float)) or isinstance(found, bool):
            raise ConfigError(
                f"{self.at(name)}: must be a text" + " (it is missing)" * (found is None)
            )
        return str(found)

    def number(self, name: str, default: int) -> int:
        """Return a whole number; raise ConfigError for anything else."""
        found = self.get(name)
        if found is None:
            return default
        if not isinstance(found, int) or isinstance(found, bool):
            raise ConfigError(f"{self.at(name)}: must be a whole number")
        return found

    def part(self, name: str) -> Self:
        """Return the object in a key, empty if it is not there."""
        name = self._spelt(name)
        found = self._value.get(name)
        return type(self)({} if found is None else found, self.at(name), self._seen)

    def parts(self, name: str) -> list[Self]:
        """Return the objects in a list, empty if it is not there; raise ConfigError for anything else."""
        name = self._spelt(name)
        found = self._value.get(name)
        if not isinstance(found, (list, type(None))):
            raise ConfigError(f"{self.at(name)}: must be a list")
        return [
            type(self)(one, f"{self.at(name)}.{index}", self._seen)
            for index, one in enumerate(found or [])
        ]

    def is_like(self, other: Self) -> bool:
        """Return whether another object holds the same."""
        return self._value == other._value

    def note(self, name: str, reason: str) -> None:
        """Report that a key (empty for the whole object) is held in another way; the keys in it are read on."""
        path = self.at(self._spelt(name)) if name else self.path
        self._seen.left_out.append(LeftOut(path, reason))

    def leave(self, name: str, reason: str) -> None:
        """Leave out a key with all that it holds, for a reason; also one that is not there."""
        self._seen.read.add(self.at(self._spelt(name)) if name else self.path)
        self.note(name, reason)

    def leave_if_given(self, reason: str, *names: str) -> None:
        """Leave out those of the keys that hold something."""
        for name in names:
            if self._value.get(self._spelt(name)) is not None:
                self.leave(name, reason)

    def left_out(self) -> list[LeftOut]:
        """Return what was left out for a reason, and then all that has not been read."""
        unread = [LeftOut(path, _NO_COUNTERPART) for path in self._unread(self._value, self.path)]
        return [*self._seen.left_out, *unread]

    def _unread(self, value: object, path: str) -> Iterator[str]:
        if path in self._seen.read:
            return
        inner: list[tuple[object, object]] = []
        if isinstance(value, Mapping):
            inner = list(value.items())
        elif isinstance(value, list):
            inner = list(enumerate(value))
        elif value is not None:
            yield path
        for key, one in inner:
            yield from self._unread(one, f"{path}.{key}" if path else str(key))

    def _spelt(self, name: str) -> str:
        """Return a key as the document writes it."""
        if name in self._value:
            return name
        return next((key for key in self._value if key.lower() == name.lower()), name)
