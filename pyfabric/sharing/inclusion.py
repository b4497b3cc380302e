"""Inclusion in a block: the fourth section of a proof, and what it shows under a recorded configuration.

It proves order, no more: under Raft one orderer can sign a block, and nobody signs the validation codes.
"""

from dataclasses import dataclass
from typing import Final

from fabric_protos.common import common_pb2

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity.keys import require_strict_der
from pyfabric.messages.blocks import new_block, signatures_slot
from pyfabric.messages.consensus import BFT
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.paths import BLOCK_VALIDATION
from pyfabric.sharing import strict
from pyfabric.sharing.frames import Frames, frame, number

_BLOCK_NUMBER_SIZE: Final = 8
_HASH_SIZE: Final = 32
MOST_ENTRIES: Final = 16_384
MOST_SIGNATURES: Final = 256


@dataclass(frozen=True, slots=True)
class BlockSignature:
    """An orderer's signature over a block: its header (of Raft a SignatureHeader, of BFT an IdentifierHeader) and value."""

    header: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A block without what its hashes make superfluous, and the position of the proof's transaction in it.

    `metadata` is the value that the orderers signed (common.OrdererBlockMetadata).
    """

    block: int
    previous_hash: bytes
    entries: tuple[bytes, ...]
    position: int
    metadata: bytes
    signatures: tuple[BlockSignature, ...]

    def to_bytes(self) -> bytes:
        """Return the section."""
        return b"".join(
            (
                number(self.block, _BLOCK_NUMBER_SIZE),
                self.previous_hash,
                number(len(self.entries)),
                *map(frame, self.entries),
                number(self.position),
                frame(self.metadata),
                number(len(self.signatures)),
                *(frame(one.header) + frame(one.signature) for one in self.signatures),
            )
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Inclusion":
        """Read the section; raises DecodeError."""
        frames = Frames(raw)
        found = cls(
            block=frames.number(_BLOCK_NUMBER_SIZE),
            previous_hash=frames.take(_HASH_SIZE),
            entries=tuple(frames.next() for _ in range(_count(frames, MOST_ENTRIES))),
            position=frames.number(),
            metadata=frames.next(),
            signatures=tuple(
                BlockSignature(frames.next(), frames.next())
                for _ in range(_count(frames, MOST_SIGNATURES))
            ),
        )
        frames.finish()
        return found

    @property
    def last_config(self) -> int:
        """The number of the newest configuration block, as orderers signed it; raises DecodeError."""
        return strict.read(common_pb2.OrdererBlockMetadata, self.metadata).last_config.index

    def check(self, transaction: bytes, config: ChannelConfig, config_block: int) -> None:
        """Check that the block holds a transaction (bytes of common.Payload) and is signed under a configuration.

        `config_block` is the number of the block that brought the configuration. Raises DecodeError, IdentityError or
        PolicyError.
        """
        payloads = [_payload(entry) for entry in self.entries]
        if self.position >= len(payloads) or payloads[self.position] != transaction:
            raise DecodeError(f"the transaction is not at position {self.position} of the block")
        if self.block >= config_block and self.last_config != config_block:
            raise DecodeError(
                f"block {self.block} names block {self.last_config} as the newest configuration, not {config_block}"
            )
        self._check_signatures(config)

    def _check_signatures(self, config: ChannelConfig) -> None:
        signed = config.block_signatures(self._block(bft=config.consensus_type == BFT))
        if len(signed) != len(self.signatures):
            raise IdentityError("a signature of the block names no recorded consenter")
        if len({one.identity for one in signed}) != len(signed):
            raise IdentityError("an orderer has signed the block more than once")
        for one in signed:
            require_strict_der(one.signature)
            config.msp_manager.deserialize(one.identity).verify(one.data, one.signature)
        config.policy(BLOCK_VALIDATION).evaluate(signed)

    def _block(self, *, bft: bool) -> common_pb2.Block:
        block = new_block(self.block, self.previous_hash, self.entries)
        signatures = [
            common_pb2.MetadataSignature(
                signature=one.signature,
                **{"identifier_header" if bft else "signature_header": _header(one, bft=bft)},
            )
            for one in self.signatures
        ]
        slots = block.metadata.metadata
        slots[common_pb2.BlockMetadataIndex.SIGNATURES] = signatures_slot(self.metadata, signatures)
        return block


def _count(frames: Frames, most: int) -> int:
    count = frames.number()
    if count > most:
        raise DecodeError(f"{count} entries or signatures of a block: at most {most} are read")
    return count


def _header(one: BlockSignature, *, bft: bool) -> bytes:
    kind = common_pb2.IdentifierHeader if bft else common_pb2.SignatureHeader
    strict.read(kind, one.header)
    return one.header


def _payload(entry: bytes) -> bytes:
    """Return the payload of a block's entry, which must be an envelope in its only form.

    The data hash is over entries without their lengths: of malformed ones, other entries could have the same hash.
    """
    envelope = strict.read(common_pb2.Envelope, entry)
    if not envelope.payload or not envelope.signature:
        raise DecodeError("an entry of the block has no payload or no signature")
    return envelope.payload
