"""The file of a proof: `PFV1` and four sections (docs/proof.md, "The file")."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pyfabric.errors import DecodeError
from pyfabric.sharing.frames import Frames, frame
from pyfabric.sharing.inclusion import Inclusion
from pyfabric.sharing.requests import SignedRequest

MAGIC: Final = b"PFV1"
SALT_SIZE: Final = 32
MOST_BYTES: Final = 256 * 1024
MOST_BYTES_WITH_INCLUSION: Final = 4 * 1024 * 1024
_SECTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class PrivatePart:
    """A private value beside a proof, with its place in the record and the salt of its commitment."""

    path: str
    salt: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class ProofFile:
    """The sections: a transaction (bytes of common.Payload), the signed request, private parts, and inclusion in a block."""

    transaction: bytes
    request: SignedRequest
    private: tuple[PrivatePart, ...] = ()
    inclusion: Inclusion | None = None

    def to_bytes(self) -> bytes:
        """Return the file."""
        request = self.request.message + self.request.signature
        private = b"".join(
            frame(one.path.encode()) + one.salt + frame(one.value) for one in self.private
        )
        inclusion = b"" if self.inclusion is None else self.inclusion.to_bytes()
        return MAGIC + b"".join(map(frame, (self.transaction, request, private, inclusion)))

    @classmethod
    def from_bytes(cls, raw: bytes) -> "ProofFile":
        """Read a file; raises DecodeError."""
        transaction, request, private, inclusion = _sections(raw)
        return cls(
            transaction,
            _read_request(request),
            tuple(_read_private(private)),
            Inclusion.from_bytes(inclusion) if inclusion else None,
        )


def _sections(raw: bytes) -> Sequence[bytes]:
    frames = Frames(raw)
    if frames.take(len(MAGIC)) != MAGIC:
        raise DecodeError("the file does not begin with PFV1")
    sections = [frames.next() for _ in range(_SECTIONS)]
    frames.finish()
    return sections


def _read_request(raw: bytes) -> SignedRequest:
    frames = Frames(raw)
    return SignedRequest(frames.next(), frames.next(), frames.rest())


def _read_private(raw: bytes) -> Iterator[PrivatePart]:
    frames, before = Frames(raw), b""
    while not frames.empty:
        path = frames.next()
        if path <= before:
            raise DecodeError("private parts are not in the order of their paths, each once")
        before = path
        yield PrivatePart(_text(path), frames.take(SALT_SIZE), frames.next())


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("the path of a private part is not UTF-8") from error
