"""An orderer that gets another certificate, or that is lost and comes again with new keys, on all of its channels.

Both leave the other orderers a quorum at every step, and clients are not sent to an orderer that is out of the
consensus. Each may be repeated after an interruption. Where departments have machines of their own, the updates are
proposed for others to sign, and the same call goes on once they are in force.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pyfabric.admin.channels import AddConsenter, Edit, RemoveConsenter, ReplaceConsenter
from pyfabric.admin.config.edits.draft import Draft
from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.local.sockets import listens
from pyfabric.rules.consensus import bft, raft
from pyfabric_network.channels.carrying import Carrier, Proposed
from pyfabric_network.channels.orderers import Part
from pyfabric_network.channels.towards import (
    changes,
    is_somewhere,
    with_endpoint,
    without_endpoint,
)
from pyfabric_network.connections import Connections
from pyfabric_network.material.former import keep_replaced
from pyfabric_network.material.genesis import consenter_of
from pyfabric_network.material.keys import make_material, stage_tls, take_staged_tls
from pyfabric_network.progress import Report
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan


@dataclass(frozen=True)
class OrdererRenewal:
    """The renewal of one orderer of this machine, on the channels that have it as a consenter."""

    plan: Plan
    runtime: Runtime
    node: Node

    def check_renewal(self) -> None:
        """Raise NetworkError unless all other orderers run."""
        self._require_others(
            len(self.plan.orderers) - 1, "a certificate is replaced only while all orderers run"
        )

    def renew(self, report: Report, *, now: datetime) -> None:
        """Give the orderer a new TLS certificate and key: in its channels first, then to the node, which is started again."""
        steps = [*self.plan.channels, "starting it again", *self.plan.channels]
        member, edit = self.node.member, self._next_certificate(now)
        with Connections(self.plan) as connections:
            for number, carrier in enumerate(self._carriers(connections)):
                report(f"{carrier.channel.name}: certificate", number, len(steps))
                self._step_aside(carrier)
                self._make(carrier, edit)
        report("starting it again", len(self.plan.channels), len(steps))
        self.runtime.halt(self.plan, self.node)
        take_staged_tls(member)
        self.runtime.start(self.plan)
        with Connections(self.plan) as connections:
            for number, carrier in enumerate(self._carriers(connections)):
                report(
                    f"{carrier.channel.name}: consenter",
                    len(self.plan.channels) + number + 1,
                    len(steps),
                )
                self._part(carrier).await_consenter()
                self._come_back(carrier)

    def propose_renewal(self, *, now: datetime) -> list[Proposed]:
        """Return the updates that give channels the new certificate, for others to sign; clients are sent elsewhere before.

        None for a channel that has it; `renew` goes on once all have.
        """
        edit = self._next_certificate(now)
        with Connections(self.plan) as connections:
            return self._proposed(connections, edit)

    def _next_certificate(self, now: datetime) -> ReplaceConsenter:
        """Return the edit that gives a channel the orderer's next TLS certificate, which is made first."""
        member = self.node.member
        staged = stage_tls(self.plan.organization(self.node), member, now=now)
        certificate = (staged / member.tls_certificate.name).read_bytes()
        return ReplaceConsenter(
            self._address,
            client_tls_certificate=certificate,
            server_tls_certificate=certificate,
        )

    def check_replacement(self) -> None:
        """Raise NetworkError if the others are too few to order without the orderer."""
        quorum = bft.quorum if self.plan.topology.ordering.consensus == "bft" else raft.quorum
        count = len(self.plan.orderers)
        self._require_others(
            quorum(count),
            "the ordering service stands still: a lost orderer comes back from a backup then",
        )

    def replace(self, report: Report, *, now: datetime) -> None:
        """Replace an orderer that is lost: out of the consensus, then again with new keys and without a ledger.

        It is no consenter in between, so that no promise of the lost one counts.
        """
        steps = [*self.plan.channels, "new keys", *self.plan.channels]
        if not self._has_begun_again:
            self.runtime.halt(self.plan, self.node)
            with Connections(self._others()) as connections:
                for number, carrier in enumerate(self._carriers(connections)):
                    report(f"{carrier.channel.name}: out of the consensus", number, len(steps))
                    self._step_aside(carrier)
                    self._make(carrier, RemoveConsenter(self._address))
            report("new keys", len(self.plan.channels), len(steps))
            self._begin_again(now)
        self.runtime.start(self.plan)
        with Connections(self.plan) as connections:
            for number, carrier in enumerate(self._carriers(connections)):
                report(
                    f"{carrier.channel.name}: consenter",
                    len(self.plan.channels) + number + 1,
                    len(steps),
                )
                self._part(carrier).follow()
                self._make(carrier, AddConsenter(consenter_of(self.node)))
                self._part(carrier).await_consenter()
                self._come_back(carrier)
        self._marker.unlink(missing_ok=True)

    def propose_replacement(self) -> list[Proposed]:
        """Return the next updates of a replacement, for others to sign: out of the consensus, or in with the new keys.

        None for a channel that has it; `replace` goes on once all have.
        """
        if self._has_begun_again:
            with Connections(self.plan) as connections:
                for carrier in self._carriers(connections):
                    self._part(carrier).follow()
                return self._proposed(connections, AddConsenter(consenter_of(self.node)))
        self.runtime.halt(self.plan, self.node)
        with Connections(self._others()) as connections:
            return self._proposed(connections, RemoveConsenter(self._address))

    def _proposed(self, connections: Connections, edit: Edit) -> list[Proposed]:
        """Return an edit as a proposal for each channel that does not have it; clients are sent elsewhere before."""
        found = []
        for carrier in self._carriers(connections):
            if changes(Draft.read(carrier.config()), edit):
                self._step_aside(carrier)
                found.append(carrier.propose([edit]))
        return found

    @property
    def _marker(self) -> Path:
        """A file that is there from new keys to the end of a replacement."""
        return self.node.member.folder / "begun-again"

    @property
    def _has_begun_again(self) -> bool:
        """Return whether an earlier call has given the orderer new keys; they may have been lost since."""
        member = self.node.member
        return self._marker.exists() and member.tls_key.exists() and member.key.exists()

    @property
    def _address(self) -> str:
        return str(self.node.inside)

    def _carriers(self, connections: Connections) -> Iterator[Carrier]:
        for channel in self.plan.channels.values():
            if self.node.name not in channel.left:
                yield Carrier(connections.plan, connections, channel)

    def _others(self) -> Plan:
        """Return the plan without the orderer, whose certificates may be lost."""
        departments = {
            name: replace(one, ordering=replace(one.ordering, nodes=self._others_of(one)))
            if one.ordering is not None
            else one
            for name, one in self.plan.departments.items()
        }
        return replace(self.plan, departments=departments)

    def _others_of(self, department: DepartmentPlan) -> tuple[Node, ...]:
        return tuple(one for one in department.orderers if one != self.node)

    def _part(self, carrier: Carrier) -> Part:
        return Part(carrier.plan, carrier.connections, carrier.channel, self.node)

    def _require_others(self, count: int, why: str) -> None:
        """Raise NetworkError unless this number of the other orderers take connections."""
        down = [
            one.name for one in self.plan.orderers if one != self.node and not listens(one.outside)
        ]
        others = len(self.plan.orderers) - 1
        if others - len(down) < count or not others:
            missing = f": {', '.join(down)} does not run" if down else ""
            raise NetworkError(
                f"{self.node.name} is not touched{missing}; {count} other orderers must run, and there are "
                f"{others - len(down)}: {why}"
            )

    def _step_aside(self, carrier: Carrier) -> None:
        """Send clients to the orderer no more, if there are others."""
        draft = Draft.read(carrier.config())
        edits = without_endpoint(draft, self.node.msp_id, self._address)
        if edits and is_somewhere(draft, besides=self._address):
            carrier.make(edits)

    def _come_back(self, carrier: Carrier) -> None:
        draft = Draft.read(carrier.config())
        self._make(carrier, with_endpoint(draft, self.node.msp_id, self._address))

    def _make(self, carrier: Carrier, edit: Edit) -> None:
        """Make an edit, unless an earlier run of the command has."""
        if changes(Draft.read(carrier.config()), edit):
            carrier.make([edit])

    def _begin_again(self, now: datetime) -> None:
        """Make new keys for the stopped orderer, and delete what it has stored."""
        keep_replaced(self.node.member)
        for folder in (self.node.member.msp, self.node.member.tls):
            shutil.rmtree(folder, ignore_errors=True)
        make_material(self.plan, now=now)
        self.runtime.forget(self.plan, self.node)
        files.write_public(self._marker, b"", error=NetworkError)
