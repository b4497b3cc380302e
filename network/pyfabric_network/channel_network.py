"""What is done to the channels of a network: created, joined, left, and brought to a changed topology."""

from collections.abc import Collection, Sequence
from pathlib import Path

from pyfabric.admin.snapshot_files import PeerSnapshot
from pyfabric.errors import NetworkError
from pyfabric_network.backups.writing import check_target, write_backup
from pyfabric_network.channels.following import Following, Proposed, with_keys
from pyfabric_network.channels.migration import Migration
from pyfabric_network.channels.nodes import (
    begin_channels,
    join_nodes,
    leave_as_orderer,
    wanted_nodes,
)
from pyfabric_network.channels.renewal import OrdererRenewal
from pyfabric_network.channels.snapshots import join_by_snapshot
from pyfabric_network.channels.topology_file import (
    Changes,
    changed_topology,
    topology_file,
    write_topology,
)
from pyfabric_network.connections import Connections
from pyfabric_network.department_contexts import add_contexts
from pyfabric_network.deployment import (
    Deployed,
    deploy_all,
    in_force,
)
from pyfabric_network.material.genesis import make_genesis_blocks
from pyfabric_network.material.integrity import block_digests
from pyfabric_network.material.keys import make_material
from pyfabric_network.opened_network import present
from pyfabric_network.profile import write_profiles
from pyfabric_network.progress import Report, Step, silent
from pyfabric_network.running_network import RunningNetwork
from pyfabric_network.state import locked
from pyfabric_network.topology.changes import check_change
from pyfabric_network.topology.transition import union


