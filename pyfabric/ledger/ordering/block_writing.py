"""What orderers write into a block beside its transactions: consensus metadata and signatures.

Source: orderer/common/multichannel/blockwriter.go, orderer/consensus/etcdraft and
orderer/consensus/smartbft of Fabric 3.1.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fabric_protos.common import common_pb2

from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.blocks import (
    block_signature_message,
    last_config_slot,
    orderer_metadata,
    orderer_metadata_value,
    signatures_slot,
)
from pyfabric.rules.configuration.channel_config import ChannelConfig, Consenter
from pyfabric.rules.consensus import bft, raft
from pyfabric.rules.consensus.types import consensus_type


@dataclass(frozen=True, slots=True)
class BlockWriter:
    """Completes blocks under one configuration: `signers` are the consenters of this process, in order.

    `after` is the configuration that the block itself brings, if it brings one.
    """

    config: ChannelConfig
    signers: Sequence[tuple[Consenter, SigningIdentity]]
    nonce: Callable[[], bytes]
    after: ChannelConfig | None = None

    def able_signers(self) -> Sequence[tuple[Consenter, SigningIdentity]]:
        """Return the consenters that can make the block.

        A Raft leader that is to leave, or to get another certificate, first has another one lead.
        """
        led = consensus_type(self.config).has_leader
        if self.after is None or not (led and consensus_type(self.after).has_leader):
            return self.signers
        staying = {one.client_tls_certificate for one in self.after.consenters}
        return [one for one in self.signers if one[0].client_tls_certificate in staying]

    def complete(
        self, block: common_pb2.Block, previous: common_pb2.Block, last_config: int
    ) -> None:
        """Fill in the metadata that orderers write, signatures included."""
        if self.after is not None:
            last_config = block.header.number
        slots = block.metadata.metadata
        slots[common_pb2.LAST_CONFIG] = last_config_slot(last_config)
        if consensus_type(self.config).has_leader:
            value = orderer_metadata_value(last_config, self._raft_metadata(previous))
            signatures = [self._leader_signature(value, block.header)]
        else:
            value = orderer_metadata_value(last_config, bft.view_metadata(block.header.number))
            signatures = list(self._quorum_signatures(value, block.header))
        slots[common_pb2.SIGNATURES] = signatures_slot(value, signatures)

    def _raft_metadata(self, previous: common_pb2.Block) -> bytes:
        old = self.config.consenters
        known = orderer_metadata(previous).consenter_metadata
        membership = raft.Membership.read(known, len(old))
        if self.after is not None and consensus_type(self.after).has_leader:
            membership = raft.membership_changes(membership, old, self.after.consenters).membership
        return membership.metadata()

    def _leader_signature(
        self, value: bytes, header: common_pb2.BlockHeader
    ) -> common_pb2.MetadataSignature:
        _, leader = self.able_signers()[0]
        signature_header = common_pb2.SignatureHeader(
            creator=leader.serialized(), nonce=self.nonce()
        ).SerializeToString()
        signature = leader.sign(block_signature_message(value, signature_header, header))
        return common_pb2.MetadataSignature(signature_header=signature_header, signature=signature)

    def _quorum_signatures(
        self, value: bytes, header: common_pb2.BlockHeader
    ) -> Iterator[common_pb2.MetadataSignature]:
        quorum = consensus_type(self.config).quorum(len(self.config.consenters))
        for consenter, signer in self.signers[:quorum]:
            identifier = common_pb2.IdentifierHeader(
                identifier=consenter.number, nonce=self.nonce()
            ).SerializeToString()
            signature = signer.sign(block_signature_message(value, identifier, header))
            yield common_pb2.MetadataSignature(identifier_header=identifier, signature=signature)


def as_ordered(block: common_pb2.Block) -> common_pb2.Block:
    """Return a block without the validation codes and the commit hash that peers add."""
    ordered = common_pb2.Block(header=block.header, metadata=block.metadata)
    if block.HasField("data"):
        ordered.data.CopyFrom(block.data)
    for index in (common_pb2.TRANSACTIONS_FILTER, common_pb2.COMMIT_HASH):
        ordered.metadata.metadata[index] = b""
    return ordered
