"""Questions about a channel's chain that the client itself has to ask (chaincode qscc)."""

from collections.abc import Sequence

from fabric_protos.common import common_pb2, ledger_pb2

from pyfabric.core.decoding import decode
from pyfabric.core.effects import Endpoint, Flow
from pyfabric.core.transactions import evaluate
from pyfabric.identity.signing import SigningIdentity


def height(endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str) -> Flow[int]:
    """How many blocks the channel has: the number of the next one. Raises GatewayError."""
    arguments = [b"GetChainInfo", channel.encode()]
    raw = yield from evaluate(endpoints, identity, channel, "qscc", arguments)
    return decode(ledger_pb2.BlockchainInfo, raw).height


def block_of_transaction(
    endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str, transaction_id: str
) -> Flow[int]:
    """The number of the block that holds a transaction. Raises GatewayError."""
    arguments = [b"GetBlockByTxID", channel.encode(), transaction_id.encode()]
    raw = yield from evaluate(endpoints, identity, channel, "qscc", arguments)
    return decode(common_pb2.Block, raw).header.number
