"""Whether blocks are a chain: numbers, previous hashes, and the hashes of what is in them.

Source: protoutil/blockutils.go and core/peer (blocks are verified before they are committed) of Fabric 3.1.
"""

from dataclasses import dataclass

from fabric_protos.common import common_pb2

from pyfabric.errors import DecodeError
from pyfabric.messages.blocks import data_hash, header_hash, parse_block
from pyfabric.rules.verification.faults import FaultKind, fail


@dataclass(frozen=True, slots=True)
class Link:
    """What the next block must follow: a block's number, and the hash of its header."""

    number: int
    hash: bytes


def read_block(raw: bytes, number: int) -> common_pb2.Block:
    """Return the block in `raw`, which is expected to have this number; raises ChainFaultError."""
    try:
        return parse_block(raw)
    except DecodeError as error:
        raise fail(FaultKind.BLOCK, number, str(error)) from error


def check_link(block: common_pb2.Block, before: Link | None) -> Link:
    """Check that a block follows the one before it and holds its own data; raises ChainFaultError.

    Without one before it, it may have any number: it is the earliest block there is.
    """
    header = block.header
    if before is not None and header.number != before.number + 1:
        raise fail(
            FaultKind.NUMBER,
            before.number + 1,
            f"a block with number {header.number} is in its place",
        )
    if before is not None and header.previous_hash != before.hash:
        raise fail(
            FaultKind.PREVIOUS_HASH,
            header.number,
            f"it follows a block with hash {header.previous_hash.hex()}, and block {before.number} has "
            f"{before.hash.hex()}",
        )
    if not header.number and header.previous_hash:
        raise fail(FaultKind.PREVIOUS_HASH, 0, "nothing comes before a genesis block")
    if data_hash(block.data) != header.data_hash:
        raise fail(
            FaultKind.DATA_HASH,
            header.number,
            f"its header names data with hash {header.data_hash.hex()}, and its data has "
            f"{data_hash(block.data).hex()}",
        )
    return Link(header.number, header_hash(header))
