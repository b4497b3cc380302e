"""Flows that read blocks from orderers, which have them before the peers do.

In maintenance mode orderers send blocks to those alone who satisfy /Channel/Orderer/Readers, so that peers learn of
it when it has ended.
Source: orderer/common/server/server.go of Fabric 3.1.
"""

from typing import Final

from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from pyfabric.client.effects import DeliverBlocks, Endpoint, Flow, deliver
from pyfabric.client.envelopes import seek_envelope, tls_certificate_hash
from pyfabric.errors import DeliverError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.blocks import last_config_index, parse_block
from pyfabric.messages.decoding import decode
from pyfabric.messages.deliver import ORDERER_DELIVER
from pyfabric.messages.envelopes import SeekStart
from pyfabric.messages.go_texts import enum_name

_TIMEOUT: Final = 10.0


def ordered_config_block(orderer: Endpoint, identity: SigningIdentity, channel: str) -> Flow[bytes]:
    """Return the newest configuration block (bytes of common.Block) that an orderer has.

    Raises DeliverError when it refuses or has no part in the channel, GatewayError when it cannot be asked.
    """
    newest = parse_block((yield from ordered_block(orderer, identity, channel, "newest")))
    number = last_config_index(newest)
    if number != newest.header.number:
        return (yield from ordered_block(orderer, identity, channel, number))
    return newest.SerializeToString()


def ordered_block(
    orderer: Endpoint, identity: SigningIdentity, channel: str, which: SeekStart
) -> Flow[bytes]:
    """Return a block (bytes of common.Block) that an orderer has; raises what `ordered_config_block` raises."""
    tls_hash = tls_certificate_hash(orderer)
    envelope = yield from seek_envelope(
        identity, channel, which, which, wait=False, tls_hash=tls_hash
    )
    messages = yield from deliver(DeliverBlocks(orderer, ORDERER_DELIVER, envelope, _TIMEOUT))
    answer = decode(ab_pb2.DeliverResponse, messages[0])
    if answer.HasField("block"):
        return answer.block.SerializeToString()
    name = enum_name(common_pb2.Status.DESCRIPTOR, answer.status)
    raise DeliverError(
        f"the orderer at {orderer.address} sends no blocks of {channel}: {name} ({answer.status})",
        status=answer.status,
    )
