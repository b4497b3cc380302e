"""All channels of a network moved from Raft to BFT: an outage, with no way back but the backup.

Source of the order: raft_bft_migration.md of Fabric 3.1. What is left to do is worked out from the channels, so that the
command can be repeated after an interruption. In maintenance mode peers get no blocks: configurations are the orderers'.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from pyfabric.admin import config_of_block
from pyfabric.admin.channels import Edit, MoveToBFT, SetMaintenance
from pyfabric.admin.config.model import BFTModel
from pyfabric.admin.config.proposal import Base
from pyfabric.errors import FabricError, NetworkError
from pyfabric.gateway import OrdererAdmin
from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll
from pyfabric.messages.consensus import RAFT
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import V3
from pyfabric.rules.consensus.maintenance import MAINTENANCE
from pyfabric_network.channels.carrying import Carrier
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.material.genesis import channel_model
from pyfabric_network.parallel import side_by_side
from pyfabric_network.progress import Report
from pyfabric_network.readiness import Readiness
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.plan import ChannelPlan, Plan

_SECONDS: Final = 120.0
_PAUSE: Final = 0.3
STEPS: Final = (
    "maintenance mode",
    "backup",
    "BFT in the configuration",
    "orderers start again",
    "leaders",
    "normal mode",
)


@dataclass(frozen=True)
class Migration:
    """The move of a network, all of whose orderers are on this machine. `after` is the plan with BFT."""

    plan: Plan
    after: Plan
    runtime: Runtime

    def is_to_come(self) -> bool:
        """Return whether a channel still has Raft in its configuration."""
        return bool(self._left(_is_raft))

    def run(self, backup: Callable[[], None] | None, report: Report) -> None:
        """Move all channels, which `check` has passed; `backup` writes the backup while no node runs, None if it is there."""
        self._each(SetMaintenance(on=True), where=_is_raft_in_use, step=0, report=report)
        if backup is not None and self.is_to_come():
            _report(report, 1)
            self.runtime.stop()
            backup()
            self.runtime.start(self.plan)
        self._move(report)
        if self._left(_is_in_maintenance):
            _report(report, 3)
            for node in self.plan.own_orderers:
                self.runtime.halt(self.plan, node)
            self.runtime.start(self.plan)
            _report(report, 4)
            with Connections(self.after) as connections:
                Readiness(self.after, connections).await_leaders()
        self._each(SetMaintenance(on=False), where=_is_in_maintenance, step=5, report=report)
        self._await_peers()

    def give_up(self, report: Report) -> None:
        """End maintenance mode on Raft; raises NetworkError, before anything is changed, if a channel has BFT already."""
        moved = self._left(lambda config: not _is_raft(config))
        if moved:
            raise NetworkError(
                f"{moved[0]} has BFT already: run `pyfabric channel move-to-bft` again to finish the move, or restore "
                "the backup (`pyfabric network restore`)"
            )
        self._each(SetMaintenance(on=False), where=_is_in_maintenance, step=5, report=report)
        self._await_peers()

    def check(self) -> None:
        """Raise NetworkError for channels or orderers that cannot move as they are; nothing is changed."""
        orderers, name = self.plan.own_orderers, self.plan.name
        down = [node.name for node in orderers if not listens(node.outside)]
        if down:
            raise NetworkError(f"{down[0]} does not run: all orderers must run when {name} moves")
        for channel in self.plan.channels.values():
            config = self._config(channel)
            if len(config.consenters) != len(orderers):
                raise NetworkError(
                    f"{channel.name} has {len(config.consenters)} consenters, and the topology has {len(orderers)} "
                    "orderers: bring them together first (`pyfabric channel apply`)"
                )
            if _is_raft(config):
                require_capability(channel.name, config)

    def _move(self, report: Report) -> None:
        """Make the change itself, the last configuration of each channel before its orderers start again."""
        _report(report, 2)
        for name in self._left(_is_raft):
            consensus = channel_model(self.after, self.after.channels[name]).orderer.consensus
            if isinstance(consensus, BFTModel):  # as its topology says
                self._make(self.plan.channels[name], MoveToBFT(consensus))

    def _each(
        self, edit: Edit, *, where: Callable[[ChannelConfig], bool], step: int, report: Report
    ) -> None:
        _report(report, step)
        for name in self._left(where):
            self._make(self.plan.channels[name], edit)

    def _left(self, where: Callable[[ChannelConfig], bool]) -> list[str]:
        """Return the channels of which something is so."""
        return [
            name for name, channel in self.plan.channels.items() if where(self._config(channel))
        ]

    def _config(self, channel: ChannelPlan) -> ChannelConfig:
        return ChannelConfig.from_bytes(self._raw(channel), channel_id=channel.name)

    def _raw(self, channel: ChannelPlan) -> bytes:
        """Return the newest configuration that any orderer has (bytes of common.Config)."""
        with Connections(self.plan) as connections:
            found = self._configs(connections, channel)
        known = [one for one in found if one is not None]
        if not known:
            raise NetworkError(f"no orderer of {channel.name} answers with its configuration")
        return max(known, key=lambda one: Base.of(one).sequence)

    def _configs(self, connections: Connections, channel: ChannelPlan) -> list[bytes | None]:
        def ask(orderer: OrdererAdmin) -> bytes | None:
            try:
                return config_of_block(orderer.block(channel.name, "config"))
            except FabricError:  # it is starting, or has no leader yet
                return None

        return side_by_side(
            [partial(ask, connections.orderer(node)) for node in self.plan.own_orderers]
        )

    def _make(self, channel: ChannelPlan, edit: Edit) -> None:
        """Make an edit, and wait until every orderer has it; raises what orderers refuse."""
        with Connections(self.plan) as connections:
            carrier = Carrier(self.plan, connections, channel)
            self._await_blocks(carrier)
            made = carrier.make([edit])
            self._await(connections, channel, Base.of(made).sequence)

    def _await_blocks(self, carrier: Carrier) -> None:
        """Wait until orderers send the newest configuration: those that have just started do once they have a leader."""
        newest = Base.of(self._raw(carrier.channel)).sequence
        is_sent = poll(
            lambda: Base.of(carrier.config()).sequence >= newest,
            until=bool,
            every=_PAUSE,
            timeout=_SECONDS,
        )
        if not is_sent:
            raise NetworkError(
                f"no orderer of {carrier.channel.name} sends its newest block after {_SECONDS:.0f} s: see `pyfabric "
                "network logs`, and run the command again"
            )

    def _await(self, connections: Connections, channel: ChannelPlan, wanted: int) -> None:
        """Wait until every orderer has a configuration with this sequence."""
        behind = poll(
            lambda: self._behind(connections, channel, wanted), every=_PAUSE, timeout=_SECONDS
        )
        if behind is not None:
            raise NetworkError(
                f"{behind} does not have the new configuration of {channel.name} after {_SECONDS:.0f} s: see `pyfabric "
                "network logs`, and run the command again"
            )

    def _await_peers(self) -> None:
        """Wait until the peers of this machine, which got no blocks, have the configurations of the orderers."""
        with Connections(self.plan) as connections:

            def behind(channel: ChannelPlan, wanted: int) -> str | None:
                for peer in channel.peers():
                    admin = connections.admin(self.plan.owner(peer))
                    if Base.of(admin.config(endpoint(peer), channel.name)).sequence < wanted:
                        return peer.name
                return None

            for channel in self.plan.channels.values():
                check = partial(behind, channel, Base.of(self._raw(channel)).sequence)
                late = poll(check, every=_PAUSE, timeout=_SECONDS)
                if late is not None:
                    raise NetworkError(
                        f"{late} does not have the blocks of {channel.name} after {_SECONDS:.0f} s: see `pyfabric "
                        "network logs`, and run the command again"
                    )

    def _behind(self, connections: Connections, channel: ChannelPlan, wanted: int) -> str | None:
        found = self._configs(connections, channel)
        for node, config in zip(self.plan.own_orderers, found, strict=True):
            if config is None or Base.of(config).sequence < wanted:
                return node.name
        return None


def require_capability(channel: str, config: ChannelConfig) -> None:
    """Raise NetworkError for a channel without the capability that BFT needs."""
    if V3 not in config.capabilities.channel:
        raise NetworkError(
            f"BFT needs the capability {V3}, which {channel} does not have: `pyfabric channel apply`"
        )


def _report(report: Report, step: int) -> None:
    report(STEPS[step], step, len(STEPS))


def _is_raft(config: ChannelConfig) -> bool:
    return config.consensus_type == RAFT


def _is_raft_in_use(config: ChannelConfig) -> bool:
    return _is_raft(config) and not _is_in_maintenance(config)


def _is_in_maintenance(config: ChannelConfig) -> bool:
    return config.consensus_state == MAINTENANCE
