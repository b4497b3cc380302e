"""A contract's way onto a channel: installed, approved by every department, committed.

Departments with machines of their own each install and approve for themselves; the last one commits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from pyfabric.admin import lifecycle
from pyfabric.admin.collections import collection_package
from pyfabric.admin.definitions import ChaincodeDefinition, application_policy
from pyfabric.client.effects import Flow, sleep
from pyfabric.errors import CommitError, EndorseError, NetworkError, StatusCode
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric_network.readiness import await_departments, await_ordering
from pyfabric_network.steps import Report, administrator, endpoint, together
from pyfabric_network.topology.plan import ChannelPlan, ContractPlan, DepartmentPlan, Plan

_SPREAD_SECONDS = 10.0
_PAUSE = 0.05
# Fabric's peers look for private data of a block for up to a minute before they go on without.
_CATCH_UP_SECONDS = 180.0
_CATCH_UP_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Deployed:
    """A contract on a channel; `changed` is false if it was there already.

    It is not committed yet as long as it is `waiting_for` departments that have not approved it.
    """

    channel: str
    contract: str
    version: str
    sequence: int
    package_id: str
    changed: bool
    waiting_for: tuple[str, ...] = ()


def deploy_all(
    plan: Plan, work: Sequence[tuple[ChannelPlan, ContractPlan]], report: Report
) -> Flow[list[Deployed]]:
    """Deploy contracts, each on its channel: one after the other there, channels side by side.

    Raises the first failure once all that had begun has ended. The answers are channel by channel.
    """
    channels = {channel.name: channel for channel, _ in work}
    numbers = count(1)

    def begin(step: str) -> None:
        report(step, next(numbers), len(work) + 1)

    turns = [
        _in_turn(plan, channel, [each for where, each in work if where is channel], begin)
        for channel in channels.values()
    ]
    return list(chain.from_iterable((yield from together(turns))))


def _in_turn(
    plan: Plan,
    channel: ChannelPlan,
    contracts: Sequence[ContractPlan],
    begin: Callable[[str], None],
) -> Flow[list[Deployed]]:
    deployed = []
    for contract in contracts:
        begin(f"{contract.name} on {channel.name}")
        deployed.append((yield from deploy(plan, channel, contract)))
    return deployed


def deploy(plan: Plan, channel: ChannelPlan, contract: ContractPlan) -> Flow[Deployed]:
    """The contract is committed on the channel, and its package is on every peer of it.

    Where departments have machines of their own: the packages are on the peers of this one, its
    departments have approved, and the contract is committed if all others have, too. Its services must
    run already. Raises NetworkError if another definition stands at its sequence.
    """
    if plan.places:
        yield from await_ordering(plan, channel)
    changed = yield from _is_new(channel, contract)
    yield from _install(plan, channel, contract)
    absent: tuple[str, ...] = ()
    if changed:
        yield from _approve(channel, contract)
        absent = yield from _without_approval(channel, contract)
        if not absent:
            yield from _commit(plan, channel, contract)
    else:
        yield from together([_restore(one, channel, contract) for one in channel.own])
    return Deployed(
        channel=channel.name,
        contract=contract.name,
        version=contract.spec.version,
        sequence=contract.spec.sequence,
        package_id=contract.package.package_id,
        changed=changed,
        waiting_for=absent,
    )


def definition(contract: ContractPlan) -> ChaincodeDefinition:
    """What the departments agree on."""
    spec = contract.spec
    return ChaincodeDefinition(
        name=contract.name,
        version=spec.version,
        sequence=spec.sequence,
        endorsement_policy=application_policy(spec.endorsement or ENDORSEMENT),
        collections=collection_package(contract.collections),
        init_required=spec.init_required,
    )


def _is_new(channel: ChannelPlan, contract: ContractPlan) -> Flow[bool]:
    """Whether the definition is still to be committed."""
    first = channel.own[0]
    committed = yield from lifecycle.committed(
        endpoint(first.peers[0]), administrator(first), channel.name
    )
    standing = next((one for one in committed if one.name == contract.name), None)
    wanted = definition(contract)
    if standing is None or standing.sequence == wanted.sequence - 1:
        return True
    if standing == wanted:
        return False
    raise NetworkError(
        f"{contract.name} on {channel.name} stands at version {standing.version}, sequence "
        f"{standing.sequence}: to change it set sequence to {standing.sequence + 1} in the topology"
    )


def _install(plan: Plan, channel: ChannelPlan, contract: ContractPlan) -> Flow[None]:
    """The package is on every peer of the channel that runs on this machine."""
    yield from together(
        [
            lifecycle.install(endpoint(peer), administrator(department), contract.package)
            for department in channel.own
            for peer in department.peers
        ]
    )


def _approve(channel: ChannelPlan, contract: ContractPlan) -> Flow[None]:
    """Every department of this machine has approved the definition, with this package."""
    ready = yield from _readiness(channel, contract)
    yield from together(
        [
            _approve_by(department, channel, contract)
            for department in channel.own
            if not ready[department.msp_id]
        ]
    )


def _restore(
    department: DepartmentPlan, channel: ChannelPlan, contract: ContractPlan
) -> Flow[None]:
    """The department's peer knows which package it uses for the definition in force.

    That stands in the department's approval, which nobody else has: a peer that lost its ledger gets
    all back but that. NetworkError if the peer has not caught up after three minutes.
    """
    peer, admin = endpoint(department.peers[0]), administrator(department)
    waited = 0.0
    while definition(contract) not in (yield from lifecycle.committed(peer, admin, channel.name)):
        if waited > _CATCH_UP_SECONDS:
            raise NetworkError(
                f"{department.peers[0].name} does not know {contract.name} on {channel.name} yet"
            )
        yield from sleep(_CATCH_UP_PAUSE)
        waited += _CATCH_UP_PAUSE
    use = (channel.name, contract.name, contract.spec.version)
    installed = yield from lifecycle.installed(peer, admin)
    if not any(use in one.references for one in installed):
        yield from _approve_by(department, channel, contract)


def _without_approval(channel: ChannelPlan, contract: ContractPlan) -> Flow[tuple[str, ...]]:
    """The other machines' departments that have not approved the definition.

    The approvals of this one must have reached the peer that is asked: NetworkError if they take
    longer than ten seconds.
    """
    waited = 0.0
    while True:
        ready = yield from _readiness(channel, contract)
        absent = [one for one in channel.departments if not ready[one.msp_id]]
        if not any(one.place.here for one in absent):
            return tuple(one.name for one in absent)
        if waited > _SPREAD_SECONDS:
            raise NetworkError(f"not every department of {channel.name} approved {contract.name}")
        yield from sleep(_PAUSE)
        waited += _PAUSE


def _commit(plan: Plan, channel: ChannelPlan, contract: ContractPlan) -> Flow[None]:
    """The definition is committed; another department may come first with the same.

    A peer that has not had the last approvals yet endorses otherwise than the rest, or not at all:
    nothing was sent then, and the call is repeated for ten seconds.
    """
    first = channel.own[0]
    if plan.places:
        yield from await_departments(channel, first)
    waited = 0.0
    while True:
        try:
            yield from lifecycle.commit(
                endpoint(first.peers[0]),
                administrator(first),
                channel.name,
                definition(contract),
                endorsing_organizations=[member.msp_id for member in channel.departments],
            )
            return
        except (EndorseError, CommitError) as error:
            if not (yield from _is_new(channel, contract)):
                return
            if error.code is not StatusCode.ABORTED or waited > _SPREAD_SECONDS:
                raise
            yield from sleep(_PAUSE)
            waited += _PAUSE


def _readiness(channel: ChannelPlan, contract: ContractPlan) -> Flow[Mapping[str, bool]]:
    """Which departments, by MSP id, have approved the definition as it is here."""
    first = channel.own[0]
    ready = yield from lifecycle.check_commit_readiness(
        endpoint(first.peers[0]), administrator(first), channel.name, definition(contract)
    )
    return ready


def _approve_by(
    department: DepartmentPlan, channel: ChannelPlan, contract: ContractPlan
) -> Flow[None]:
    yield from lifecycle.approve(
        endpoint(department.peers[0]),
        administrator(department),
        channel.name,
        definition(contract),
        contract.package.package_id,
    )
