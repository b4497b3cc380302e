"""Flows over a peer's cscc and qscc: channels, blocks, transactions.

Each asks the peer that is named, and raises PeerResponseError when it refuses, GatewayError when it cannot be
reached.
"""

from dataclasses import dataclass

from fabric_protos.common import ledger_pb2
from fabric_protos.peer import query_pb2, transaction_pb2

from pyfabric.client.effects import Endpoint, Flow
from pyfabric.client.system_chaincodes import ask
from pyfabric.errors import ValidationCode
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode


@dataclass(frozen=True, slots=True)
class ChainInfo:
    """A peer's copy of a channel: it has blocks `start` to `height` - 1; the hashes are the last two's.

    `start` is 0, or of a peer that joined by a snapshot the number of the block after the snapshot.
    """

    height: int
    current_hash: bytes
    previous_hash: bytes
    start: int = 0


@dataclass(frozen=True, slots=True)
class ProcessedTransaction:
    """A transaction as it is in its block (bytes of common.Envelope), and its validation code."""

    envelope: bytes
    code: ValidationCode


def join_channel(peer: Endpoint, admin: SigningIdentity, block: bytes) -> Flow[None]:
    """Join the peer to the channel of a configuration block (bytes of common.Block)."""
    yield from ask(peer, admin, "", "cscc", [b"JoinChain", block])


def channels(peer: Endpoint, identity: SigningIdentity) -> Flow[tuple[str, ...]]:
    """Return the names of the channels that the peer has joined, sorted."""
    raw = yield from ask(peer, identity, "", "cscc", [b"GetChannels"])
    return tuple(
        sorted(one.channel_id for one in decode(query_pb2.ChannelQueryResponse, raw).channels)
    )


def config_block(peer: Endpoint, identity: SigningIdentity, channel: str) -> Flow[bytes]:
    """Return the newest configuration block (bytes of common.Block)."""
    return (yield from ask(peer, identity, channel, "cscc", [b"GetConfigBlock", channel.encode()]))


def channel_config(peer: Endpoint, identity: SigningIdentity, channel: str) -> Flow[bytes]:
    """Return the configuration in force (bytes of common.Config), as the peer's state has it."""
    return (
        yield from ask(peer, identity, channel, "cscc", [b"GetChannelConfig", channel.encode()])
    )


def chain_info(peer: Endpoint, identity: SigningIdentity, channel: str) -> Flow[ChainInfo]:
    """Return the height and the newest hashes of the peer's copy of the channel."""
    raw = yield from ask(peer, identity, channel, "qscc", [b"GetChainInfo", channel.encode()])
    info = decode(ledger_pb2.BlockchainInfo, raw)
    from_snapshot = info.HasField("bootstrappingSnapshotInfo")
    start = info.bootstrappingSnapshotInfo.lastBlockInSnapshot + 1 if from_snapshot else 0
    return ChainInfo(info.height, info.currentBlockHash, info.previousBlockHash, start)


def block(
    peer: Endpoint, identity: SigningIdentity, channel: str, which: int | str | bytes
) -> Flow[bytes]:
    """Return a block (bytes of common.Block) by its number, its hash (bytes) or a transaction's id."""
    if isinstance(which, int):
        function, key = b"GetBlockByNumber", str(which).encode()
    elif isinstance(which, str):
        function, key = b"GetBlockByTxID", which.encode()
    else:
        function, key = b"GetBlockByHash", which
    return (yield from ask(peer, identity, channel, "qscc", [function, channel.encode(), key]))


def transaction(
    peer: Endpoint, identity: SigningIdentity, channel: str, transaction_id: str
) -> Flow[ProcessedTransaction]:
    """Return a transaction and its validation code by its id."""
    arguments = [b"GetTransactionByID", channel.encode(), transaction_id.encode()]
    raw = yield from ask(peer, identity, channel, "qscc", arguments)
    found = decode(transaction_pb2.ProcessedTransaction, raw)
    return ProcessedTransaction(
        found.transactionEnvelope.SerializeToString(), ValidationCode(found.validationCode)
    )
