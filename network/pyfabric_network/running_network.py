"""A network brought up, with its contracts, and down, as a whole and node by node."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from pyfabric.errors import NetworkError
from pyfabric_network.answering import silent_nodes
from pyfabric_network.bringing_up import bring_up, report_step
from pyfabric_network.channels.admission import admitted
from pyfabric_network.channels.following import Following, with_keys
from pyfabric_network.connections import Connections
from pyfabric_network.department_contexts import add_contexts, remove_contexts
from pyfabric_network.deployment import (
    Deployed,
    check_all,
    committed_code,
    deploy_all,
    deployable,
)
from pyfabric_network.followed import forget_followed
from pyfabric_network.material.expiry import expiry_warnings
from pyfabric_network.material.former import former_warnings
from pyfabric_network.material.genesis import check_genesis_blocks, make_genesis_blocks
from pyfabric_network.material.integrity import block_digests, check_integrity
from pyfabric_network.material.keys import make_material
from pyfabric_network.members.public import undefined
from pyfabric_network.opened_network import OpenedNetwork, present
from pyfabric_network.pending import pending
from pyfabric_network.profile import write_profiles
from pyfabric_network.progress import Report, Step, silent
from pyfabric_network.readiness import Readiness
from pyfabric_network.state import locked
from pyfabric_network.topology.checks import topology_warnings
from pyfabric_network.topology.spec import Topology
from pyfabric_network.topology.transition import union
from pyfabric_network.unfinished import advice, interrupted, named_in_errors, unfinished


class RunningNetwork(OpenedNetwork):
    """A network that can be brought up and down."""

    def pending(self) -> list[Step]:
        """Return what `up` would do; nothing is changed. Raises NetworkError for what would prevent it."""
        self._require_nodes()
        self._refresh()
        with named_in_errors(interrupted(self.root)):
            check_integrity(self.plan, self.state.blocks)
        self.runtime.check(self.plan)
        with Connections(self.plan) as connections:
            idle = self.runtime.idle(self.plan)
            silent = silent_nodes(self.plan, self.runtime)
            check_genesis_blocks(self.plan)
            known, _ = admitted(self.plan, connections)
            return pending(known, connections, idle=idle, silent=silent)

    def up(self, report: Report = silent) -> tuple[str, ...]:
        """Bring the network up, with every channel joined, and return warnings; safe to repeat.

        Where departments have machines of their own, the topology may be ahead of the channels: `lacking` returns what.
        What runs already as it should is left alone. If it cannot come up, a network that did not run
        before does not run afterwards. Raises NetworkError, LedgerError, IdentityError, ConfigError,
        OrdererError, PeerResponseError or GatewayError.
        """
        self._require_nodes()
        with locked(self.root), named_in_errors(unfinished(self.root)):
            self._refresh()
            check_integrity(self._plan_of(self.followed or self.topology), self.state.blocks)
            check_genesis_blocks(self.plan)
            self._require_definitions()
            warnings = (*topology_warnings(self.topology), *self.runtime.check(self.plan))
            self._save()
            report_step(report, "keys and certificates")
            make_material(self.plan, now=present())
            report_step(report, "genesis blocks")
            if not self.plan.places:  # between machines they come in bundles
                make_genesis_blocks(self.plan, now=present())
            self._remember(blocks=block_digests(self.plan))
            self._settle()  # others may have made the updates while nothing ran here
            warnings += bring_up(self.plan, self.runtime, report)
            if self.followed is not None and not self._settle():
                self.runtime.start(self.plan)  # nodes that the topology no longer has stop
            warnings += tuple(self._down(self.plan.served))
            warnings += advice(unfinished(self.root))
        write_profiles(self.plan)
        warnings += add_contexts(self.plan, self.folder)
        return (*warnings, *former_warnings(self.plan, now=present()), *self.expiring())

    def lacking(self) -> tuple[str, ...]:
        """Return what the channels lack of the topology of a network on many machines, a sentence for each.

        Nothing, where the whole network is on this machine: its topology is never ahead of its channels.
        """
        self._refresh()
        if self.followed is None:
            return ()
        following = self._towards(self.followed, self.topology)
        with with_keys(following.after) as planned, Connections(self.plan) as connections:
            return replace(following, after=planned).lacks(connections)

    def _towards(self, before: Topology, after: Topology) -> Following:
        """Return the way of the channels from one topology to another."""
        return Following(
            before=self._plan_of(before),
            after=self._plan_of(after),
            between=self._plan_of(union(before, after)),
        )

    def _settle(self) -> tuple[str, ...]:
        """Forget the topology that the channels had, once they have all of this one; return what they lack."""
        if self.followed is None:
            return ()
        following = self._towards(self.followed, self.topology)
        with Connections(self.plan) as connections:
            lacking = following.lacks(connections)
            if not lacking:
                following.leave(connections)
        if not lacking:
            forget_followed(self.root)
            self.followed = None
            self.plan = self._make_plan()
        return lacking

    def _require_definitions(self) -> None:
        """Raise NetworkError for a department elsewhere whose public definition is missing, or lacks a node."""
        missing = undefined(self._plan_of(self.topology))
        if missing:
            raise NetworkError(
                f"the public definition of {', '.join(missing)} is missing, or lacks an orderer that the topology has: "
                "`pyfabric network member init` makes it there, and `pyfabric network member add` adds it here"
            )

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
                plan, _ = admitted(self.plan, connections)
                if reload:
                    agreed = committed_code(connections, deployable(plan, names))
                    plan, _ = admitted(
                        self._make_plan(code={**self.state.code, **agreed}), connections
                    )
                if plan.places:
                    Readiness(plan, connections).await_entries()
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

    def interrupted(self) -> tuple[str, ...]:
        """Return a sentence for each command that was interrupted in the middle, with how to finish it."""
        return advice(interrupted(self.root))

    def expiring(self) -> tuple[str, ...]:
        """Return a sentence for each certificate on this machine that has expired or soon will."""
        return expiry_warnings(self.plan, now=present())

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

    def _require_running(self, *, with_cas: bool = True) -> None:
        """Raise NetworkError unless all nodes of this machine run as the topology has them, and its CA servers, too."""
        cas = {one.name for one in self.plan.own_ca_servers}
        idle = [one for one in self.runtime.idle(self.plan) if with_cas or one not in cas]
        if idle:
            raise NetworkError(
                f"{idle[0]} does not run as the topology has it: `pyfabric network up` first"
            )
