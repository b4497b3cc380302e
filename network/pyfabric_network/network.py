"""A network and its state folder: up, down, status, and the deployment of contracts."""

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pyfabric.admin.snapshot_files import PeerSnapshot
from pyfabric.errors import ConfigError, NetworkError
from pyfabric.extras import require
from pyfabric.gateway import Endpoint
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local import files
from pyfabric_network.answering import silent_nodes
from pyfabric_network.backups.restoring import restore
from pyfabric_network.backups.writing import write_backup
from pyfabric_network.bringing_up import bring_up, report_step
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
from pyfabric_network.connections import (
    Connections,
    administrator,
    host_operations_endpoint,
    operations_endpoint,
    participation_endpoint,
)
from pyfabric_network.department_contexts import add_contexts, remove_contexts
from pyfabric_network.deployment import (
    Deployed,
    check_all,
    committed_code,
    deploy_all,
    deployable,
    in_force,
)
from pyfabric_network.development import Development
from pyfabric_network.diagnosis.collecting import collect
from pyfabric_network.diagnosis.facts import View
from pyfabric_network.diagnosis.sights import sight_of_plan
from pyfabric_network.kept_code import code_of, forget, keep_all
from pyfabric_network.material.expiry import expiry_warnings
from pyfabric_network.material.former import former_warnings
from pyfabric_network.material.genesis import check_genesis_blocks, make_genesis_blocks
from pyfabric_network.material.integrity import block_digests, check_integrity
from pyfabric_network.material.keys import make_material
from pyfabric_network.members.agreement import Agreement
from pyfabric_network.members.bundle import write_bundle
from pyfabric_network.opening import ANY_FREE_PORT, prepared, remembered, with_contract_user
from pyfabric_network.pending import pending
from pyfabric_network.profile import write_profiles
from pyfabric_network.progress import Report, Step, silent
from pyfabric_network.runtimes.log_choice import LogChoice, LogLevel
from pyfabric_network.runtimes.runtime import Runtime, RuntimeName
from pyfabric_network.runtimes.selection import Site, make_runtime
from pyfabric_network.state import State, check_version, is_copy, keep_topology, locked, read_state
from pyfabric_network.state_folder import MODULES, RESTORING, TOPOLOGY_COPY
from pyfabric_network.status import NodeStatus, network_status, service_status
from pyfabric_network.topology.changes import check_change
from pyfabric_network.topology.checks import topology_warnings
from pyfabric_network.topology.contracts import ContractPlan, ServedPackage
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import Topology
from pyfabric_network.topology.transition import union

__all__ = ["ANY_FREE_PORT", "Network"]


