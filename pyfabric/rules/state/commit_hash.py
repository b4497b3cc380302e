"""The commit hash: one hash over a channel's validation codes and state changes, block by block.

Source: kv_ledger.go and update_batch_bytes.go of Fabric 3.1. Peers that decide alike have the same
hash. The channel's configuration (the namespace "") is left out, because its bytes are not canonical.
"""

from hashlib import sha256

from pyfabric.errors import DecodeError
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue, split_namespace

_CONFIGURATION = ""


def commit_hash(previous: bytes, codes: bytes, updates: Updates) -> bytes:
    """Return the hash after a block with these validation codes and changes; `previous` is b"" at first."""
    return sha256(_varint(len(codes)) + codes + _encode(updates) + previous).digest()


def _encode(updates: Updates) -> bytes:
    grouped: dict[tuple[str, str], list[tuple[bytes, VersionedValue]]] = {}
    for (stored, key), value in updates.changes.items():
        namespace, collection = split_namespace(stored)
        raw = bytes.fromhex(key) if collection else key.encode()
        grouped.setdefault((namespace, collection), []).append((raw, value))
    parts = []
    named = _CONFIGURATION
    for (namespace, collection), entries in sorted(grouped.items()):
        if namespace == _CONFIGURATION:
            continue
        for position, (raw, value) in enumerate(sorted(entries)):
            first = position == 0
            parts.append(
                _write(
                    namespace if namespace != named else "",
                    collection if first else "",
                    raw,
                    value,
                )
            )
            named = namespace
    return b"".join(parts)


def _write(namespace: str, collection: str, key: bytes, value: VersionedValue) -> bytes:
    deleted = b"" if value.value else b"\x20\x01"
    message = (
        _bytes(0x0A, namespace.encode())
        + _bytes(0x12, collection.encode())
        + _bytes(0x1A, key)
        + deleted
        + _bytes(0x2A, value.value)
        + _bytes(0x32, version_bytes(value.version))
    )
    return b"\x0a" + _varint(len(message)) + message


def version_bytes(version: Version) -> bytes:
    """Return a version as Fabric's databases keep it: each number by its length and big-endian bytes."""
    return b"".join(
        bytes((size,)) + number.to_bytes(size, "big")
        for number in version
        for size in ((number.bit_length() + 7) // 8,)
    )


def read_version_bytes(raw: bytes) -> Version:
    """Return the version in the bytes of `version_bytes`; raises DecodeError."""
    block_size = raw[0] if raw else 0
    rest = raw[1 + block_size :]
    if not rest or len(rest) != 1 + rest[0]:
        raise DecodeError(f"{raw.hex()} is no version of a key")
    return Version(int.from_bytes(raw[1 : 1 + block_size], "big"), int.from_bytes(rest[1:], "big"))


def _bytes(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + _varint(len(value)) + value if value else b""


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
