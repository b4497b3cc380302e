"""A contract's way onto a channel: installed, approved by every department, committed."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyfabric.admin import lifecycle
from pyfabric.admin.collections import collection_package
from pyfabric.admin.definitions import ChaincodeDefinition, application_policy
from pyfabric.core.effects import Flow, sleep
from pyfabric.errors import NetworkError
from pyfabric_network.plan import ChannelPlan, ContractPlan, DepartmentPlan, Plan
from pyfabric_network.steps import administrator, endpoint, together

CHANNEL_ENDORSEMENT = "/Channel/Application/Endorsement"
_SPREAD_SECONDS = 10.0
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Deployed:
    """A contract on a channel; `changed` is false if it was there already."""

    channel: str
    contract: str
    version: str
    sequence: int
    package_id: str
    changed: bool


def deploy(plan: Plan, channel: ChannelPlan, contract: ContractPlan) -> Flow[Deployed]:
    """The contract is committed on the channel, and its package is on every peer of it.

    Its services must run already. Raises NetworkError if another definition stands at its sequence.
    """
    changed = yield from _is_new(channel, contract)
    yield from _install(plan, channel, contract)
    if changed:
        yield from _approve(channel, contract)
        yield from _commit(channel, contract)
    return Deployed(
        channel=channel.name,
        contract=contract.name,
        version=contract.spec.version,
        sequence=contract.spec.sequence,
        package_id=contract.package.package_id,
        changed=changed,
    )


def definition(contract: ContractPlan) -> ChaincodeDefinition:
    """What the departments agree on."""
    spec = contract.spec
    return ChaincodeDefinition(
        name=contract.name,
        version=spec.version,
        sequence=spec.sequence,
        endorsement_policy=application_policy(spec.endorsement or CHANNEL_ENDORSEMENT),
        collections=collection_package(contract.collections),
        init_required=spec.init_required,
    )


def _is_new(channel: ChannelPlan, contract: ContractPlan) -> Flow[bool]:
    """Whether the definition is still to be committed."""
    first = channel.departments[0]
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
    """The package is on every peer of the channel."""
    yield from together(
        [
            lifecycle.install(endpoint(peer), administrator(plan.owner(peer)), contract.package)
            for peer in channel.peers()
        ]
    )


def _approve(channel: ChannelPlan, contract: ContractPlan) -> Flow[None]:
    """Every department of the channel has approved the definition, with this package."""
    ready = yield from _readiness(channel, contract)
    yield from together(
        [
            _approve_by(department, channel, contract)
            for department in channel.departments
            if not ready[department.msp_id]
        ]
    )


def _commit(channel: ChannelPlan, contract: ContractPlan) -> Flow[None]:
    """The definition is committed.

    First the approvals must have reached the committing department's peer: NetworkError if they
    take longer than ten seconds.
    """
    waited = 0.0
    while not all((yield from _readiness(channel, contract)).values()):
        if waited > _SPREAD_SECONDS:
            raise NetworkError(f"not every department of {channel.name} approved {contract.name}")
        yield from sleep(_PAUSE)
        waited += _PAUSE
    first = channel.departments[0]
    yield from lifecycle.commit(
        endpoint(first.peers[0]),
        administrator(first),
        channel.name,
        definition(contract),
        endorsing_organizations=[member.msp_id for member in channel.departments],
    )


def _readiness(channel: ChannelPlan, contract: ContractPlan) -> Flow[Mapping[str, bool]]:
    """Which departments, by MSP id, have approved the definition as it is here."""
    first = channel.departments[0]
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
