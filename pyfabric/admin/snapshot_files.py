"""The files of a peer's snapshot: a channel's state, hashes of private data, and transaction ids after a block.

Source: core/ledger/kvledger/snapshot.go and txmgmt/privacyenabledstate/snapshot.go of Fabric 3.1. A file is a byte for
its format, then its records, each after its length; the metadata beside it counts the records of each namespace.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Final, TypeVar

from pyfabric.errors import ClientError, DecodeError
from pyfabric.messages.wire_format import bytes_fields
from pyfabric.rules.state.commit_hash import read_version_bytes
from pyfabric.rules.state.versions import VersionedValue, split_namespace

T = TypeVar("T")

_METADATA: Final = "_snapshot_signable_metadata.json"
_ADDITIONAL: Final = "_snapshot_additional_metadata.json"
_PUBLIC: Final = "public_state"
_HASHES: Final = "private_state_hashes"
_IDS: Final = "txids"
_FORMAT: Final = 1
_KEY, _VALUE, _KEY_METADATA, _VERSION = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class PeerSnapshot:
    """A snapshot as its peer wrote it: the state of a channel after a block.

    `hash` is over all of its files: peers that agree make snapshots with the same hash. `commit_hash` is that of the
    block.
    """

    folder: Path
    channel: str
    block_number: int
    block_hash: bytes
    commit_hash: bytes
    hash: bytes

    @classmethod
    def read(cls, folder: Path) -> "PeerSnapshot":
        """Read what a snapshot is of; raises ClientError for a folder that holds none. See `check`."""
        try:
            signable = (folder / _METADATA).read_bytes()
            found = json.loads(signable)
            additional = json.loads((folder / _ADDITIONAL).read_bytes())
            return cls(
                folder=folder,
                channel=str(found["channel_name"]),
                block_number=int(found["last_block_number"]),
                block_hash=bytes.fromhex(found["last_block_hash"]),
                commit_hash=bytes.fromhex(additional["last_block_commit_hash"]),
                hash=sha256(signable).digest(),
            )
        except OSError as error:
            raise ClientError(
                f"{folder} is not a snapshot of a channel: {_METADATA}: {error.strerror}"
            ) from error
        except (ValueError, TypeError, LookupError) as error:
            raise ClientError(
                f"{folder} is not a snapshot of a channel: {_METADATA} cannot be read"
            ) from error

    def check(self) -> None:
        """Raise ClientError unless every file has the hash that the snapshot records."""
        hashes = json.loads((self.folder / _METADATA).read_bytes())["snapshot_files_raw_hashes"]
        for name, expected in sorted(hashes.items()):
            with (self.folder / Path(name).name).open("rb") as file:
                if file_digest(file, "sha256").hexdigest() != expected:
                    raise ClientError(f"{self.folder}: {name} does not have the hash {expected}")

    def state(self) -> Iterator[tuple[str, str, VersionedValue]]:
        """Yield namespace, key and value of the whole state, private data as hashes; raises DecodeError."""
        for name in (_PUBLIC, _HASHES):
            if (self.folder / f"{name}.data").exists():
                yield from self._records(name)

    def transaction_ids(self) -> Iterator[str]:
        """Yield the ids of all transactions up to the block; raises DecodeError."""
        with self._open(f"{_IDS}.data") as file:
            while (raw := _next_bytes(file)) is not None:
                yield _text(raw)

    def _records(self, name: str) -> Iterator[tuple[str, str, VersionedValue]]:
        with self._open(f"{name}.metadata") as counts, self._open(f"{name}.data") as data:
            for _ in range(_varint(counts)):
                namespace = _text(_needed(_next_bytes, counts))
                _, collection = split_namespace(namespace)
                for _ in range(_varint(counts)):
                    fields = bytes_fields(_needed(_next_bytes, data))
                    key = fields.get(_KEY, b"")
                    yield (
                        namespace,
                        key.hex() if collection else _text(key),
                        VersionedValue(
                            fields.get(_VALUE, b""),
                            read_version_bytes(fields.get(_VERSION, b"")),
                            fields.get(_KEY_METADATA, b""),
                        ),
                    )

    def _open(self, name: str) -> IO[bytes]:
        file = (self.folder / name).open("rb")
        if file.read(1) != bytes([_FORMAT]):
            file.close()
            raise DecodeError(f"{self.folder / name}: its format is not known")
        return file


def _next_bytes(file: IO[bytes]) -> bytes | None:
    """Return the next record; None at the end of the file."""
    start = file.read(1)
    if not start:
        return None
    size = _varint(file, start)
    raw = file.read(size)
    if len(raw) != size:
        raise DecodeError("a snapshot's file ends within a record")
    return raw


def _varint(file: IO[bytes], start: bytes = b"") -> int:
    value = shift = 0
    byte = start or file.read(1)
    while byte:
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
        byte = file.read(1)
    raise DecodeError("a snapshot's file ends within a number")


def _needed(read: Callable[[IO[bytes]], T | None], file: IO[bytes]) -> T:
    found = read(file)
    if found is None:
        raise DecodeError("a snapshot's file ends before its records")
    return found


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"{raw.hex()} is no text") from error
