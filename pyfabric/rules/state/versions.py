"""Versions and versioned values of channel state, and how state is read.

Hashes of private data are state like any other: they live in a namespace of their own
(`hashed_namespace`) under the hexadecimal key hash, whose order is that of the hash's bytes.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Protocol

HASHED: Final = "$$h"
"""What stands between a chaincode and a collection in the name of a hashed namespace."""


class Version(NamedTuple):
    """The place of a transaction: its block, and its index there. The earlier place is smaller."""

    block: int
    transaction: int

    def __str__(self) -> str:
        return f"block {self.block}, transaction {self.transaction}"


class VersionedValue(NamedTuple):
    """A committed value, who wrote it, and its metadata (serialised entries; none is empty)."""

    value: bytes
    version: Version
    metadata: bytes = b""


class KeyReader(Protocol):
    """State that is read key by key."""

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        """Return the value of a key, or None if it does not exist."""
        ...


class StateReader(KeyReader, Protocol):
    """Committed state at one height."""

    def range(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, VersionedValue]]:
        """Yield the keys from `start` up to but without `end` (empty: to the last), by their UTF-8 bytes."""
        ...


class AgedState(Protocol):
    """Committed state at one height, whose hashes of private data are found by their age."""

    def written_up_to(self, namespace: str, block: int) -> Iterable[str]:
        """Return the keys of a hashed namespace whose values a block, or one before it, wrote."""
        ...


def is_hashed(namespace: str) -> bool:
    """Return whether a namespace is one of `hashed_namespace`."""
    return HASHED in namespace


def hashed_namespace(namespace: str, collection: str) -> str:
    """Return the namespace in which a collection's hashes are kept (`$$h`, as in Fabric's databases)."""
    return f"{namespace}{HASHED}{collection}"


def split_namespace(stored: str) -> tuple[str, str]:
    """Return the namespace and collection of `hashed_namespace`; a public one has the collection ""."""
    namespace, _, collection = stored.partition(HASHED)
    return namespace, collection
