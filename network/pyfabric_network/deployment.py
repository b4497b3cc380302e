"""Deployment of a contract on a channel: installed, approved by every department, committed.

Departments with machines of their own each install and approve for themselves; the last one commits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, count
from typing import Final

from pyfabric.admin.collections import collection_package
from pyfabric.admin.definitions import ChaincodeDefinition, application_policy
from pyfabric.errors import NetworkError
from pyfabric.local.waiting import poll
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.lifecycle import commit_agreed
from pyfabric_network.parallel import side_by_side
from pyfabric_network.progress import Report
from pyfabric_network.readiness import Readiness
from pyfabric_network.topology.contracts import ContractPlan
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import ChannelPlan, Plan

_SPREAD_SECONDS: Final = 10.0
_PAUSE: Final = 0.05
# Fabric's peers look for private data of a block for up to a minute before they continue without it.
_CATCH_UP_SECONDS: Final = 180.0
_CATCH_UP_PAUSE: Final = 0.5

# Fabric's names of the parts that departments approve, of which it compares the hashes.
_PARTS: Final = {
    "EndorsementInfo": "version or code",
    "ValidationInfo": "endorsement policy",
    "Collections": "collections",
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """A contract on a channel; `changed` is false if it was there already.

    It is not committed yet as long as it is `waiting_for` departments that have not approved it. Of these,
    `otherwise` are the ones that approved another definition with its sequence, with what differs.
    """

    channel: str
    contract: str
    version: str
    sequence: int
    package_id: str
    changed: bool
    waiting_for: tuple[str, ...] = ()
    otherwise: Mapping[str, str] = field(default_factory=dict)


def deploy_all(
    plan: Plan,
    connections: Connections,
    work: Sequence[tuple[ChannelPlan, ContractPlan]],
    report: Report,
) -> list[Deployed]:
    """Deploy contracts, each on its channel: one after the other there, channels side by side.

    Returns what was deployed, channel by channel. Raises the first failure once all that had begun has
    returned.
    """
    channels = {channel.name: channel for channel, _ in work}
    numbers = count(1)

    def in_turn(channel: ChannelPlan) -> list[Deployed]:
        deployed = []
        for where, contract in work:
            if where is channel:
                report(f"{contract.name} on {channel.name}", next(numbers), len(work) + 1)
                deployed.append(_Deployment(plan, connections, channel, contract).run())
        return deployed

    turns = side_by_side([partial(in_turn, channel) for channel in channels.values()])
    return list(chain.from_iterable(turns))


def deployable(plan: Plan, names: Sequence[str]) -> list[tuple[ChannelPlan, ContractPlan]]:
    """Return what to deploy of these contracts (none: all), each with a channel of this machine's departments.

    Raises NetworkError for a contract that is not in the topology.
    """
    wanted = [plan.contract(name) for name in names or plan.contracts]
    return [
        (channel, contract)
        for channel in plan.channels.values()
        for contract in channel.contracts
        if contract in wanted and channel.own
    ]


def check_all(
    plan: Plan, connections: Connections, work: Sequence[tuple[ChannelPlan, ContractPlan]]
) -> None:
    """Raise NetworkError if another definition was committed with the sequence of one of these."""
    side_by_side([_Deployment(plan, connections, *each).is_new for each in work])


def committed_code(
    connections: Connections, work: Sequence[tuple[ChannelPlan, ContractPlan]]
) -> dict[str, str]:
    """Return the digests of the code, by contract, of those that are committed and differ in code alone."""
    found = {}
    for channel, contract in work:
        department = channel.own[0]
        admin = connections.admin(department)
        wanted = definition(channel, contract)
        for one in admin.committed(endpoint(channel.peers_of(department)[0]), channel.name):
            if one.name == contract.name and _differs_in_code(one, wanted, contract):
                found[contract.name] = one.version[len(contract.spec.version) + 1 :]
    return found


def in_force(plan: Plan, connections: Connections) -> list[tuple[ChannelPlan, ContractPlan]]:
    """Return the contracts whose definitions are committed as the plan has them, each with its channel."""
    return [
        (channel, contract)
        for channel, contract in deployable(plan, ())
        if definition(channel, contract) in _committed_on(connections, channel)
    ]


def other_policies(
    plan: Plan, connections: Connections, asked: Plan
) -> list[tuple[ChannelPlan, ContractPlan]]:
    """Return the contracts of which the plan has the next sequence, with other policies or collections alone.

    `asked` is the plan of the departments whose peers are asked; each contract comes with its channel.
    """
    return [
        (channel, contract)
        for channel, contract in deployable(plan, ())
        if channel.name in asked.channels
        and any(
            _next_with_policies(one, definition(channel, contract))
            for one in _committed_on(connections, asked.channels[channel.name])
        )
    ]


def _committed_on(
    connections: Connections, channel: ChannelPlan
) -> tuple[ChaincodeDefinition, ...]:
    for department in channel.own[:1]:
        peer = endpoint(channel.peers_of(department)[0])
        return connections.admin(department).committed(peer, channel.name)
    return ()


def _next_with_policies(committed: ChaincodeDefinition, wanted: ChaincodeDefinition) -> bool:
    """Return whether a definition is the next one, with other policies or collections alone."""
    return wanted == replace(
        committed,
        sequence=committed.sequence + 1,
        endorsement_policy=wanted.endorsement_policy,
        collections=wanted.collections,
    )


def _differs_in_code(
    committed: ChaincodeDefinition, wanted: ChaincodeDefinition, contract: ContractPlan
) -> bool:
    """Return whether a committed definition is the one wanted of a contract, of the same version, with other code."""
    prefix = contract.spec.version
    return (
        committed != wanted
        and replace(committed, version=wanted.version) == wanted
        and (committed.version == prefix or committed.version.startswith(f"{prefix}+"))
    )


def definition(channel: ChannelPlan, contract: ContractPlan) -> ChaincodeDefinition:
    """Return what the departments of a channel agree on for a contract."""
    spec = contract.spec
    return ChaincodeDefinition(
        name=contract.name,
        version=contract.version,
        sequence=channel.sequence(contract),
        endorsement_policy=application_policy(spec.endorsement or ENDORSEMENT),
        collections=collection_package(contract.collections),
        init_required=spec.init_required,
    )


@dataclass(frozen=True)
class _Deployment:
    """One contract on one channel; its services must run already."""

    plan: Plan
    connections: Connections
    channel: ChannelPlan
    contract: ContractPlan

    def run(self) -> Deployed:
        """Commit the contract on the channel, with its package on every peer.

        Where departments have machines of their own: install on the peers of this machine, approve for
        its departments, and commit if all others have approved, too. Raises NetworkError if another
        definition has its sequence.
        """
        if self.plan.places:
            Readiness(self.plan, self.connections).await_ordering(self.channel)
        changed = self.is_new()
        self._install()
        absent: tuple[str, ...] = ()
        if changed:
            self._approve()
            absent = self._without_approval()
            if not absent:
                self._commit()
        else:
            side_by_side([partial(self._restore, one) for one in self.channel.own])
        return Deployed(
            channel=self.channel.name,
            contract=self.contract.name,
            version=self.contract.version,
            sequence=self._wanted.sequence,
            package_id=self.contract.package.package_id,
            changed=changed,
            waiting_for=absent,
            otherwise=self._otherwise() if absent else {},
        )

    @property
    def _wanted(self) -> ChaincodeDefinition:
        return definition(self.channel, self.contract)

    def _peer(self, department: DepartmentPlan) -> Node:
        """Return the peer through which a department acts on the channel."""
        return self.channel.peers_of(department)[0]

    def _committed(self, department: DepartmentPlan) -> tuple[ChaincodeDefinition, ...]:
        admin = self.connections.admin(department)
        return admin.committed(endpoint(self._peer(department)), self.channel.name)

    def is_new(self) -> bool:
        """Return whether the definition is still to be committed; NetworkError if another has its sequence."""
        committed = self._committed(self.channel.own[0])
        current = next((one for one in committed if one.name == self.contract.name), None)
        wanted, committed_sequence = self._wanted, 0 if current is None else current.sequence
        if committed_sequence == wanted.sequence - 1:
            return True
        if current is None:
            raise NetworkError(
                f"{self.contract.name} is not on {self.channel.name} yet, where its sequence is 1 and not "
                f"{wanted.sequence}: write sequences: {{{self.contract.name}: 1}} below the channel in the topology"
            )
        if current == wanted:
            return False
        if _differs_in_code(current, wanted, self.contract):
            raise NetworkError(
                f"{self.contract.name} on {self.channel.name}: its code differs from version "
                f"{current.version}, which the departments approved, and would be {wanted.version}: set a new "
                f"version and sequence: {current.sequence + 1} in the topology, for all to approve; in "
                "development, `pyfabric chaincode deploy --reload` serves it without approval"
            )
        raise NetworkError(
            f"{self.contract.name} on {self.channel.name} stands at version {current.version}, sequence "
            f"{current.sequence}: to change it set sequence to {current.sequence + 1} in the topology; "
            f"`pyfabric chaincode committed {self.contract.name}` prints what is in force"
        )

    def _install(self) -> None:
        """Install the package on every peer of the channel that runs on this machine."""
        installs: list[Callable[[], str]] = [
            partial(
                self.connections.admin(department).install, endpoint(peer), self.contract.package
            )
            for department in self.channel.own
            for peer in self.channel.peers_of(department)
        ]
        side_by_side(installs)

    def _approve(self) -> None:
        """Approve the definition, with this package, for every department of this machine."""
        ready = self._readiness()
        side_by_side(
            [
                partial(self._approve_by, department)
                for department in self.channel.own
                if not ready[department.msp_id]
            ]
        )

    def _approve_by(self, department: DepartmentPlan) -> None:
        self.connections.admin(department).approve(
            endpoint(self._peer(department)),
            self.channel.name,
            self._wanted,
            self.contract.package.package_id,
        )

    def _restore(self, department: DepartmentPlan) -> None:
        """Make sure that the department's peer knows which package it uses for the definition in force.

        That stands in the department's approval, which nobody else has: a peer that lost its ledger gets
        all back except that. NetworkError if the peer has not caught up after three minutes.
        """
        peer = self._peer(department)
        knows = poll(
            lambda: self._wanted in self._committed(department),
            until=bool,
            every=_CATCH_UP_PAUSE,
            timeout=_CATCH_UP_SECONDS,
        )
        if not knows:
            raise NetworkError(
                f"{peer.name} does not know {self.contract.name} on {self.channel.name} yet"
            )
        use = (self.channel.name, self.contract.name, self.contract.version)
        installed = self.connections.admin(department).installed(endpoint(peer))
        if not any(use in one.references for one in installed):
            self._approve_by(department)

    def _without_approval(self) -> tuple[str, ...]:
        """Return the other machines' departments that have not approved the definition.

        The approvals of this one must have reached the peer that is asked: NetworkError if they take
        longer than ten seconds.
        """
        absent = poll(
            self._absent,
            until=lambda absent: not any(one in self.channel.own for one in absent),
            every=_PAUSE,
            timeout=_SPREAD_SECONDS,
        )
        late = [one.name for one in absent if one in self.channel.own]
        if late:
            raise NetworkError(
                f"the approval of {self.contract.name} by {late[0]} is not known on {self.channel.name} "
                f"after {_SPREAD_SECONDS:.0f} s"
            )
        return tuple(one.name for one in absent)

    def _otherwise(self) -> dict[str, str]:
        """Return the departments that approved another definition with the sequence, with what differs."""
        first = self.channel.own[0]
        found = self.connections.admin(first).unapproved_parts(
            endpoint(self._peer(first)), self.channel.name, self._wanted
        )
        names = {one.msp_id: one.name for one in self.channel.departments}
        return {
            names[msp_id]: " and ".join(_PARTS[part] for part in parts if part in _PARTS)
            for msp_id, parts in found.items()
            if {*parts} & {*_PARTS}
        }

    def _absent(self) -> list[DepartmentPlan]:
        ready = self._readiness()
        return [one for one in self.channel.departments if not ready[one.msp_id]]

    def _commit(self) -> None:
        """Commit the definition; another department may come first with the same."""
        first = self.channel.own[0]
        if self.plan.places:
            Readiness(self.plan, self.connections).await_departments(self.channel, first)
        commit_agreed(
            lambda: self.connections.admin(first).commit(
                endpoint(self._peer(first)),
                self.channel.name,
                self._wanted,
                endorsing_organizations=[member.msp_id for member in self.channel.departments],
            ),
            lambda: not self.is_new(),
        )

    def _readiness(self) -> Mapping[str, bool]:
        """Return which departments, by MSP id, have approved this definition."""
        first = self.channel.own[0]
        return self.connections.admin(first).check_commit_readiness(
            endpoint(self._peer(first)), self.channel.name, self._wanted
        )
