"""Edits of the consensus: its options, maintenance mode, and the move from Raft to BFT."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fabric_protos.orderer import configuration_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2

from pyfabric.admin.config.consensus import bft_metadata, bft_orderers
from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.model import BFTModel
from pyfabric.admin.config.policies import set_policy
from pyfabric.admin.config.values import get_value, set_value
from pyfabric.errors import ConfigError
from pyfabric.messages.consensus import BFT, RAFT
from pyfabric.messages.decoding import decode
from pyfabric.rules.consensus.bft import block_validation
from pyfabric.rules.consensus.maintenance import MAINTENANCE, NORMAL
from pyfabric.rules.consensus.raft import check_options
from pyfabric.rules.policies.paths import BLOCK_VALIDATION_NAME


@dataclass(frozen=True, slots=True)
class SetMaintenance(Edit):
    """Maintenance mode on or off. Orderers take it only in an update with nothing else."""

    kind: ClassVar[str] = "set-maintenance"

    on: bool

    def apply(self, draft: Draft) -> None:
        """Set the state in ConsensusType."""
        orderer = draft.section("orderer")
        consensus = get_value(orderer, "ConsensusType", configuration_pb2.ConsensusType)
        consensus.state = MAINTENANCE if self.on else NORMAL
        set_value(orderer, "ConsensusType", consensus)


@dataclass(frozen=True, slots=True)
class MoveToBFT(Edit):
    """BFT instead of Raft, with the same consenters one to one, in maintenance mode.

    Orderers need the channel's capability V3_0 before. There is no way back but a backup of the orderers.
    """

    kind: ClassVar[str] = "move-to-bft"

    bft: BFTModel

    def apply(self, draft: Draft) -> None:
        """Set ConsensusType, Orderers and the policy BlockValidation."""
        orderer = draft.section("orderer")
        consensus = get_value(orderer, "ConsensusType", configuration_pb2.ConsensusType)
        if consensus.type != RAFT:
            raise ConfigError(
                f"only channels with {RAFT} can move to BFT; this has {consensus.type}"
            )
        consensus.type, consensus.metadata = BFT, bft_metadata(self.bft)
        set_value(orderer, "Orderers", bft_orderers(self.bft))
        set_value(orderer, "ConsensusType", consensus)
        set_policy(orderer, BLOCK_VALIDATION_NAME, block_validation(self.bft.consenters))


@dataclass(frozen=True, slots=True)
class SetConsensusOptions(Edit):
    """Options of Raft or of SmartBFT, by their names in `RaftModel` and `BFTModel`; others stay."""

    kind: ClassVar[str] = "set-consensus-options"

    options: Mapping[str, int | str]

    def apply(self, draft: Draft) -> None:
        """Set the options in the metadata of ConsensusType."""
        orderer = draft.section("orderer")
        consensus = get_value(orderer, "ConsensusType", configuration_pb2.ConsensusType)
        if consensus.type == RAFT:
            metadata = decode(etcdraft_pb2.ConfigMetadata, consensus.metadata, ConfigError)
            self._set(metadata.options, RAFT)
            check_options(metadata.options)
            consensus.metadata = metadata.SerializeToString()
        elif consensus.type == BFT:
            options = decode(smartbft_pb2.Options, consensus.metadata, ConfigError)
            self._set(options, BFT)
            consensus.metadata = options.SerializeToString()
        else:
            raise ConfigError(f"the consensus type {consensus.type!r} has no options to edit")
        set_value(orderer, "ConsensusType", consensus)

    def _set(self, message: etcdraft_pb2.Options | smartbft_pb2.Options, kind: str) -> None:
        known = [field.name for field in message.DESCRIPTOR.fields]
        for name, value in self.options.items():
            if name not in known:
                raise ConfigError(f"{kind} has no option {name!r}: it has {', '.join(known)}")
            try:
                setattr(message, name, value)
            except (TypeError, ValueError) as error:
                raise ConfigError(f"{kind} option {name} cannot be {value!r}: {error}") from error
