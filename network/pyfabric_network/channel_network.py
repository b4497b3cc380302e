"""What is done to the channels of a network: created, joined, left, and brought to a changed topology."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Final, Self

from pyfabric.admin.snapshot_files import PeerSnapshot
from pyfabric.errors import ConfigError, NetworkError
from pyfabric_network.backups.writing import check_target, write_backup
from pyfabric_network.channels.admission import admitted
from pyfabric_network.channels.carrying import Proposed
from pyfabric_network.channels.endorsing import Endorsing
from pyfabric_network.channels.following import Following, with_keys
from pyfabric_network.channels.migration import Migration
from pyfabric_network.channels.moving import NEXT, SharedMove, Stage
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
from pyfabric_network.deployment import Deployed, deploy_all, in_force, other_policies
from pyfabric_network.followed import keep_followed
from pyfabric_network.material.genesis import make_genesis_blocks
from pyfabric_network.material.integrity import block_digests
from pyfabric_network.material.keys import make_material
from pyfabric_network.members.membership import Membership
from pyfabric_network.members.public import PublicDefinition
from pyfabric_network.members.public_checks import read_public_definition
from pyfabric_network.opened_network import present
from pyfabric_network.profile import write_profiles
from pyfabric_network.progress import Report, Step, silent
from pyfabric_network.readiness import Readiness
from pyfabric_network.running_network import RunningNetwork
from pyfabric_network.state import is_copy, locked
from pyfabric_network.topology.changes import check_change, lacking_between_machines
from pyfabric_network.topology.contracts import ContractPlan
from pyfabric_network.topology.plan import ChannelPlan, Plan
from pyfabric_network.topology.spec import Topology
from pyfabric_network.unfinished import begin, finish, unfinished, until_finished

_MOVE: Final = "channel move-to-bft"
_BFT: Final[Changes] = {("ordering", "consensus"): "bft"}


class ChannelNetwork(RunningNetwork):
    """A network whose channels can be changed."""

    def change_topology(self, changes: Changes) -> Path:
        """Set keys of the network's topology file, or remove those whose value is None; return the file.

        Comments and everything else stay. The network itself is brought there afterwards, from `reopen`. Raises
        TopologyError for what is then no topology, and NetworkError for a bundled one; nothing is written then.
        """
        file = topology_file(self.state, self.root)
        text, wanted = changed_topology(file, changes)
        if is_copy(file, self.root):
            keep_followed(self.root, self.state, wanted)
        write_topology(file, text)
        return file

    def add_definition(self, department: str, file: Path, changes: Changes) -> PublicDefinition:
        """Keep the public definition of a department that has a machine of its own, with these changes of the topology file.

        Raises ConfigError for a definition that is false, of another department or another network, and NetworkError where
        the whole network is on this machine; nothing is changed then.
        """
        if not self.plan.places:
            raise NetworkError(
                f"{self.plan.name} is on this machine alone, and so are the keys of all its departments: no definition is "
                "added (`--new` makes keys)"
            )
        definition = read_public_definition(file)
        if definition.department != department:
            raise ConfigError(
                f"{file} is the definition of {definition.department}, not of {department}"
            )
        source = topology_file(self.state, self.root)
        _, wanted = changed_topology(source, changes)
        self._check_change(wanted, source)
        now = present()
        Membership(self.folder, source, wanted, self.state).check({department: definition}, now=now)
        self.change_topology(changes)
        Membership.open(source, self.folder).add([file], now=now)
        return definition

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
            Endorsing(replace(following, after=planned), connections).refuse_losses()
            contracts = other_policies(planned, connections, following.before)
            return [
                *following.steps(connections, planned),
                *(_policies_step(channel, contract) for channel, contract in contracts),
            ]

    def propose(self, file: Path | None = None, *, remove: bool = False) -> list[Proposed]:
        """Return the next update of each channel towards a topology file, as proposals for departments to sign.

        For networks on many machines, or keys that are elsewhere: nothing is changed, and no node is started; keys of
        departments and orderers that the file adds must be on this machine or known by definitions. Raises as `apply`.
        """
        self._require_nodes()
        self._refresh()
        following = self._following(file, {})
        with Connections(following.between) as connections:
            return following.proposals(connections, remove=remove)

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
        it takes out of channels, unless `remove`, and for a department that a contract in force needs, TopologyError for what no update
        brings, PolicyError if other departments must sign, ConfigError for a change that would harm the channels;
        otherwise as `up`. Where departments have machines of their own, this does what the keys here suffice for, and
        returns a sentence for each channel that waits for others; `propose` makes what they sign.
        """
        self._require_nodes()
        if self.plan.places:
            return self._apply_here(file, changes or {}, remove=remove, report=report)
        with locked(self.root):
            self._refresh()
            following = self._following(file, changes or {})
            with (
                with_keys(following.after) as planned,
                Connections(following.between) as connections,
            ):
                Endorsing(replace(following, after=planned), connections).refuse_losses()
            if changes:
                self.change_topology(changes)
            between = following.between
            warnings = self.runtime.check(between)
            make_material(between, now=present())
            report("nodes", 0, 1)
            self.runtime.start(between)
            with Connections(between) as connections:
                following.run(connections, report, remove=remove)
        followed = self._again(file)
        warnings += followed.up(report)
        followed.bring_contracts(report)
        with Connections(followed.plan) as connections:
            endorsing = Endorsing(following, connections)
            return (*warnings, *endorsing.left_out(), *endorsing.unseen())

    def _apply_here(
        self, file: Path | None, changes: Changes, *, remove: bool, report: Report
    ) -> tuple[str, ...]:
        """Do this machine's part of `apply`: its nodes, and the updates for which its signatures suffice.

        Returns warnings, and a sentence for each channel that waits for others.
        """
        self._refresh()
        following = self._following(file, changes)
        if changes:
            self.change_topology(changes)
        ahead = self._again(file)
        warnings = ahead.up(report)
        with locked(self.root), Connections(ahead.plan) as connections:
            made, waiting = following.run_own(connections, report, remove=remove)
        if made:
            ahead = self._again(file)
            warnings = ahead.up(report)
        ahead.bring_contracts(report)
        return (*waiting, *warnings)

    def _again(self, file: Path | None) -> Self:
        """Return the network with a topology file as it is now."""
        source = file or topology_file(self.state, self.root)
        return self.prepare(source, self.folder, programs=self._programs)

    def bring_contracts(self, report: Report = silent) -> list[Deployed]:
        """Bring contracts to departments that have come to a channel since they were committed there.

        Their peers get the packages, and they approve the definitions in force. A definition that the topology has with
        other policies or collections and the next sequence is committed; other changes of contracts are left to `deploy`. Safe to repeat; raises as `deploy`.
        """
        with locked(self.root):
            self._refresh()
            with Connections(self.plan) as connections:
                plan, _ = admitted(self.plan, connections)
                if plan.places:
                    Readiness(plan, connections).await_entries()
                work = in_force(plan, connections)
                work += other_policies(plan, connections, plan)
                if not work:
                    return []
                self._serve_new({contract.name: contract for _, contract in work}, reload=False)
                return deploy_all(plan, connections, work, report)

    def move_to_bft(self, backup: Path, report: Report = silent) -> tuple[str, ...]:
        """Move all channels from Raft to BFT, and return warnings: an outage, with no way back but the backup.

        Nothing is ordered meanwhile. The backup of this machine is written to a new file, unencrypted (0600), while the
        channels are in maintenance mode. Safe to repeat after an interruption; the topology file says BFT afterwards.
        Raises NetworkError, before anything is changed, for a network that cannot move. Where orderers are on many machines,
        each does its part by this, at the stage that `propose_move` and the others' signatures have reached.
        """
        self._require_nodes()
        if self.plan.places:
            return self._move_here(backup, report)
        command = f"{_MOVE} --backup {quote(str(backup))}"

        def write() -> None:
            self._write_backup(backup)

        with locked(self.root):
            self._refresh()
            migration = Migration(self.plan, self._plan_with_bft(), self.runtime)
            again = command in unfinished(self.root)
            if again:
                self.runtime.start(self.plan)
            migration.check()
            is_written = again and backup.exists()
            if migration.is_to_come() and not is_written:
                check_target(backup, self.root)
            with until_finished(self.root, command):
                migration.run(None if is_written else write, report)
                file = self.change_topology(_BFT)
        return self._again(file).up(report)

    def _move_here(self, backup: Path, report: Report) -> tuple[str, ...]:
        """Do this machine's part of a move to BFT at the stage that it has reached, and return what comes next."""
        command = f"{_MOVE} --backup {quote(str(backup))}"
        with locked(self.root):
            self._refresh()
            move = self._shared_move()
            move.check()
            stage = move.stage()
            report(stage.name.lower(), stage, len(Stage))
            is_written = command in unfinished(self.root) and backup.exists()
            if stage < Stage.CHANGED and not is_written:
                check_target(backup, self.root)
            begin(self.root, command)
            if stage is Stage.STOPPED and not is_written:
                move.back_up(lambda: self._write_backup(backup))
            elif stage is Stage.CHANGED:
                move.start_again()
            if stage < Stage.BFT:
                return (NEXT[stage],)
            file = self.change_topology(_BFT)
            finish(self.root, lambda one: one.startswith(_MOVE))
        return (NEXT[stage], *self._again(file).up(report))

    def propose_move(self, *, back: bool = False) -> list[Proposed]:
        """Return the next updates of a move to BFT between machines, or, with `back`, those that stay on Raft.

        Each machine has done its part by `move_to_bft` before. Raises as that does.
        """
        self._require_nodes()
        self._refresh()
        move = self._shared_move()
        return move.propose_return() if back else move.propose()

    def _shared_move(self) -> SharedMove:
        if not self.plan.own_orderers:
            raise NetworkError(
                "no orderer runs on this machine: it has no part in the move, and follows by `pyfabric network up` with a "
                "topology that says consensus: bft"
            )
        return SharedMove(self.plan, self._plan_with_bft(), self.runtime)

    def _plan_with_bft(self) -> Plan:
        _, wanted = changed_topology(topology_file(self.state, self.root), _BFT)
        return self._plan_of(wanted)

    def _write_backup(self, file: Path) -> None:
        write_backup(
            self.plan, self.runtime, self.state.runtime, file, passphrase=None, now=present()
        )

    def stay_on_raft(self, report: Report = silent) -> None:
        """End the maintenance mode that an interrupted move to BFT, or a backup from it, has left; safe to repeat.

        Raises NetworkError, before anything is changed, if a channel has BFT already.
        """
        self._require_nodes()
        with locked(self.root):
            self._refresh()
            self.runtime.start(self.plan)
            Migration(self.plan, self.plan, self.runtime).give_up(report)
            finish(self.root, lambda one: one.startswith(_MOVE))

    def renew_orderer(self, name: str, report: Report = silent) -> None:
        """Give an orderer of this machine a new TLS certificate and key, in all channels and at the node.

        It is started again; the others order meanwhile. Safe to repeat. Raises NetworkError unless all orderers run.
        """
        with locked(self.root):
            self._refresh()
            renewal = self._renewal(name)
            renewal.check_renewal()
            with until_finished(self.root, f"channel orderer renew {name}"):
                renewal.renew(report, now=present())
        write_profiles(self.plan)

    def replace_orderer(self, name: str, report: Report = silent) -> None:
        """Replace an orderer of this machine that is lost by one with new keys, which gets the blocks from the others.

        What is left of it is deleted. Safe to repeat. Raises NetworkError if the others are too few to order without it.
        """
        with locked(self.root):
            self._refresh()
            renewal = self._renewal(name)
            renewal.check_replacement()
            with until_finished(self.root, f"channel orderer replace {name}"):
                renewal.replace(report, now=present())
        write_profiles(self.plan)

    def propose_renewal(self, name: str) -> list[Proposed]:
        """Return the updates of `renew_orderer` that other departments must sign, for each channel that lacks its one.

        Once they are in force, `renew_orderer` goes on. Raises as that does.
        """
        with locked(self.root):
            self._refresh()
            renewal = self._renewal(name)
            renewal.check_renewal()
            begin(self.root, f"channel orderer renew {name}")
            return renewal.propose_renewal(now=present())

    def propose_replacement(self, name: str) -> list[Proposed]:
        """Return the next updates of `replace_orderer` that other departments must sign, for each channel that lacks its one.

        Once they are in force, `replace_orderer` goes on. Raises as that does.
        """
        with locked(self.root):
            self._refresh()
            renewal = self._renewal(name)
            renewal.check_replacement()
            begin(self.root, f"channel orderer replace {name}")
            return renewal.propose_replacement()

    def _renewal(self, name: str) -> OrdererRenewal:
        node = next((one for one in self.plan.own_orderers if one.name == name), None)
        if node is None:
            known = ", ".join(one.name for one in self.plan.own_orderers)
            raise NetworkError(f"no orderer of this machine is named {name}; there are: {known}")
        if not self.runtime.running():
            raise NetworkError(f"{self.plan.name} is not running: `pyfabric network up`")
        return OrdererRenewal(self.plan, self.runtime, node)

    def _following(self, file: Path | None, changes: Changes) -> Following:
        """Return the way from the topology that the channels have to that of a file; raises TopologyError."""
        source = file or topology_file(self.state, self.root)
        _, wanted = changed_topology(source, changes)
        self._check_change(wanted, source)
        return self._towards(self.followed or self.topology, wanted)

    def _check_change(self, wanted: Topology, source: Path) -> None:
        """Raise TopologyError for a topology that updates of the channels cannot bring."""
        check_change(
            self.topology,
            wanted,
            source,
            base_port=self.state.base_port,
            lacking=lambda: (
                lacking_between_machines(self.topology, wanted) if self.plan.places else ()
            ),
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


def _policies_step(channel: ChannelPlan, contract: ContractPlan) -> Step:
    return Step(
        "commit",
        contract.name,
        f"{channel.name}: sequence {channel.sequence(contract)}, with other policies or collections",
    )
