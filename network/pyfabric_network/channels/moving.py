"""The move from Raft to BFT where orderers are on many machines: each does its part, and the updates travel as files.

The order is that of `migration`: maintenance mode, a backup on every machine, BFT, all orderers started again, normal mode.
How far the move is, the configurations of the channels say: so each step may be repeated.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from pyfabric.admin.channels import Edit, MoveToBFT, SetMaintenance
from pyfabric.admin.config.model import BFTModel
from pyfabric.errors import NetworkError
from pyfabric.local.sockets import listens
from pyfabric.messages.addresses import join
from pyfabric.messages.consensus import RAFT
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus.maintenance import MAINTENANCE
from pyfabric_network.channels.carrying import Carrier, Proposed
from pyfabric_network.channels.migration import require_capability
from pyfabric_network.connections import Connections
from pyfabric_network.material.genesis import channel_model
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.plan import ChannelPlan, Plan

_LEAST: Final = 4
# In the metrics of an orderer, for each channel that it orders by Raft since it was started.
_BY_RAFT: Final = re.compile(r'^consensus_etcdraft_is_leader\{channel="([^"]+)"\}', re.MULTILINE)


class Stage(IntEnum):
    """How far a channel is."""

    RAFT = 0
    STOPPED = 1
    CHANGED = 2
    BFT = 3


NEXT: Final = {
    Stage.RAFT: "all channels are ordered by Raft: with --to, the updates for maintenance mode are written, for others to sign",
    Stage.STOPPED: "the channels are in maintenance mode, and this machine is backed up; once every machine is, one of them "
    "writes the updates to BFT with --to",
    Stage.CHANGED: "the channels have BFT, and the orderers of this machine were started again; once every machine's were, "
    "one of them writes the updates for normal mode with --to",
    Stage.BFT: "all channels are ordered by BFT",
}
"""What each machine prints after its part, by the stage of the channel that is least far."""


@dataclass(frozen=True)
class SharedMove:
    """The part of this machine in the move of a network. `after` is the plan with BFT."""

    plan: Plan
    after: Plan
    runtime: Runtime

    def stage(self) -> Stage:
        """Return how far the channel is that is least far; raises NetworkError for one that cannot be read."""
        with Connections(self.plan) as connections:
            return min(
                _stage(self._config(connections, one)) for one in self.plan.channels.values()
            )

    def check(self) -> None:
        """Raise NetworkError for channels or orderers that cannot move as they are; nothing is changed."""
        down = [node.name for node in self.plan.orderers if not listens(node.outside)]
        if down:
            raise NetworkError(
                f"{down[0]} does not run: all orderers must run when {self.plan.name} moves"
            )
        with Connections(self.plan) as connections:
            for channel in self.plan.channels.values():
                self._check_channel(channel, self._config(connections, channel))

    def back_up(self, write: Callable[[], None]) -> None:
        """Write the backup of this machine while its nodes stand still."""
        self.runtime.stop()
        write()
        self.runtime.start(self.plan)

    def start_again(self) -> None:
        """Start those orderers of this machine again that still order a channel by Raft which has BFT."""
        with Connections(self.plan) as connections:
            changed = {
                name
                for name, channel in self.plan.channels.items()
                if _stage(self._config(connections, channel)) > Stage.STOPPED
            }
            old = [
                node
                for node in self.plan.own_orderers
                if changed & {*_BY_RAFT.findall(connections.operations(node).metrics())}
            ]
        for node in old:
            self.runtime.halt(self.plan, node)
        self.runtime.start(self.plan)

    def propose(self) -> list[Proposed]:
        """Return the updates that bring those channels on which are least far, for others to sign."""
        stage = self.stage()
        with Connections(self.plan) as connections:
            return [
                self._carrier(connections, channel).propose([self._edit(channel, stage)])
                for channel in self.plan.channels.values()
                if _stage(self._config(connections, channel)) == stage < Stage.BFT
            ]

    def propose_return(self) -> list[Proposed]:
        """Return the updates that end maintenance mode on Raft, for others to sign."""
        with Connections(self.plan) as connections:
            return [
                self._carrier(connections, channel).propose([SetMaintenance(on=False)])
                for channel in self.plan.channels.values()
                if _stage(self._config(connections, channel)) is Stage.STOPPED
            ]

    def _check_channel(self, channel: ChannelPlan, config: ChannelConfig) -> None:
        if _stage(config) > Stage.STOPPED:
            return
        name, count = channel.name, len(config.consenters)
        if count != len(self.plan.orderers) or count < _LEAST:
            raise NetworkError(
                f"{name} has {count} consenters, and the topology {len(self.plan.orderers)} orderers: BFT needs at least "
                f"{_LEAST}, and both the same (`pyfabric channel apply`)"
            )
        require_capability(name, config)
        consenters = self._bft(channel).consenters
        known = {join(one.host, one.port): one.server_tls_certificate for one in consenters}
        for one in config.consenters:
            address = join(one.host, one.port)
            if known.get(address) != one.server_tls_certificate:
                raise NetworkError(
                    f"this machine has another definition of the orderer at {address} than {name}: have "
                    "its department send the one of now (`pyfabric network member init` there, `pyfabric network member "
                    "add` here)"
                )

    def _edit(self, channel: ChannelPlan, stage: Stage) -> Edit:
        if stage is not Stage.STOPPED:
            return SetMaintenance(on=stage is Stage.RAFT)
        return MoveToBFT(self._bft(channel))

    def _bft(self, channel: ChannelPlan) -> BFTModel:
        consensus = channel_model(self.after, self.after.channels[channel.name]).orderer.consensus
        if not isinstance(consensus, BFTModel):
            raise NetworkError(f"the topology of {self.after.name} does not say BFT")
        return consensus

    def _carrier(self, connections: Connections, channel: ChannelPlan) -> Carrier:
        return Carrier(self.plan, connections, channel)

    def _config(self, connections: Connections, channel: ChannelPlan) -> ChannelConfig:
        raw = self._carrier(connections, channel).ordered()
        return ChannelConfig.from_bytes(raw, channel_id=channel.name)


def _stage(config: ChannelConfig) -> Stage:
    if config.consensus_type == RAFT:
        return Stage.STOPPED if config.consensus_state == MAINTENANCE else Stage.RAFT
    return Stage.CHANGED if config.consensus_state == MAINTENANCE else Stage.BFT
