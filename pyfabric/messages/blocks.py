"""Blocks: their hashes, their five metadata slots, and what orderers sign.

Source: protoutil/blockutils.go and the orderer's block writer of Fabric 3.1. A header's hash is over
its DER form; the data hash is over the envelopes joined without separators.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from fabric_protos.common import common_pb2

from pyfabric.errors import DecodeError
from pyfabric.messages import der
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData

METADATA_SLOTS: Final = 5


def parse_block(raw: bytes) -> common_pb2.Block:
    """Return the block in `raw`; raises DecodeError when it is no block."""
    return decode(common_pb2.Block, raw)


def channel_of(block: common_pb2.Block) -> str:
    """Return the channel that the block's transactions name, by the earliest that can be read; "" if none can."""
    for raw in block.data.data:
        try:
            payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, raw).payload)
            header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
        except DecodeError:
            continue
        if header.channel_id:
            return header.channel_id
    return ""


def header_bytes(header: common_pb2.BlockHeader) -> bytes:
    """Return the DER form of a header: SEQUENCE of number, previous hash and data hash."""
    return der.encode(
        der.SEQUENCE,
        der.encode_integer(header.number)
        + der.encode(der.OCTET_STRING, header.previous_hash)
        + der.encode(der.OCTET_STRING, header.data_hash),
    )


def header_hash(header: common_pb2.BlockHeader) -> bytes:
    """Return the SHA-256 of the header's DER form: the next block's `previous_hash`."""
    return sha256(header_bytes(header)).digest()


def data_hash(data: common_pb2.BlockData) -> bytes:
    """Return the SHA-256 of the joined envelopes: what a header's `data_hash` must be."""
    return sha256(b"".join(data.data)).digest()


def new_block(number: int, previous_hash: bytes, envelopes: Sequence[bytes]) -> common_pb2.Block:
    """Return a block with its header complete and its five metadata slots empty."""
    data = common_pb2.BlockData(data=envelopes)
    return common_pb2.Block(
        header=common_pb2.BlockHeader(
            number=number, previous_hash=previous_hash, data_hash=data_hash(data)
        ),
        data=data,
        metadata=common_pb2.BlockMetadata(metadata=[b""] * METADATA_SLOTS),
    )


def metadata(block: common_pb2.Block, index: int) -> common_pb2.Metadata:
    """Return the message in a metadata slot (common.BlockMetadataIndex); raises DecodeError."""
    slots = block.metadata.metadata
    if index >= len(slots):
        raise DecodeError(f"block {block.header.number} has no metadata at index {index}")
    place = f"metadata {index} of block {block.header.number}"
    return decode(common_pb2.Metadata, slots[index], DecodeError, place)


def transaction_filter(block: common_pb2.Block) -> bytes:
    """Return a validation code for each transaction; empty until a peer has validated the block."""
    slots = block.metadata.metadata
    index = common_pb2.BlockMetadataIndex.TRANSACTIONS_FILTER
    return slots[index] if index < len(slots) else b""


def orderer_metadata(block: common_pb2.Block) -> common_pb2.OrdererBlockMetadata:
    """Return what the orderers signed beside the header: last configuration and consenter metadata."""
    value = metadata(block, common_pb2.BlockMetadataIndex.SIGNATURES).value
    problem = f"block {block.header.number} has malformed orderer metadata"
    return decode(common_pb2.OrdererBlockMetadata, value, DecodeError, problem)


def last_config_index(block: common_pb2.Block) -> int:
    """Return the number of the newest configuration block, this block included."""
    return orderer_metadata(block).last_config.index


def last_config_slot(index: int) -> bytes:
    """Return the bytes of the LAST_CONFIG slot."""
    value = common_pb2.LastConfig(index=index).SerializeToString()
    return common_pb2.Metadata(value=value).SerializeToString()


def orderer_metadata_value(last_config: int, consenter: bytes = b"") -> bytes:
    """Return the value in the SIGNATURES slot, which each signature covers.

    `consenter` is what the ordering service says of the block; a genesis block has none.
    """
    return common_pb2.OrdererBlockMetadata(
        last_config=common_pb2.LastConfig(index=last_config),
        consenter_metadata=consenter,
    ).SerializeToString()


def block_signature_message(
    value: bytes, signature_header: bytes, header: common_pb2.BlockHeader
) -> bytes:
    """Return what an orderer signs: the slot's value, its own header and the block's."""
    return value + signature_header + header_bytes(header)


def signatures_slot(value: bytes, signatures: Sequence[common_pb2.MetadataSignature] = ()) -> bytes:
    """Return the bytes of the SIGNATURES slot."""
    return common_pb2.Metadata(value=value, signatures=signatures).SerializeToString()


def signature_set(block: common_pb2.Block, consenters: Mapping[int, bytes]) -> list[SignedData]:
    """Return the orderers' signatures over a block, ready for the channel's BlockValidation policy.

    A BFT signature names its signer by number only: it is looked up in `consenters`, which holds
    serialized identities, and left out when it is not there. Raises DecodeError for a malformed slot.
    """
    slot = metadata(block, common_pb2.BlockMetadataIndex.SIGNATURES)
    signed = []
    for entry in slot.signatures:
        header = entry.signature_header or entry.identifier_header
        identity = _signer(entry, consenters)
        if identity is not None:
            message = block_signature_message(slot.value, header, block.header)
            signed.append(SignedData(message, identity, entry.signature))
    return signed


def _signer(entry: common_pb2.MetadataSignature, consenters: Mapping[int, bytes]) -> bytes | None:
    problem = "a block signature has a malformed header"
    if entry.identifier_header and not entry.signature_header:
        header = decode(common_pb2.IdentifierHeader, entry.identifier_header, DecodeError, problem)
        return consenters.get(header.identifier)
    return decode(common_pb2.SignatureHeader, entry.signature_header, DecodeError, problem).creator
