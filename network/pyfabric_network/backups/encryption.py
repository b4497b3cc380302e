"""Encryption of a backup with a passphrase: scrypt makes the key, AES-256-GCM encrypts piece by piece.

An encrypted file begins with two lines, MAGIC and a JSON object:

    {"kdf": "scrypt", "n": 131072, "r": 8, "p": 1, "salt": 16 bytes in hexadecimal, "cipher": "AES-256-GCM"}

The rest is the contents in pieces of 1 MiB, of which the last may be shorter, each followed by its tag of 16 bytes. A
piece's nonce is its number (11 bytes, big-endian, from 0) and a byte that is 1 for the last piece and 0 for others;
both lines are the associated data of each. So pieces that are changed, moved or missing are noticed. The key is
scrypt's 32 bytes for the passphrase in UTF-8; the salt, and so the key, is another one in each file.
"""

import json
from collections.abc import Callable, Mapping
from io import RawIOBase
from typing import IO, TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pyfabric.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC: Final = b"pyfabric-backup 1\n"
_PIECE: Final = 1024 * 1024
_TAG: Final = 16
_SALT: Final = 16
_SETTINGS: Final[Mapping[str, Any]] = {
    "kdf": "scrypt",
    "n": 2**17,
    "r": 8,
    "p": 1,
    "cipher": "AES-256-GCM",
}
_HEADER_LIMIT: Final = 4096


class Encrypting(RawIOBase):
    """A file to write, that writes encrypted to `target`; `finish` writes the last piece.

    `random` returns a number of random bytes.
    """

    def __init__(self, target: IO[bytes], passphrase: str, random: Callable[[int], bytes]) -> None:
        salt = random(_SALT)
        header = json.dumps({**_SETTINGS, "salt": salt.hex()}).encode() + b"\n"
        self._target = target
        self._pieces = _Pieces(_key(passphrase, salt), MAGIC + header)
        self._waiting = bytearray()
        target.write(MAGIC + header)

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Take bytes; what fills a piece is written."""
        taken = bytes(data)
        self._waiting += taken
        while len(self._waiting) > _PIECE:  # a full one may still be the last
            self._target.write(self._pieces.encrypt(bytes(self._waiting[:_PIECE]), last=False))
            del self._waiting[:_PIECE]
        return len(taken)

    def finish(self) -> None:
        """Write the last piece."""
        self._target.write(self._pieces.encrypt(bytes(self._waiting), last=True))
        self._waiting.clear()


class Decrypting(RawIOBase):
    """A file to read, that reads what `Encrypting` wrote from `source`, which is behind MAGIC.

    Raises ConfigError for another passphrase, and for a file that is damaged or incomplete.
    """

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        header = source.readline(_HEADER_LIMIT)
        self._source = source
        self._pieces = _Pieces(_key(passphrase, _salt(header)), MAGIC + header)
        self._next = source.read(_PIECE + _TAG)
        self._waiting = self._decrypted(first=True)

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read the next bytes; 0 at the end."""
        if not self._waiting and self._next:
            self._waiting = self._decrypted(first=False)
        view = memoryview(buffer).cast("B")
        given = self._waiting[: len(view)]
        view[: len(given)] = given
        self._waiting = self._waiting[len(given) :]
        return len(given)

    def _decrypted(self, *, first: bool) -> memoryview:
        piece, self._next = self._next, self._source.read(_PIECE + _TAG)
        try:
            return memoryview(self._pieces.decrypt(piece, last=not self._next))
        except InvalidTag as error:
            what = "the passphrase is wrong, or the file is" if first else "the file is"
            raise ConfigError(f"{what} damaged or incomplete") from error


class _Pieces:
    """Encrypts or decrypts piece after piece."""

    def __init__(self, key: bytes, associated: bytes) -> None:
        self._cipher = AESGCM(key)
        self._associated = associated
        self._number = 0

    def encrypt(self, piece: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(last=last), piece, self._associated)

    def decrypt(self, piece: bytes, *, last: bool) -> bytes:
        return self._cipher.decrypt(self._nonce(last=last), piece, self._associated)

    def _nonce(self, *, last: bool) -> bytes:
        nonce = self._number.to_bytes(11, "big") + bytes([last])
        self._number += 1
        return nonce


def _salt(header: bytes) -> bytes:
    """Return the salt of a header; raises ConfigError for one with other settings."""
    try:
        found = json.loads(header)
        salt = bytes.fromhex(found.pop("salt"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError("the file is damaged: its second line is not that of a backup") from error
    if found != _SETTINGS or len(salt) != _SALT:
        raise ConfigError("the file is encrypted in a way that this version does not know")
    return salt


def _key(passphrase: str, salt: bytes) -> bytes:
    n, r, p = (_SETTINGS[name] for name in ("n", "r", "p"))
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode())
