"""Asking one node what it has: its channels, packages, health, and what it knows of others."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pyfabric.client.effects import Endpoint
from pyfabric.errors import DiscoveryError, FabricError, PeerResponseError
from pyfabric.gateway import Admin, Operations, OrdererAdmin
from pyfabric.identity.signing import SigningIdentity
from pyfabric_network.diagnosis.facts import (
    ApprovalFacts,
    ChannelFacts,
    DefinitionFacts,
    Encounter,
    NodeFacts,
    OperationsFacts,
    OrdererPart,
    ProbeFacts,
    SeenPeer,
)
from pyfabric_network.diagnosis.probing import probe
from pyfabric_network.diagnosis.sights import Target
from pyfabric_network.readiness import leaders


@dataclass(frozen=True, slots=True)
class Answer:
    """What one node answered: about itself, its channels and their configurations, its department's approvals."""

    node: NodeFacts
    channels: tuple[ChannelFacts, ...] = ()
    configs: Mapping[str, bytes] = field(default_factory=dict)
    approvals: tuple[ApprovalFacts, ...] = ()


def ask(target: Target, actor: SigningIdentity | None) -> Answer:
    """Connect to a node and, if it answers and is one's own, ask it for everything."""
    node = looked_at(target, probe(target.endpoint))
    if not node.lives:
        return Answer(replace(node, unasked=str(node.probe.encounter)))
    if target.operations is not None:
        node = replace(node, operations=_operations(target.operations))
    if node.probe.encounter is not Encounter.ANSWERS:
        return Answer(replace(node, unasked=str(node.probe.encounter)))
    try:
        if target.participation is not None:
            return Answer(replace(node, parts=parts(target)))
        if target.kind == "peer" and target.own:
            if actor is None:
                return Answer(replace(node, unasked="no user's keys are there to ask it"))
            return _peer(target, node, actor)
    except FabricError as error:
        return Answer(replace(node, unasked=str(error)))
    return Answer(node)


def looked_at(target: Target, met: ProbeFacts) -> NodeFacts:
    """Return what is known of a node before it is asked."""
    return NodeFacts(
        name=target.name,
        kind=target.kind,
        msp_id=target.msp_id,
        address=target.address,
        outside=target.endpoint.address,
        probe=met,
        own=target.own,
        only_anchor=target.only_anchor,
        state=target.state,
        expected=target.expected,
    )


def heights(target: Target, actor: SigningIdentity | None) -> Mapping[str, int]:
    """Return how many blocks a node has of each of its channels; raises FabricError."""
    if target.participation is not None:
        return {name: part.height for name, part in parts(target).items()}
    if actor is None:
        return {}
    with Admin(actor) as admin:
        names = admin.channels(target.endpoint)
        return {name: admin.chain_info(target.endpoint, name).height for name in names}


def parts(target: Target) -> dict[str, OrdererPart]:
    """Return an orderer's part in each of its channels; raises FabricError."""
    if target.participation is None or target.operations is None:
        return {}
    with OrdererAdmin(target.participation) as admin, Operations(target.operations) as operations:
        leads = leaders(operations.metrics())
        found = [admin.channel(name) for name in admin.channels()]
    return {
        one.name: OrdererPart(one.consensus_relation, one.status, one.height, leads.get(one.name))
        for one in found
    }


def _operations(endpoint: Endpoint) -> OperationsFacts | None:
    with Operations(endpoint) as operations:
        try:
            found = operations.health()
            ahead = None if found.time is None else (found.time - datetime.now(UTC)).total_seconds()
            return OperationsFacts(operations.version(), ahead, found.failed_checks)
        except FabricError:
            return None


def _peer(target: Target, node: NodeFacts, actor: SigningIdentity) -> Answer:
    with Admin(actor) as admin:
        names = admin.channels(target.endpoint)
        node = replace(
            node,
            heights={name: admin.chain_info(target.endpoint, name).height for name in names},
            installed=_installed(admin, target),
        )
        configs = {name: admin.config(target.endpoint, name) for name in names}
        channels = tuple(_channel(admin, target, name) for name in names)
        approvals = tuple(
            one
            for channel in channels
            for definition in channel.definitions
            for one in _approval(admin, target, channel.name, definition.name)
        )
    return Answer(node, channels, configs, approvals)


def _installed(admin: Admin, target: Target) -> tuple[str, ...] | None:
    try:
        return tuple(one.package_id for one in admin.installed(target.endpoint))
    except PeerResponseError:
        return None  # peers list them to administrators alone


def _channel(admin: Admin, target: Target, name: str) -> ChannelFacts:
    try:
        seen = admin.discover_peers(target.endpoint, name)
    except DiscoveryError:
        seen = ()
    return ChannelFacts(
        name=name,
        peer=target.name,
        peers=tuple(
            SeenPeer(one.msp_id, one.address, one.certificate_pem, one.chaincodes) for one in seen
        ),
        definitions=tuple(
            DefinitionFacts(
                one.name, one.version, one.sequence, one.validation_parameter(), one.collections
            )
            for one in admin.committed(target.endpoint, name)
        ),
    )


def _approval(
    admin: Admin, target: Target, channel: str, chaincode: str
) -> tuple[ApprovalFacts, ...]:
    try:
        found = admin.approved(target.endpoint, channel, chaincode)
    except PeerResponseError:
        return ()
    one = ApprovalFacts(
        channel, chaincode, target.msp_id, found.definition.sequence, found.package_id
    )
    return (one,)
