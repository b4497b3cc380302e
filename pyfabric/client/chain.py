"""What the client asks about a channel's blocks before it reads events."""

from collections.abc import Sequence

from fabric_protos.common import common_pb2
from fabric_protos.peer import events_pb2

from pyfabric.client.effects import DeliverBlocks, Endpoint, Flow, deliver
from pyfabric.client.envelopes import seek_envelope, tls_certificate_hash
from pyfabric.client.event_requests import FILTERED_BLOCKS
from pyfabric.client.peers import SILENT
from pyfabric.client.transactions import evaluate
from pyfabric.errors import DeliverError, GatewayError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.deliver import PEER_DELIVER_FILTERED
from pyfabric.messages.envelopes import SeekStart
from pyfabric.messages.events import FilteredBlock

_TIMEOUT = 5.0
_NOT_FOUND = common_pb2.Status.NOT_FOUND


def _newest(endpoint: Endpoint, identity: SigningIdentity, channel: str) -> Flow[SeekStart]:
    """Return the number after the peer's newest block, or "next" if the peer does not report it."""
    envelope = yield from seek_envelope(
        identity, channel, "newest", "newest", tls_hash=tls_certificate_hash(endpoint)
    )
    request = DeliverBlocks(endpoint, PEER_DELIVER_FILTERED, envelope, _TIMEOUT)
    try:
        messages = yield from deliver(request)
    except GatewayError as error:
        if error.code in SILENT:
            raise
        return "next"
    first = decode(events_pb2.DeliverResponse, messages[0])
    return first.filtered_block.number + 1 if first.HasField("filtered_block") else "next"


def next_block(
    endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str
) -> Flow[tuple[SeekStart, Sequence[Endpoint]]]:
    """Return the number of the next block, and the endpoints with a reachable one first.

    The service that streams blocks is asked, which anyone who reads blocks may use. "next" means that
    it refused. Raises GatewayError when no endpoint is reachable.
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


def filtered_block(
    endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str, number: int
) -> Flow[FilteredBlock | None]:
    """Return a block without its contents, or None when no peer that answers has it.

    Raises GatewayError when no peer answers, and DeliverError when one refuses.
    """
    failure: GatewayError | None = None
    for endpoint in endpoints:
        try:
            block = yield from _filtered_block_at(endpoint, identity, channel, number)
        except GatewayError as error:
            failure = error
        else:
            if block is not None:
                return block
    if failure is not None:
        raise failure
    return None


def _filtered_block_at(
    endpoint: Endpoint, identity: SigningIdentity, channel: str, number: int
) -> Flow[FilteredBlock | None]:
    tls_hash = tls_certificate_hash(endpoint)
    envelope = yield from seek_envelope(
        identity, channel, number, number, wait=False, tls_hash=tls_hash
    )
    messages = yield from deliver(
        DeliverBlocks(endpoint, FILTERED_BLOCKS.method, envelope, _TIMEOUT)
    )
    try:
        return FILTERED_BLOCKS.read(messages[0])[0]
    except DeliverError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def block_of_transaction(
    endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str, transaction_id: str
) -> Flow[int]:
    """Return the number of the block that holds a transaction. Raises GatewayError."""
    arguments = [b"GetBlockByTxID", channel.encode(), transaction_id.encode()]
    raw = yield from evaluate(endpoints, identity, channel, "qscc", arguments)
    return decode(common_pb2.Block, raw).header.number
