"""Requests and answers: what a consumer asks of another channel, and what the departments there attest."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Final, Literal, TypeAlias

from fabric_protos.common import common_pb2
from pydantic import Field, JsonValue, StringConstraints

from pyfabric.errors import DecodeError
from pyfabric.rules.configuration.channel_config import CHANNEL_ID, MAX_ID_LENGTH
from pyfabric.rules.lifecycle.inputs import NAME as CONTRACT_NAME
from pyfabric.sharing import canonical, strict
from pyfabric.sharing.addresses import FUNCTION, RecordAddress
from pyfabric.sharing.frames import frame, framed_digest

MOST_BYTES: Final = 64 * 1024
"""How long a request, and an answer, may be."""
LEAST_DEPARTMENTS: Final = 2
"""How many departments attest an answer, or make a challenge: one may be hostile."""

Digest: TypeAlias = Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\z")]
"""A SHA-256, a transaction's id or 32 random bytes, in hexadecimal."""
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Channel: TypeAlias = Annotated[
    str, StringConstraints(pattern=rf"\A(?:{CHANNEL_ID.pattern})\z", max_length=MAX_ID_LENGTH)
]
ContractName: TypeAlias = Annotated[
    str, StringConstraints(pattern=rf"\A(?:{CONTRACT_NAME.pattern})\z", max_length=255)
]
Function: TypeAlias = Annotated[str, StringConstraints(pattern=rf"\A(?:{FUNCTION.pattern})\z")]
Seconds: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]
"""Unix seconds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A function of a contract on a channel; `net` is the SHA-256 of the header of the channel's genesis block."""

    net: Digest
    channel: Channel
    contract: ContractName
    fn: Function


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may use an answer: an organisation on a channel."""

    net: Digest
    channel: Channel
    msp: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked: a function of the source and its arguments, for a purpose, until a time; `nonce` makes it unique."""

    v: Literal[1] = 1
    source: Source
    args: tuple[str, ...]
    purpose: Name
    audience: Audience
    created: Seconds
    not_after: Seconds
    nonce: Digest

    @property
    def address(self) -> RecordAddress:
        """The record's address, with the network named by its genesis block."""
        source = self.source
        return RecordAddress(source.net, source.channel, source.contract, source.fn, self.args)

    @property
    def args_digest(self) -> str:
        """The SHA-256 over the framed arguments."""
        return framed_digest(one.encode() for one in self.args).hex()


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it travels: its canonical JSON, the header that names who asks, and the signature over both."""

    body: bytes
    header: bytes
    signature: bytes

    @property
    def digest(self) -> str:
        """What the consumer's channel commits before it asks, and the answer repeats."""
        return sha256(self.body).hexdigest()

    @property
    def message(self) -> bytes:
        """What the requester signs."""
        return frame(self.body) + frame(self.header)

    def read(self) -> tuple[Request, common_pb2.SignatureHeader]:
        """Return the request and its header; raises DecodeError."""
        if len(self.body) > MOST_BYTES:
            raise DecodeError(f"the request has {len(self.body)} bytes: at most {MOST_BYTES}")
        header = strict.read(common_pb2.SignatureHeader, self.header)
        return canonical.read(Request, self.body), header


@dataclass(frozen=True, slots=True)
class Commitment:
    """A private part of a record: its place in the record, and the hash that stands for its value."""

    path: Name
    commitment: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the source's departments attest: the result of a function, in answer to a request that was opened before.

    `tx` and `time` are those of the transaction that read the result; `opened` is the id of the transaction that
    recorded the request. `revision` counts the changes of the record.
    """

    v: Literal[1] = 1
    net: Digest
    channel: Channel
    tx: Digest
    time: Seconds
    contract: ContractName
    fn: Function
    args_digest: Digest
    request: Digest
    audience: Audience
    opened: Digest
    revision: Annotated[int, Field(ge=1, lt=2**53)]
    result: JsonValue
    private: tuple[Commitment, ...] = field(default=())

    @property
    def content_digest(self) -> str:
        """The SHA-256 of what every answer of the same revision has: its result and the paths of its private parts."""
        content = {"result": self.result, "private": [one.path for one in self.private]}
        return sha256(canonical.write(content)).hexdigest()


def commitment(salt: bytes, path: str, value: bytes) -> str:
    """Return what stands in an answer for a private value; the salt is 32 random bytes."""
    return sha256(salt + frame(path.encode()) + frame(value)).hexdigest()