class ChannelNetwork(RunningNetwork):
    """A network whose channels can be changed."""

    def change_topology(self, changes: Changes) -> Path:
        """Set keys of the network's topology file, or remove those whose value is None; return the file.

        Comments and everything else stay. The network itself is brought there afterwards, from `reopen`. Raises
        TopologyError for what is then no topology, and NetworkError for a bundled one; nothing is written then.
        """
        file = topology_file(self.state, self.root)
        text, _ = changed_topology(file, changes)
        write_topology(file, text)
        return file

    def create_channels(self, names: Sequence[str], report: Report = silent) -> tuple[str, ...]:
        """Create channels of the topology on the running network, and return warnings; safe to repeat.

        Nothing else is touched: nodes and departments that the topology has added too are brought up by `up`.
        Raises NetworkError for a channel that is not in the topology, for a node that does not run, and for a
        network on many machines, where genesis blocks come in bundles; otherwise as `up`.
        """
        self._require_nodes()
        with locked(self.root):
            self._refresh()
            for name in names:
                self.plan.channel(name)
            if self.plan.places:
                raise NetworkError(
                    f"departments with machines of their own get the genesis block of {', '.join(names)} in a "
                    "bundle: `pyfabric network bundle DEPARTMENT`, then `pyfabric network up` at each"
                )
            self._require_running()
            self._save()
            make_genesis_blocks(self.plan, now=present(), channels=names)
            self._remember(blocks=block_digests(self.plan))
            warnings = begin_channels(self.plan, names, report)
        write_profiles(self.plan)
        return warnings + add_contexts(self.plan, self.folder)

    def to_apply(self, file: Path | None = None, changes: Changes | None = None) -> list[Step]:
        """Return what `apply` would do, in its order; nothing is changed. Raises as `apply` does."""
        self._require_nodes()
        self._refresh()
        following = self._following(file, changes or {})
        with (
            with_keys(following.after) as planned,
            Connections(following.between) as connections,
        ):
            return following.steps(connections, planned)

    def propose(self, file: Path | None = None) -> list[Proposed]:
        """Return the next update of each channel towards a topology file, as proposals for departments to sign.

        For networks on many machines, or keys that are elsewhere: nothing is changed, and no node is started; keys of
        departments and orderers that the file adds must be on this machine or known by definitions. Raises as `apply`.
        """
        self._require_nodes()
        self._refresh()
        following = self._following(file, {}, alone=False)
        with Connections(following.before) as connections:
            return following.proposals(connections)

    def apply(
        self,
        file: Path | None = None,
        changes: Changes | None = None,
        *,
        remove: bool = False,
        report: Report = silent,
    ) -> tuple[str, ...]:
        """Bring the channels of the running network, and then the network itself, to a topology file.

        (Default: the file that the network was made from.) The file gets these `changes` of its keys first. Departments, orderers, policies and limits that the file
        adds or changes become updates of the channels, which the administrators of this machine sign; new nodes run
        and have the blocks before they count. Safe to repeat at any step. Returns warnings. Raises NetworkError for what
        it takes out of channels, unless `remove`, TopologyError for what no update
        brings, PolicyError if other departments must sign, ConfigError for a change that would harm the channels;
        otherwise as `up`.
        """
        self._require_nodes()
        with locked(self.root):
            self._refresh()
            following = self._following(file, changes or {})
            if changes:
                self.change_topology(changes)
            between = following.between
            warnings = self.runtime.check(between)
            make_material(between, now=present())
            report("nodes", 0, 1)
            self.runtime.start(between)
            with Connections(between) as connections:
                following.run(connections, report, remove=remove)
        followed = type(self).prepare(
            file or topology_file(self.state, self.root),
            self.folder,
            programs=self._programs,
        )
        warnings += followed.up(report)
        followed.bring_contracts(report)
        return warnings

    def bring_contracts(self, report: Report = silent) -> list[Deployed]:
        """Bring contracts to departments that have come to a channel since they were committed there.

        Their peers get the packages, and they approve the definitions in force. Contracts that the topology has otherwise
        than their channels are left to `deploy`. Safe to repeat; raises as `deploy`.
        """
        with locked(self.root):
            self._refresh()
            with Connections(self.plan) as connections:
                work = in_force(self.plan, connections)
                if not work:
                    return []
                self._serve_new({contract.name: contract for _, contract in work}, reload=False)
                return deploy_all(self.plan, connections, work, report)

    def move_to_bft(self, backup: Path, report: Report = silent) -> tuple[str, ...]:
        """Move all channels from Raft to BFT, and return warnings: an outage, with no way back but the backup.

        Nothing is ordered meanwhile. The backup of this machine is written to a new file, unencrypted (0600), while the
        channels are in maintenance mode. Safe to repeat after an interruption; the topology file says BFT afterwards.
        Raises NetworkError, before anything is changed, for a network that cannot move.
        """
        self._require_nodes()
        if self.plan.places:
            raise NetworkError(
                "orderers on many machines move together by updates that departments sign (docs/channels.md)"
            )
        change: Changes = {("ordering", "consensus"): "bft"}
        _, wanted = changed_topology(topology_file(self.state, self.root), change)
        with locked(self.root):
            self._refresh()

            def write() -> None:
                write_backup(
                    self.plan,
                    self.runtime,
                    self.state.runtime,
                    backup,
                    passphrase=None,
                    now=present(),
                )

            check_target(backup, self.root)
            Migration(self.plan, self._plan_of(wanted), self.runtime).run(write, report)
            file = self.change_topology(change)
        return type(self).prepare(file, self.folder, programs=self._programs).up(report)

    def renew_orderer(self, name: str, report: Report = silent) -> None:
        """Give an orderer of this machine a new TLS certificate and key, in all channels and at the node.

        It is started again; the others order meanwhile. Safe to repeat. Raises NetworkError unless all orderers run.
        """
        with locked(self.root):
            self._refresh()
            self._renewal(name).renew(report, now=present())
        write_profiles(self.plan)

    def replace_orderer(self, name: str, report: Report = silent) -> None:
        """Replace an orderer of this machine that is lost by one with new keys, which gets the blocks from the others.

        What is left of it is deleted. Safe to repeat. Raises NetworkError if the others are too few to order without it.
        """
        with locked(self.root):
            self._refresh()
            self._renewal(name).replace(report, now=present())
        write_profiles(self.plan)

    def _renewal(self, name: str) -> OrdererRenewal:
        node = next((one for one in self.plan.own_orderers if one.name == name), None)
        if node is None:
            known = ", ".join(one.name for one in self.plan.own_orderers)
            raise NetworkError(f"no orderer of this machine is named {name}; there are: {known}")
        if not self.runtime.running():
            raise NetworkError(f"{self.plan.name} is not running: `pyfabric network up`")
        return OrdererRenewal(self.plan, self.runtime, node)

    def _following(self, file: Path | None, changes: Changes, *, alone: bool = True) -> Following:
        """Return the way from the topology that the network has to that of a file; raises TopologyError.

        `alone`: the whole network is on this machine.
        """
        source = file or topology_file(self.state, self.root)
        _, wanted = changed_topology(source, changes)
        if self.plan.places and alone:
            raise NetworkError(
                "channels between machines are changed by proposals that departments sign: `pyfabric channel "
                "apply --to FOLDER` writes them"
            )
        check_change(
            self.topology, wanted, source, base_port=self.state.base_port, lacking=lambda: ()
        )
        return Following(
            before=self.plan,
            after=self._plan_of(wanted),
            between=self._plan_of(union(self.topology, wanted)),
        )

    def join_channel(self, channel: str, *names: str) -> tuple[str, ...]:
        """Join nodes of this machine (default: all that it is for) to a channel that exists; return who joined.

        A node that has left it comes back by this. Raises NetworkError, also for a peer of a department that is
        not in the channel.
        """
        self._require_nodes()
        self.check_names(names)
        with locked(self.root):
            self._refresh()
            found = self.plan.channel(channel)
            if not found.block.exists():
                raise NetworkError(
                    f"{channel} does not exist yet: `pyfabric channel create {channel}`"
                )
            nodes = wanted_nodes(self.plan, found, names)
            self._remember_left(channel, found.left - {node.name for node in nodes})
            return join_nodes(self.plan, self.plan.channels[channel], nodes)

    def join_by_snapshot(self, channel: str, folder: Path, *names: str) -> tuple[str, ...]:
        """Join peers of this machine to a channel by a snapshot of another peer; return who joined.

        `folder` is on this machine: under Compose it is copied to each peer. A peer that joins so has no blocks
        from before the snapshot. Raises NetworkError, always on the development ledger.
        """
        self._require_nodes()
        self.check_names(names)
        snapshot = PeerSnapshot.read(folder)
        with locked(self.root):
            self._refresh()
            nodes = wanted_nodes(self.plan, self.plan.channel(channel), names)
            orderers = [node.name for node in nodes if node.admin is not None]
            if orderers:
                raise NetworkError(f"{orderers[0]} is an orderer: only peers join by a snapshot")
            joined = join_by_snapshot(self.plan, self.runtime, channel, snapshot, nodes)
            self._remember_left(channel, self.plan.channel(channel).left - set(joined))
            join_nodes(self.plan, self.plan.channel(channel), nodes)  # which waits for them
            return joined

    def leave_channel(self, channel: str, name: str) -> bool:
        """Take a node of this machine out of a channel, delete all that it has of it, and return whether it may come back.

        A department that is a member stays one, and `up` does not join the node again. A peer must be
        stopped, where nodes can be stopped alone; an orderer must run, and be no consenter. Raises NetworkError.
        """
        self._require_nodes()
        self.check_names([name])
        with locked(self.root):
            self._refresh()
            node = next((one for one in self.plan.own_nodes if one.name == name), None)
            if node is None:
                raise NetworkError(f"{name} is neither a peer nor an orderer")
            if node.admin is None:
                self.runtime.leave(self.plan, node, channel)
            else:
                leave_as_orderer(self.plan, node, channel)
            found = self.plan.channels.get(channel)
            if found is None or (node.admin is None and node not in found.peers()):
                return False
            self._remember_left(channel, found.left | {name})
            return True

    def _remember_left(self, channel: str, names: Collection[str]) -> None:
        """Remember which nodes have left a channel."""
        left = {**self.state.left, channel: tuple(sorted(names))}
        self._remember(left={name: nodes for name, nodes in left.items() if nodes})
