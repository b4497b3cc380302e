"""Questions about a channel's chain that the client itself has to ask before it reads events."""

from collections.abc import Sequence

from fabric_protos.common import common_pb2
from fabric_protos.peer import events_pb2

from pyfabric.client.effects import DeliverBlocks, Endpoint, Flow, deliver
from pyfabric.client.envelopes import seek_envelope, tls_certificate_hash
from pyfabric.client.transactions import evaluate
from pyfabric.errors import GatewayError, StatusCode
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.deliver import PEER_DELIVER_FILTERED
from pyfabric.messages.envelopes import SeekStart

_TIMEOUT = 15.0


def _newest(endpoint: Endpoint, identity: SigningIdentity, channel: str) -> Flow[SeekStart]:
    """The number behind the peer's newest block, or "next" where the peer does not tell it."""
    envelope = yield from seek_envelope(
        identity, channel, "newest", "newest", tls_hash=tls_certificate_hash(endpoint)
    )
    request = DeliverBlocks(endpoint, PEER_DELIVER_FILTERED, envelope, _TIMEOUT)
    try:
        messages = yield from deliver(request)
    except GatewayError as error:
        if error.code is StatusCode.UNAVAILABLE:
            raise
        return "next"
    first = decode(events_pb2.DeliverResponse, messages[0])
    return first.filtered_block.number + 1 if first.HasField("filtered_block") else "next"


def next_block(
    endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str
) -> Flow[tuple[SeekStart, Sequence[Endpoint]]]:
    """Where the next block will be, and the endpoints with one that is there first.

    The question is put to the service that streams of blocks use: who may read those may ask it.
    "next" stands where the answer is a refusal. Raises GatewayError when no endpoint is there.
    """
    for index, endpoint in enumerate(endpoints):
        try:
            start = yield from _newest(endpoint, identity, channel)
        except GatewayError:
            if index == len(endpoints) - 1:
                raise
        else:
            return start, [*endpoints[index:], *endpoints[:index]]
    return "next", endpoints


def block_of_transaction(
    endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str, transaction_id: str
) -> Flow[int]:
    """The number of the block that holds a transaction. Raises GatewayError."""
    arguments = [b"GetBlockByTxID", channel.encode(), transaction_id.encode()]
    raw = yield from evaluate(endpoints, identity, channel, "qscc", arguments)
    return decode(common_pb2.Block, raw).header.number
