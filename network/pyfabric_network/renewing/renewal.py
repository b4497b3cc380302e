"""A renewal carried out: step by step, each worked out from what there is when the one before is done.

So it may be stopped at any point, and continued by the next run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from pyfabric.admin.channels import Edit, SetMSP
from pyfabric.admin.config.proposal_files import write_proposal
from pyfabric.errors import ConfigError, NetworkError, PolicyError
from pyfabric.local import files
from pyfabric_network.channels.carrying import Carrier
from pyfabric_network.connections import Connections
from pyfabric_network.material.keys import make_material
from pyfabric_network.profile import write_profiles
from pyfabric_network.progress import Report
from pyfabric_network.renewing.holders import Authority, Certificate, Kind, Use
from pyfabric_network.renewing.intent import Intent
from pyfabric_network.renewing.nodes import Nodes
from pyfabric_network.renewing.staging import (
    forget_former,
    stage_authority,
    stage_member,
    take_authority,
    take_member,
)
from pyfabric_network.renewing.tasks import Action, Task, Work
from pyfabric_network.renewing.world import look
from pyfabric_network.runtimes.contract_hosts import former_client
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.nodes import Member, Node
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan


class UnsignedError(Exception):
    """An update was written to a file, for other departments to sign."""


@dataclass(frozen=True)
class Renewal:
    """The renewal of a network's certificates on this machine.

    `dropping` are the CAs whose former certificates go; `to` is the folder for updates that other departments must sign.
    `preparing` ends before new CAs issue anything, when they are known everywhere.
    """

    plan: Plan
    runtime: Runtime
    intent: Intent
    dropping: frozenset[str] = frozenset()
    to: Path | None = None
    preparing: bool = False
    proposals: list[Path] = field(default_factory=list)

    def work(self) -> Work:
        """Return what is to be done, with what there is now; raises NetworkError."""
        return Work(look(self.plan, self.runtime), self.intent, self.dropping)

    def tasks(self, work: Work) -> tuple[Task, ...]:
        """Return what this renewal does of that, in its order."""
        if not self.preparing:
            return work.tasks()
        return tuple(takewhile(lambda one: one.action is not Action.ISSUE, work.tasks()))

    def run(self, report: Report, *, now: datetime) -> tuple[str, ...]:
        """Do all tasks, and return warnings.

        Without the signatures of others for an update it stops there if there is a folder `to`, and PolicyError is raised
        otherwise.
        """
        warnings: list[str] = []
        skipped: set[Task] = set()
        done: list[Task] = []
        while True:
            work = self.work()
            left = [one for one in self.tasks(work) if one not in skipped]
            if not left:
                break
            task = left[0]
            if task in done[-1:]:
                raise NetworkError(f"{task.action} {task.subject} had no effect: {task.detail}")
            report(_words(task), len(done), len(done) + len(left))
            try:
                self._do(task, work, now)
            except UnsignedError:
                return tuple(warnings)
            except PolicyError as error:
                if task.action is not Action.SETTLE:
                    raise
                warnings.append(
                    f"{task.subject} works, but {task.channel} has its former certificate: {error}"
                )
                skipped.add(task)
            done.append(task)
        write_profiles(self.plan)
        if self.plan.own_ca_servers and self.runtime.running():
            make_material(self.plan, now=now)  # what CA servers read of their CAs
            self.runtime.start(self.plan)
        return tuple(warnings)

    def _do(self, task: Task, work: Work, now: datetime) -> None:
        match task.action:
            case Action.START:
                self._nodes.start(self._node(task.subject))
            case Action.MAKE:
                stage_authority(_authority(work, task.subject), now=now)
            case Action.UPDATE:
                self._update(task, work)
            case Action.PUBLISH:
                self._publish(work, work.world.organization(task.subject))
            case Action.RESTART:
                self._restart(work, self._node(task.subject))
            case Action.ISSUE:
                write_profiles(self.plan)  # programs must know the new root before they meet it
                take_authority(_authority(work, task.subject))
            case Action.RENEW:
                self._renew(task.subject, work.replaced(task.subject), now)
            case Action.SETTLE:
                self._nodes.settle(self._node(task.subject), task.channel)
            case Action.FORGET:
                self._forget(task.subject, work)

    def _update(self, task: Task, work: Work) -> None:
        msp = work.world.configs[task.channel].msp_manager.msps[task.subject]
        wanted = work.definition(work.world.organization(task.subject), msp.definition)
        with Connections(self.plan) as connections:
            carrier = Carrier(self.plan, connections, self.plan.channels[task.channel])
            self._change(carrier, [SetMSP(task.subject, wanted)])

    def _publish(self, work: Work, organization: Organization) -> None:
        """Write an organisation's definition, and what those of its members accept that are no nodes."""
        work.definition(organization, work.world.definitions[organization.msp_id]).write(
            organization.msp
        )
        for member in (*organization.users.values(), *organization.tls_only):
            self._accept(work, organization, member)
        self.runtime.serve(self.plan)

    def _restart(self, work: Work, node: Node) -> None:
        organization = self.plan.organization(node)
        self._nodes.restart(node, lambda: self._accept(work, organization, node.member))

    def _accept(self, work: Work, organization: Organization, member: Member) -> None:
        """Write what a member accepts to its folders."""
        present = work.world.local[member.name]
        if present.definition is not None:
            definition = work.world.definitions[organization.msp_id]
            work.definition(organization, definition).write(member.msp)
        if present.tls_roots:
            roots = b"".join(work.tls_roots(organization))
            files.write_public(member.tls_roots, roots, error=NetworkError)

    def _renew(self, holder: str, replaced: Sequence[Certificate], now: datetime) -> None:
        first = replaced[0]
        uses: list[Use] = [one.use for one in replaced]
        member = first.member
        if member is None:
            raise NetworkError(f"{holder} is a CA, which is not renewed as its members are")
        if first.kind in (Kind.PEER, Kind.ORDERER) and self.runtime.running():
            node = self._node(holder)
            self._nodes.renew(node, uses, new_keys=self.intent.new_keys, now=now)
            return
        new_keys, running = self.intent.new_keys, self.runtime.running()
        stage_member(first.organization, member, uses, new_keys=new_keys, now=now)
        if first.kind is Kind.CLIENT and running:
            present = member.tls_certificate.read_bytes()
            files.write_public(former_client(member), present, error=NetworkError)
        take_member(member)
        if first.kind in (Kind.HOST, Kind.CLIENT) and running:
            self.runtime.serve(self.plan)

    def _forget(self, holder: str, work: Work) -> None:
        for department in self.plan.own_with_peers:
            if department.contract_client.name == holder:
                former_client(department.contract_client).unlink(missing_ok=True)
                self.runtime.serve(self.plan)
                return
        forget_former(_authority(work, holder))

    def _change(self, carrier: Carrier, edits: Sequence[Edit]) -> None:
        """Make an update, or write it for others to sign."""
        if self.to is None:
            carrier.make(edits)
            return
        proposal, stand = carrier.signed(edits)
        if not stand.missing:
            carrier.make(edits)
            return
        file = self.to / f"{carrier.channel.name}.json"
        files.write_public(file, write_proposal(proposal), error=ConfigError)
        self.proposals.append(file)
        raise UnsignedError

    @property
    def _nodes(self) -> Nodes:
        return Nodes(plan=self.plan, runtime=self.runtime, change=self._change)

    def _node(self, name: str) -> Node:
        return next(one for one in self.plan.own_nodes if one.name == name)


def _authority(work: Work, holder: str) -> Authority:
    return next(
        one for these in work.world.authorities.values() for one in these if one.holder == holder
    )


def _words(task: Task) -> str:
    on = f" on {task.channel}" if task.channel else ""
    return f"{task.action} {task.subject}{on}"
