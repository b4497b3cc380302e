"""What calls return where fabric-sdk-py returned messages of its own: values with the fields of the same names."""

from dataclasses import dataclass, field

__all__ = [
    "BlockchainInfo",
    "ChaincodeInfo",
    "ChaincodeQueryResponse",
    "ChannelInfo",
    "ChannelQueryResponse",
    "ProposalResponse",
    "Response",
]


@dataclass(frozen=True, slots=True)
class Response:
    """A peer's answer: 200 for success, else the reason in `message`."""

    status: int
    message: str = ""
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class ProposalResponse:
    """A peer's answer to a proposal."""

    response: Response
    payload: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class BlockchainInfo:
    """The height of a peer's copy of a channel, and the hashes of its last two blocks."""

    height: int
    currentBlockHash: bytes
    previousBlockHash: bytes


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """A channel that a peer has joined."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class ChannelQueryResponse:
    """The channels that a peer has joined, sorted."""

    channels: tuple[ChannelInfo, ...]


@dataclass(frozen=True, slots=True)
class ChaincodeInfo:
    """A chaincode that is defined on a channel, or installed on a peer: there `id` is its package's hash.

    `path` and `input` were those of Fabric 1 and are empty.
    """

    name: str
    version: str
    path: str = ""
    input: str = ""
    escc: str = ""
    vscc: str = ""
    id: bytes = b""


@dataclass(frozen=True, slots=True)
class ChaincodeQueryResponse:
    """The chaincodes of a channel or a peer."""

    chaincodes: tuple[ChaincodeInfo, ...]
