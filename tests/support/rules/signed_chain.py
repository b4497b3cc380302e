"""A chain of blocks whose orderers' and administrators' keys are at hand: it says whatever a test has it say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2

from pyfabric.admin import compute_update, config_of_block
from pyfabric.admin.config.update import config_signature, signature_header, signed_update
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.blocks import (
    block_signature_message,
    header_hash,
    last_config_slot,
    new_block,
    orderer_metadata_value,
    signatures_slot,
)
from pyfabric.messages.envelopes import channel_header, payload_of
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.update import propose
from tests.support.ledger.ordering import CHANNEL, NOW, Council

LAST_CONFIG = 1
Edit = Callable[[configtx_pb2.Config], None]


@dataclass
class Chain:
    """A channel of a council, of one orderer unless it is given; all of its orderers sign each block."""

    council: Council = field(default_factory=lambda: Council(1, bft=False))
    blocks: list[common_pb2.Block] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blocks.append(self.council.genesis())

    @property
    def orderer(self) -> SigningIdentity:
        """The first orderer's identity."""
        return self.council.orderers[0].identity

    @property
    def raws(self) -> list[bytes]:
        """The blocks' bytes."""
        return [block.SerializeToString() for block in self.blocks]

    @property
    def newest_config(self) -> common_pb2.Block:
        """The newest block that is a configuration's."""
        return next(one for one in reversed(self.blocks) if _is_config(one))

    def add(self, envelopes: Sequence[bytes], last_config: int) -> common_pb2.Block:
        """Add a block that the orderers sign."""
        previous = self.blocks[-1].header
        block = new_block(previous.number + 1, header_hash(previous), envelopes)
        value = orderer_metadata_value(last_config)
        signatures = [self.signature(block, value, at) for at in range(len(self.council.orderers))]
        slots = block.metadata.metadata
        slots[0] = signatures_slot(value, signatures)
        slots[LAST_CONFIG] = last_config_slot(last_config)
        self.blocks.append(block)
        return block

    def signature(
        self, block: common_pb2.Block, value: bytes, at: int
    ) -> common_pb2.MetadataSignature:
        """Return what an orderer signs of a block."""
        orderer = self.council.orderers[at]
        if self.council.bft:
            header = common_pb2.IdentifierHeader(
                identifier=orderer.consenter.number, nonce=bytes(24)
            ).SerializeToString()
            found = common_pb2.MetadataSignature(identifier_header=header)
        else:
            header = common_pb2.SignatureHeader(
                creator=orderer.identity.serialized(), nonce=bytes(24)
            ).SerializeToString()
            found = common_pb2.MetadataSignature(signature_header=header)
        message = block_signature_message(value, header, block.header)
        found.signature = orderer.identity.sign(message)
        return found

    def configuration(self, edit: Edit, forge: Edit = lambda _: None) -> bytes:
        """Return the transaction of an update that is signed as it must be; `forge` changes its result."""
        present = configtx_pb2.Config.FromString(
            config_of_block(self.newest_config.SerializeToString())
        )
        wanted = configtx_pb2.Config()
        wanted.CopyFrom(present)
        edit(wanted)
        update = compute_update(CHANNEL, present.SerializeToString(), wanted.SerializeToString())
        signatures = []
        departments = [one.admin for one in self.council.departments]
        for admin in (*departments, self.council.ordering.admin):
            header = signature_header(admin.serialized(), bytes(24))
            signatures.append(config_signature(header, admin.sign(header + update)))
        envelope = self.signed(
            common_pb2.HeaderType.CONFIG_UPDATE, signed_update(update, signatures)
        )
        config = ChannelConfig(present, channel_id=CHANNEL)
        made = propose(config, common_pb2.Envelope.FromString(envelope))
        forge(made.config)
        return self.signed(common_pb2.HeaderType.CONFIG, made.SerializeToString())

    def configure(self, edit: Edit, forge: Edit = lambda _: None) -> common_pb2.Block:
        """Add the block of a configuration."""
        return self.add([self.configuration(edit, forge)], last_config=len(self.blocks))

    def signed(self, kind: int, data: bytes) -> bytes:
        """Return an envelope that the first orderer signs."""
        payload = payload_of(
            channel_header(kind, CHANNEL, NOW), self.orderer.serialized(), bytes(24), data
        )
        return common_pb2.Envelope(
            payload=payload, signature=self.orderer.sign(payload)
        ).SerializeToString()


def _is_config(block: common_pb2.Block) -> bool:
    payload = common_pb2.Payload.FromString(
        common_pb2.Envelope.FromString(block.data.data[0]).payload
    )
    header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    return header.type == common_pb2.HeaderType.CONFIG


def batch(count: int) -> Edit:
    """Return an edit of the number of transactions in a block."""

    def edit(config: configtx_pb2.Config) -> None:
        value = config.channel_group.groups["Orderer"].values["BatchSize"]
        size = orderer_pb2.BatchSize.FromString(value.value)
        size.max_message_count = count
        value.value = size.SerializeToString()

    return edit


def old_rules(config: configtx_pb2.Config) -> None:
    """Leave the application capability V1_4_2 alone."""
    names = configuration_pb2.Capabilities()
    names.capabilities["V1_4_2"].SetInParent()
    value = config.channel_group.groups["Application"].values["Capabilities"]
    value.value = names.SerializeToString()
