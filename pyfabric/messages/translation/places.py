"""Where in a message bytes stand, and which message they hold there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from google.protobuf.message import Message


class View(NamedTuple):
    """How a message is read: its type, and its role, which decides what its own bytes hold.

    A common.ConfigGroup, for one, holds other values as the orderers' group than as a member's.
    """

    kind: type[Message]
    role: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a message in a role; `key` is the entry's key in a map or its index in a list."""

    message: Any
    role: str = ""
    key: str | int | None = None


Choice: TypeAlias = Callable[[Place], View | None]
"""What stands at a place; None where bytes are only bytes."""

Table: TypeAlias = Mapping[type[Message], Mapping[str, Choice]]
"""Choices by type and field. A field that another one's choice reads is named before it."""


def always(kind: type[Message]) -> Choice:
    """Return this message, whatever else is in the one around it."""
    return lambda _: View(kind)


def by_field(name: str, kinds: Mapping[Any, type[Message]]) -> Choice:
    """Return the message that another field of the same message says."""

    def choose(place: Place) -> View | None:
        kind = kinds.get(getattr(place.message, name))
        return None if kind is None else View(kind)

    return choose


def by_role(kinds: Mapping[str, type[Message]]) -> Choice:
    """Return the message that the role of the one around it says."""

    def choose(place: Place) -> View | None:
        kind = kinds.get(place.role)
        return None if kind is None else View(kind)

    return choose
