"""The genesis block of a channel."""

from datetime import datetime
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.admin.config.groups import channel_group
from pyfabric.admin.config.model import ChannelModel
from pyfabric.messages.blocks import new_block, orderer_metadata_value, signatures_slot
from pyfabric.messages.envelopes import transaction_id

_HEADER_VERSION: Final = 1


def genesis_block(model: ChannelModel, *, timestamp: datetime, nonce: bytes) -> bytes:
    """Return block 0 (bytes of common.Block), with which orderers and peers join the channel.

    The same arguments make the same bytes. `timestamp` is aware, and counts in whole seconds; `nonce`
    is 24 random bytes. Raises ConfigError where configtxgen refuses the model; an orderer checks more
    when it joins.
    """
    config = configtx_pb2.Config(channel_group=channel_group(model))
    header = common_pb2.ChannelHeader(
        type=common_pb2.HeaderType.CONFIG,
        version=_HEADER_VERSION,
        timestamp=Timestamp(seconds=int(timestamp.timestamp())),
        channel_id=model.channel_id,
        tx_id=transaction_id(b"", nonce),
    )
    payload = common_pb2.Payload(
        header=common_pb2.Header(
            channel_header=header.SerializeToString(),
            signature_header=common_pb2.SignatureHeader(nonce=nonce).SerializeToString(),
        ),
        data=configtx_pb2.ConfigEnvelope(config=config).SerializeToString(deterministic=True),
    )
    envelope = common_pb2.Envelope(payload=payload.SerializeToString())
    block = new_block(0, b"", [envelope.SerializeToString()])
    block.metadata.metadata[common_pb2.BlockMetadataIndex.SIGNATURES] = signatures_slot(
        orderer_metadata_value(0)
    )
    return block.SerializeToString()
