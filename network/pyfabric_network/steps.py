"""The steps from nothing to a working network, each safe to repeat, as flows and file writers."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from pyfabric.admin import lifecycle, orderers, peers
from pyfabric.core.effects import Endpoint, Flow, gather
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from pyfabric_network.plan import ChannelPlan, ContractPlan, DepartmentPlan, Node, Plan

T = TypeVar("T")


class Report(Protocol):
    """Told before each step: its name, how many are done, and how many there are."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """A Report that nobody reads."""


def endpoint(node: Node) -> Endpoint:
    """How this machine reaches a peer or an orderer."""
    return Endpoint(address=str(node.outside), tls_roots=node.member.tls_roots.read_bytes())


def participation_endpoint(node: Node, admin: DepartmentPlan) -> Endpoint:
    """How an administrator reaches an orderer's participation API: with mutual TLS."""
    user = admin.admin
    return Endpoint(
        address=str(node.admin),
        tls_roots=node.member.tls_roots.read_bytes(),
        client_certificate=user.tls_certificate.read_bytes(),
        client_key=user.tls_key.read_bytes(),
    )


def administrator(department: DepartmentPlan) -> SigningIdentity:
    """The department's administrator, as an identity that can sign."""
    return load_msp_folder(department.admin.msp, department.msp_id)


def join_channels(plan: Plan) -> Flow[None]:
    """Every orderer, then every peer, is in its channels afterwards. Raises the first failure."""
    yield from together([_join_orderer(plan, node) for node in plan.orderers])
    yield from together([_join_peer(plan, peer) for peer in plan.peers])


def together(flows: Sequence[Flow[T]]) -> Flow[list[T]]:
    """Run flows side by side; their values, or the first failure once all have ended."""
    outcomes = yield from gather(flows)
    return [outcome.result() for outcome in outcomes]


def _join_orderer(plan: Plan, node: Node) -> Flow[None]:
    target = participation_endpoint(node, plan.owner(node))
    listed = yield from orderers.channels(target)
    for channel in plan.channels.values():
        if channel.name not in listed:
            yield from orderers.join(target, channel.block.read_bytes())


def _join_peer(plan: Plan, peer: Node) -> Flow[None]:
    department = plan.owner(peer)
    target, admin = endpoint(peer), administrator(department)
    joined = yield from peers.channels(target, admin)
    for channel in plan.channels.values():
        if department in channel.departments and channel.name not in joined:
            yield from peers.join_channel(target, admin, channel.block.read_bytes())


def install(plan: Plan, channel: ChannelPlan, contract: ContractPlan) -> Flow[None]:
    """The contract's package is installed on every peer of the channel afterwards."""
    yield from together(
        [
            lifecycle.install(endpoint(peer), administrator(plan.owner(peer)), contract.package)
            for peer in channel.peers()
        ]
    )


def approve(channel: ChannelPlan, contract: ContractPlan) -> Flow[None]:
    """Every department of the channel has approved the definition afterwards."""
    definition = chaincode_definition(contract)
    package_id = contract.package.package_id
    yield from together(
        [
            lifecycle.approve(
                endpoint(department.peers[0]),
                administrator(department),
                channel.name,
                definition,
                package_id,
            )
            for department in channel.departments
        ]
    )


def commit(channel: ChannelPlan, contract: ContractPlan) -> Flow[None]:
    """The definition is committed on the channel afterwards."""
    department = channel.departments[0]
    yield from lifecycle.commit(
        endpoint(department.peers[0]),
        administrator(department),
        channel.name,
        chaincode_definition(contract),
        [member.msp_id for member in channel.departments],
    )