class Network:
    """A network below `folder` (the state folder, which may hold several).

    `programs` is the folder of Fabric's own programs, if they are not on PATH, and `modules` the one that
    contracts' code is taken from; None for the code that is kept in the network's folder.
    """

    def __init__(
        self,
        folder: Path,
        topology: Topology,
        state: State,
        programs: Path | None = None,
        modules: Path | None = None,
    ) -> None:
        require("network", "httpx", "rfc8785")
        self.folder = folder
        self.topology = topology
        self.root = folder.absolute() / topology.name
        self.state = state
        self.runtime: Runtime = make_runtime(
            state.runtime, Site(self.root, topology.fabric, programs)
        )
        self._modules = modules
        self._programs = programs
        self.plan: Plan = self._make_plan()

    @classmethod
    def prepare(
        cls,
        file: Path,
        folder: Path,
        *,
        base_port: int | None = None,
        runtime: RuntimeName | None = None,
        programs: Path | None = None,
        contract_user: str | None = None,
    ) -> Self:
        """Return the network of a topology file, new or as it exists; nothing is written yet.

        From the next `up` on, contracts have the rights of `contract_user`, if given: only root can do that. `base_port` replaces the topology's, 0 finds free ports; a new network's `runtime` is embedded
        unless given. Raises TopologyError, also for a change that the existing network cannot follow, and
        NetworkError.
        """
        topology, state = prepared(file, folder, base_port=base_port, runtime=runtime)
        if contract_user is not None:
            state = with_contract_user(state, contract_user)
        modules = None if is_copy(file, folder / topology.name) else file.parent
        return cls(folder, topology, state, programs, modules)

    @classmethod
    def open(cls, folder: Path, name: str | None = None, *, programs: Path | None = None) -> Self:
        """Return an existing network, as it was last brought up; raises NetworkError if there is none.

        Without a name it is the only one in the folder.
        """
        topology, state = remembered(folder, name)
        return cls(folder, topology, state, programs)

    @classmethod
    def reopen(
        cls,
        folder: Path,
        name: str | None = None,
        *,
        base_port: int | None = None,
        runtime: RuntimeName | None = None,
        programs: Path | None = None,
        contract_user: str | None = None,
    ) -> Self:
        """Return an existing network with the present contents of its topology file; see `prepare`."""
        topology, state = remembered(folder, name)
        file = state.topology
        return cls.prepare(
            file if file.exists() else folder.absolute() / topology.name / TOPOLOGY_COPY,
            folder,
            base_port=base_port,
            runtime=runtime,
            programs=programs,
            contract_user=contract_user,
        )

    def pending(self) -> list[Step]:
        """Return what `up` would do; nothing is changed. Raises NetworkError for what would prevent it."""
        self._require_nodes()
        self._refresh()
        check_integrity(self.plan, self.state.blocks)
        self.runtime.check(self.plan)
        with Connections(self.plan) as connections:
            idle = self.runtime.idle(self.plan)
            silent = silent_nodes(self.plan, self.runtime)
            return pending(self.plan, connections, idle=idle, silent=silent)

    def up(self, report: Report = silent) -> tuple[str, ...]:
        """Bring the network up, with every channel joined, and return warnings; safe to repeat.

        What runs already as it should is left alone. If it cannot come up, a network that did not run
        before does not run afterwards. Raises NetworkError, LedgerError, IdentityError, ConfigError,
        OrdererError, PeerResponseError or GatewayError.
        """
        self._require_nodes()
        with locked(self.root):
            self._refresh()
            check_integrity(self.plan, self.state.blocks)
            check_genesis_blocks(self.plan)
            warnings = (*topology_warnings(self.topology), *self.runtime.check(self.plan))
            self._save()
            report_step(report, "keys and certificates")
            make_material(self.plan, now=_now())
            report_step(report, "genesis blocks")
            if not self.plan.places:  # between machines they come in bundles
                make_genesis_blocks(self.plan, now=_now())
            self._remember(blocks=block_digests(self.plan))
            warnings += bring_up(self.plan, self.runtime, report)
            warnings += tuple(self._down(self.plan.served))
        write_profiles(self.plan)
        warnings += add_contexts(self.plan, self.folder)
        return (*warnings, *former_warnings(self.plan, now=_now()), *self.expiring())

    def deploy(
        self, names: Sequence[str] = (), report: Report = silent, *, reload: bool = False
    ) -> list[Deployed]:
        """Commit these contracts (default: all) on their channels; safe to repeat.

        `reload` restarts the processes of these contracts, and serves code that was changed under an approved
        version: for development. Raises NetworkError if the network does not run, if one of these contracts
        cannot be served, or if another definition, or another version of the code, was committed with the
        sequence.
        """
        if not self.runtime.running():
            raise NetworkError(f"{self.plan.name} is not running: `pyfabric network up`")
        with locked(self.root):
            self._refresh()
            self._keep_code()
            with Connections(self.plan) as connections:
                plan = self.plan
                if reload:
                    agreed = committed_code(connections, deployable(plan, names))
                    plan = self._make_plan({**self.state.code, **agreed})
                work = deployable(plan, names)
                check_all(plan, connections, work)
                report("contract hosts", 0, len(work) + 1)
                self._serve_new({contract.name: contract for _, contract in work}, reload=reload)
                deployed = deploy_all(plan, connections, work, report)
            if not any(one.waiting_for for one in deployed):
                current = {contract.name: contract.package.label for _, contract in work}
                self._serve(
                    [
                        item
                        for item in self.plan.served
                        if item.contract in plan.contracts
                        and current.get(item.contract, item.label) == item.label
                    ]
                )
            self._forget_code()
        return deployed

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
            make_genesis_blocks(self.plan, now=_now(), channels=names)
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
            make_material(between, now=_now())
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
                    self.plan, self.runtime, self.state.runtime, backup, passphrase=None, now=_now()
                )

            _refuse_backup(backup, self.root)
            Migration(self.plan, self._plan_of(wanted), self.runtime).run(write, report)
            file = self.change_topology(change)
        return type(self).prepare(file, self.folder, programs=self._programs).up(report)

    def renew_orderer(self, name: str, report: Report = silent) -> None:
        """Give an orderer of this machine a new TLS certificate and key, in all channels and at the node.

        It is started again; the others order meanwhile. Safe to repeat. Raises NetworkError unless all orderers run.
        """
        with locked(self.root):
            self._refresh()
            self._renewal(name).renew(report, now=_now())
        write_profiles(self.plan)

    def replace_orderer(self, name: str, report: Report = silent) -> None:
        """Replace an orderer of this machine that is lost by one with new keys, which gets the blocks from the others.

        What is left of it is deleted. Safe to repeat. Raises NetworkError if the others are too few to order without it.
        """
        with locked(self.root):
            self._refresh()
            self._renewal(name).replace(report, now=_now())
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

    def bundle(self, department: str, target: Path) -> None:
        """Write the department's bundle to the folder `target`; the genesis blocks stay as they are then.

        Raises NetworkError if the network is on this machine alone or a department is not known yet,
        ConfigError if the folder exists.
        """
        found = self.plan.department(department)
        if not self.plan.places:
            raise NetworkError(
                f"{self.plan.name} is on this machine alone, as its genesis blocks have it: a network on "
                "many machines begins with `pyfabric network member init`"
            )
        with locked(self.root):
            self._refresh()
            make_genesis_blocks(self.plan, now=_now())
            self._save()
        write_bundle(self.plan, found, self._agreement(), target)

    def fingerprint(self) -> str:
        """Return the fingerprint of topology and contracts' code, as last brought up (see `Agreement`)."""
        return self._agreement().fingerprint()

    def running(self) -> bool:
        """Return whether any node of this machine runs."""
        return self.runtime.running()

    def down(self, *, delete: bool = False) -> bool:
        """Stop everything that `up` started; return whether anything ran.

        `delete` also removes keys, blocks and ledger.
        """
        with locked(self.root):
            ran = self.runtime.stop()
            if delete:
                self.runtime.discard()
                shutil.rmtree(self.root)
        if delete:
            remove_contexts(self.plan, self.folder)
        return ran

    def start_nodes(self, *names: str) -> None:
        """Start some nodes and contract hosts of this machine, and wait until they work; see `node_names`.

        What runs already is left alone. Raises NetworkError, also on the embedded runtime, whose nodes are one
        process, and before the network was brought up for the first time.
        """
        with self._single(names):
            self.runtime.start_nodes(self.plan, names)

    def stop_nodes(self, *names: str) -> None:
        """Stop some nodes and contract hosts of this machine: they stay so until `start_nodes` or `up`.

        Raises NetworkError, as `start_nodes`.
        """
        with self._single(names):
            self.runtime.stop_nodes(self.plan, names)

    def restart_nodes(self, *names: str) -> None:
        """Stop some nodes and contract hosts of this machine and start them; raises NetworkError."""
        with self._single(names):
            self.runtime.stop_nodes(self.plan, names)
            self.runtime.start_nodes(self.plan, names)

    @property
    def node_names(self) -> tuple[str, ...]:
        """The names of the nodes and contract hosts of this machine."""
        hosts = [department.contract_host.name for department in self.plan.own_with_peers]
        return (*(node.name for node in self.plan.own_nodes), *hosts)

    def status(self) -> list[NodeStatus]:
        """Return every node with the channels it has, then every contract service."""
        self._refresh()
        nodes = [
            node
            if node.problem is None
            else replace(node, stopped=self.runtime.was_stopped(node.name))
            for node in network_status(self.plan, self.runtime.process, self.runtime.fault)
        ]
        return [*nodes, *service_status(self.plan)]

    def view(self) -> View:
        """Return what the doctor sees of the network from this machine; takes some seconds where nodes hang.

        `pyfabric_network.diagnosis` judges it. Raises NetworkError before the network was brought up.
        """
        self._require_nodes()
        self._refresh()
        if not self.state.blocks:
            raise NetworkError(f"{self.plan.name} was never brought up: `pyfabric network up`")
        return collect(sight_of_plan(self.plan, self.runtime), now=_now())

    def backup(self, file: Path, *, passphrase: str | None = None) -> None:
        """Write all that this machine has of the network to a new file (0600), encrypted with a passphrase.

        Its private keys, those of CAs too, and its ledgers are in it; docs/operations.md has the format. Raises
        NetworkError if the network runs, ConfigError if the file exists or cannot be written.
        """
        _refuse_backup(file, self.root)
        with locked(self.root):
            self._refresh()
            if self.runtime.running():
                raise NetworkError(
                    f"{self.plan.name} runs, and its ledgers change while they are copied: stop it first "
                    "(`pyfabric network down`), or have it stopped and started again (`--stop`)"
                )
            self._refuse_half_restored()
            write_backup(
                self.plan,
                self.runtime,
                self.state.runtime,
                file,
                passphrase=passphrase,
                now=_now(),
            )

    @classmethod
    def restore(
        cls,
        file: Path,
        folder: Path,
        *,
        passphrase: str | None = None,
        programs: Path | None = None,
        keep_orderers: bool = False,
    ) -> tuple[Self, tuple[str, ...]]:
        """Replace a network in the state folder `folder` by the one in a backup; return it, and warnings.

        The backup may be of another folder or machine. Everything in it is checked before anything is
        replaced. An orderer begins without its ledgers if there are others on other machines, unless
        `keep_orderers`. Raises ConfigError for a damaged backup or another passphrase, and NetworkError if
        the network runs, or for orderers that may not begin without their ledgers.
        """
        name, warnings = restore(
            file, folder, passphrase=passphrase, programs=programs, keep_orderers=keep_orderers
        )
        network = cls.open(folder, name, programs=programs)
        write_profiles(network.plan)
        add_contexts(network.plan, folder)
        return network, warnings

    def operations(self) -> dict[str, Endpoint]:
        """Return where health and metrics of each node and contract host of this machine are served.

        By name, for `pyfabric.gateway.Operations`, with the TLS certificate of the organisation's
        administrator.
        """
        found = {
            node.name: operations_endpoint(self.plan.organization(node), node)
            for node in self.plan.own_nodes
        }
        return found | {
            department.contract_host.name: host_operations_endpoint(department)
            for department in self.plan.own_with_peers
        }

    def participation(self) -> dict[str, Endpoint]:
        """Return where the participation API of each orderer of this machine is served.

        By name, for `pyfabric.gateway.OrdererAdmin`, with the TLS certificate of the organisation's administrator.
        """
        return {
            node.name: participation_endpoint(self.plan.organization(node), node)
            for node in self.plan.own_orderers
        }

    def administrators(self, department: str) -> dict[str, SigningIdentity]:
        """Return a department's administrators, by MSP id: of its orderers, if any, then of its peers.

        An update of a channel that needs Orderer/Admins and Application/Admins is signed by both. Raises
        NetworkError for a department that is not in the network, IdentityError if this machine does not have its keys.
        """
        organizations = self.plan.department(department).organizations
        return {one.msp_id: administrator(one) for one in organizations}

    def development(self) -> Development:
        """Return the development tools of a development ledger; raises NetworkError on other runtimes."""
        found = self.runtime.development
        if found is None:
            raise NetworkError(
                f"{self.plan.name} runs on Fabric, which cannot do this: only the embedded runtime can"
            )
        return found

    def expiring(self) -> tuple[str, ...]:
        """Return a sentence for each certificate on this machine that has expired or soon will."""
        return expiry_warnings(self.plan, now=_now())

    def logs(
        self,
        *nodes: str,
        follow: bool = False,
        tail: int | None = None,
        since: datetime | None = None,
        level: LogLevel | None = None,
    ) -> Iterator[str]:
        """Return the logs of these nodes and contract hosts (default: of all), line by line.

        Of each the last `tail` lines, no records before `since` (a time with its zone), and none below
        `level`; with `follow`, continue while the network runs. Raises NetworkError for an unknown name, and on the
        embedded runtime, whose nodes have one log, for any.
        """
        self.check_names(nodes)
        return self.runtime.logs(self.plan, LogChoice(nodes, tail, since, level), follow=follow)

    @contextmanager
    def _single(self, names: Sequence[str]) -> Iterator[None]:
        """Hold the network's lock for what is done to some nodes."""
        self._require_nodes()
        self.check_names(names)
        with locked(self.root):
            self._refresh()
            if not self.state.blocks:
                raise NetworkError(f"{self.plan.name} was never brought up: `pyfabric network up`")
            yield

    def check_names(self, names: Sequence[str]) -> None:
        """Raise NetworkError for a name that no node or contract host of this machine has."""
        unknown = [name for name in names if name not in self.node_names]
        if unknown:
            raise NetworkError(
                f"no node of this machine is named {unknown[0]}; there are: {', '.join(self.node_names)}"
            )

    def _refuse_half_restored(self) -> None:
        if (self.root / RESTORING).exists():
            raise NetworkError(
                f"{self.root} was not restored completely: run `pyfabric network restore` again"
            )

    def _require_nodes(self) -> None:
        self._refuse_half_restored()
        if not self.plan.own:
            raise NetworkError(
                f"no nodes of {self.plan.name} run on this machine: it has no department's keys, which "
                "`pyfabric network member init` makes"
            )

    def _require_running(self) -> None:
        """Raise NetworkError unless all nodes of this machine run as the topology has them."""
        idle = self.runtime.idle(self.plan)
        if idle:
            raise NetworkError(
                f"{idle[0]} does not run as the topology has it: `pyfabric network up` first"
            )

    def _remember_left(self, channel: str, names: Collection[str]) -> None:
        """Remember which nodes have left a channel."""
        left = {**self.state.left, channel: tuple(sorted(names))}
        self._remember(left={name: nodes for name, nodes in left.items() if nodes})

    def _make_plan(self, code: Mapping[str, str] | None = None) -> Plan:
        return self._plan_of(self.topology, code)

    def _plan_of(self, topology: Topology, code: Mapping[str, str] | None = None) -> Plan:
        return make_plan(
            topology,
            self.root,
            base_port=self.state.base_port,
            served=self.state.served,
            places=self.state.places,
            containers=self.state.runtime is RuntimeName.COMPOSE,
            code=self.state.code if code is None else code,
            contract_user=self.state.contract_user,
            left=self.state.left,
        )

    def _refresh(self) -> None:
        """Read again what contract hosts serve: another command may have changed it.

        Raises NetworkError for a network of another version: its files are elsewhere.
        """
        check_version(self.state, self.root)
        saved = read_state(self.root)
        served = () if saved is None else saved.served
        self.state = self.state.model_copy(update={"served": served})
        self.plan = self._make_plan()

    def _save(self) -> None:
        """Keep the topology as it is now, with the code of its contracts."""
        self._keep_code()
        if self.state.topology.exists():
            keep_topology(self.state.topology, self.root)
        self._remember()
        self._forget_code()

    def _agreement(self) -> Agreement:
        return Agreement.kept(self.root, self.state.code)

    def _keep_code(self) -> None:
        """Copy the code of contracts, as it is now, to the network's folder."""
        with files.reported(self.root / MODULES, NetworkError):
            (self.root / MODULES).mkdir(exist_ok=True)  # contract hosts work in it
        if self._modules is None:
            return
        found = keep_all(code_of(self.topology, self._modules), self.root)
        self.state = self.state.model_copy(update={"code": found})
        self.plan = self._make_plan()

    def _forget_code(self) -> None:
        """Remove copies that are neither served nor the topology's."""
        served = [item.code for item in self.state.served]
        forget(self.root / MODULES, [*self.state.code.values(), *served])

    def _remember(self, **changes: Any) -> None:
        """Remember these changes of the state."""
        self.state = self.state.model_copy(update=changes)
        self.state.save(self.root)
        self.plan = self._make_plan()

    def _serve_new(self, contracts: Mapping[str, ContractPlan], *, reload: bool) -> None:
        """Serve these contracts, with their code as it is now, beside what is served.

        Raises NetworkError if a contract host cannot, and serves what it served before.
        """
        before = self.plan.served
        new = [
            replace(one.service, code=self.state.code.get(name, ""))
            for name, one in contracts.items()
            if one.service is not None
        ]
        labels = {item.label for item in new}
        kept = [item for item in before if item.label not in labels]
        if reload:
            self.runtime.serve(self.plan.serving(kept))
        self._serve([*kept, *new])
        down = self._down(new)
        if down:
            self._serve(before)
            raise NetworkError("; ".join(down))

    def _down(self, served: Sequence[ServedPackage]) -> list[str]:
        """Return a sentence for each of these packages that a contract host does not serve."""
        labels = {item.label for item in served}
        return [
            f"{one.name} of {one.department} is down: {one.problem}"
            for one in (service_status(self.plan) if served else ())
            if one.name in labels and one.problem is not None
        ]

    def _serve(self, wanted: Sequence[ServedPackage]) -> None:
        """Serve exactly these packages by the contract hosts, now and after a restart."""
        self.runtime.serve(self.plan.serving(wanted))
        self._remember(served=tuple(wanted))


def _refuse_backup(file: Path, root: Path) -> None:
    """Raise ConfigError for a file that no backup may be written to."""
    if file.exists():
        raise ConfigError(f"{file} exists already: name another file")
    if file.absolute().is_relative_to(root):
        raise ConfigError(
            f"{file} is in the network's folder, which a restore replaces: name another file"
        )


def _now() -> datetime:
    return datetime.now(UTC)
