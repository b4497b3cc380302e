"""The steps from nothing to a working network, as flows; each is safe to repeat."""

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from pyfabric.admin import orderers, peers
from pyfabric.client.effects import Endpoint, Flow, gather, nonce, now
from pyfabric.errors import NetworkError
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local import files
from pyfabric_network.material.channels import first_block
from pyfabric_network.topology.plan import ChannelPlan, DepartmentPlan, Node, Plan

T = TypeVar("T")


class Report(Protocol):
    """Told before each step: its name, how many are done, and how many there are."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """A Report that nobody reads."""


def endpoint(node: Node) -> Endpoint:
    """How this machine reaches a peer or an orderer."""
    return Endpoint(address=str(node.outside), tls_roots=node.member.tls_roots.read_bytes())


def participation_endpoint(plan: Plan, node: Node) -> Endpoint:
    """How the administrator of an orderer's department reaches its participation API."""
    admin = plan.owner(node).admin
    return Endpoint(
        address=str(node.admin),
        tls_roots=node.member.tls_roots.read_bytes(),
        client_certificate=admin.tls_certificate.read_bytes(),
        client_key=admin.tls_key.read_bytes(),
    )


def administrator(department: DepartmentPlan) -> SigningIdentity:
    """The department's administrator, as an identity that can sign."""
    return load_msp_folder(department.admin.msp, department.msp_id)


def together(flows: Sequence[Flow[T]]) -> Flow[list[T]]:
    """Run flows side by side; their values, or the first failure once all have ended."""
    outcomes = yield from gather(flows)
    return [outcome.result() for outcome in outcomes]


def check_first_blocks(plan: Plan) -> None:
    """Raise NetworkError if a first block is missing that only another machine can make.

    Between departments with machines of their own one of them makes it for all.
    """
    for department in plan.own if plan.places else ():
        for channel in plan.channels_of(department):
            if not channel.block.exists():
                raise NetworkError(
                    f"the first block of {channel.name} is not here: it comes in the bundle from whoever "
                    "collects the departments' definitions; take that in with `pyfabric network member "
                    "accept`"
                )


def make_first_blocks(plan: Plan) -> Flow[None]:
    """The first block of every channel is in its file; one that exists stays as it is.

    Raises NetworkError as long as a department is not known.
    """
    if plan.missing:
        raise NetworkError(
            f"the public definition of {', '.join(plan.missing)} is missing: take it in with "
            "`pyfabric network member add`"
        )
    for channel in plan.channels.values():
        if not channel.block.exists():
            timestamp = yield from now()
            unique = yield from nonce()
            block = first_block(plan, channel, timestamp=timestamp, nonce=unique)
            files.write_public(channel.block, block, error=NetworkError)


def join_orderers(plan: Plan) -> Flow[None]:
    """Every orderer of this machine serves every channel.

    Raises NetworkError for a channel that peers have blocks of and no orderer knows: its ledger is
    lost, and orderers that begin anew would order other blocks under the same numbers.
    """
    listed = yield from together([_orderer_channels(plan, node) for node in plan.own_orderers])
    if not plan.places:
        lost = [c for c in plan.channels.values() if not any(c.name in names for names in listed)]
        yield from together([_check_begins(plan, channel) for channel in lost])
    yield from together(
        [
            _join_orderer(plan, node, names)
            for node, names in zip(plan.own_orderers, listed, strict=True)
        ]
    )


def _orderer_channels(plan: Plan, node: Node) -> Flow[tuple[str, ...]]:
    return (yield from orderers.channels(participation_endpoint(plan, node)))


def _check_begins(plan: Plan, channel: ChannelPlan) -> Flow[None]:
    """No peer has more of a channel than its first block."""
    for peer in channel.peers():
        department = plan.owner(peer)
        target, admin = endpoint(peer), administrator(department)
        if channel.name in (yield from peers.channels(target, admin)):
            height = (yield from peers.chain_info(target, admin, channel.name)).height
            if height > 1:
                raise NetworkError(
                    f"no orderer has the blocks of {channel.name}, of which {peer.name} has {height}: "
                    "bring an orderer's data back from a backup, or delete the network with "
                    "`pyfabric network down --delete`"
                )


def join_peers(plan: Plan) -> Flow[None]:
    """Every peer of this machine has joined the channels of its department."""
    yield from together([_join_peer(plan, peer) for peer in plan.own_peers])


def _join_orderer(plan: Plan, node: Node, listed: Collection[str]) -> Flow[None]:
    target = participation_endpoint(plan, node)
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
