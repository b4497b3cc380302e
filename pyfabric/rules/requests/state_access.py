"""What the handler of a contract's requests needs of the state: the protocols that each ledger fulfils."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from fabric_protos.ledger.queryresult import kv_query_result_pb2


class TransactionSimulator(Protocol):
    """The state as one transaction reads and writes it; a refusal is a ContractError with Fabric's text.

    `PrivateSimulation` is one; it records a read-write set.
    """

    def get_state(self, namespace: str, key: str) -> bytes | None:
        """Return the committed value of a key."""
        ...

    def get_metadata(self, namespace: str, key: str) -> Mapping[str, bytes]:
        """Return the committed metadata of a key."""
        ...

    def put_state(self, namespace: str, key: str, value: bytes) -> None:
        """Write a value; an empty one deletes the key."""
        ...

    def delete_state(self, namespace: str, key: str) -> None:
        """Delete a key."""
        ...

    def put_metadata(self, namespace: str, key: str, entries: Mapping[str, bytes]) -> None:
        """Replace the metadata of a key."""
        ...

    def range(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, bytes]]:
        """Open a range query; `end` is left out, and "" has no bound."""
        ...

    def before_paginated_query(self) -> None:
        """Record that pages are read, after which the transaction may not write."""
        ...

    def page(
        self, namespace: str, start: str, end: str, size: int
    ) -> tuple[list[tuple[str, bytes]], str]:
        """Return at most `size` results of a range, and the key at which the next page starts."""
        ...

    def get_private(self, namespace: str, collection: str, key: str) -> bytes | None:
        """Return a private value that belongs to the committed hash."""
        ...

    def get_private_values(
        self, namespace: str, collection: str, keys: Sequence[str]
    ) -> list[bytes | None]:
        """Return several private values, as far as the peer has them."""
        ...

    def get_private_hash(self, namespace: str, collection: str, key: str) -> bytes | None:
        """Return the committed hash of a private value."""
        ...

    def get_private_metadata(
        self, namespace: str, collection: str, key: str
    ) -> Mapping[str, bytes]:
        """Return the committed metadata of a private key."""
        ...

    def put_private(self, namespace: str, collection: str, key: str, value: bytes) -> None:
        """Write a private value; an empty one deletes the key."""
        ...

    def purge_private(self, namespace: str, collection: str, key: str) -> None:
        """Delete a private key with all its past."""
        ...

    def put_private_metadata(
        self, namespace: str, collection: str, key: str, entries: Mapping[str, bytes]
    ) -> None:
        """Replace the metadata of a private key."""
        ...

    def before_private_query(self) -> None:
        """Record that private data are queried, after which the transaction may not write."""
        ...

    def private_range(
        self, namespace: str, collection: str, start: str, end: str
    ) -> Iterator[tuple[str, bytes]]:
        """Open a range query of private keys."""
        ...


class HistoryReader(Protocol):
    """What valid transactions wrote."""

    def history(self, namespace: str, key: str) -> Iterator[kv_query_result_pb2.KeyModification]:
        """Return what was written to a key, or that it was deleted, newest first."""
        ...


class Permissions(Protocol):
    """What a transaction may do in its chaincode's collections; each check raises ContractError."""

    def check_read(self, name: str) -> None:
        """Check that the creator may read the collection's values."""
        ...

    def check_write(self, name: str) -> None:
        """Check that the creator may write in the collection."""
        ...

    def check_hash(self) -> None:
        """Check that the transaction may ask for hashes."""
        ...

    def check_name(self, name: str) -> None:
        """Check that the chaincode has the collection."""
        ...

    def check_purge(self) -> None:
        """Check that the channel allows purging."""
        ...

    def check_metadata(self) -> None:
        """Check that the channel allows metadata of keys."""
        ...
