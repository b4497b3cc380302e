"""Checks of the parts of a topology against each other; a fault is named with file, line and key."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from pyfabric.rules.policies.endorsers import ChannelEndorsers, roles_without_peers
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric.rules.policies.usual import (
    APPLICATION_POLICIES,
    CHANNEL_POLICIES,
    member_policies,
    orderer_policies,
    organization_policies,
)
from pyfabric.rules.resources import CHANNEL_RESOURCES
from pyfabric_network.state_folder import TICKER
from pyfabric_network.topology.document import Document, KeyPath
from pyfabric_network.topology.endorsement import channel_endorsers
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT, Channel, Topology
from pyfabric_network.topology.values import octets, seconds

_SMALLEST_BFT = 4
_SHORTEST_KEEPALIVE = 10.0
_PRINCIPAL = re.compile(r"'([^']+)\.(?:member|admin|client|peer|orderer)'")


def check_topology(topology: Topology, document: Document) -> None:
    """Raise TopologyError for the first fault that is found."""
    for check in (
        _check_departments,
        _check_ordering,
        _check_bft,
        _check_times,
        _check_client_certificates,
        _check_contracts,
        _check_collections,
        _check_channels,
        _check_tickers,
    ):
        check(topology, document)


def topology_warnings(topology: Topology) -> tuple[str, ...]:
    """Return a sentence for each collection whose members cannot endorse its transactions alone.

    Fabric's gateways refuse to give transient data to others, unless the client names the endorsers.
    """
    return tuple(
        f"collection {config.name} of {contract} on channel {name}: its members' peers cannot meet the "
        "contract's endorsement policy, so that a transaction with transient data is refused unless it "
        "names other endorsers: give the collection an endorsement of its own, or more members"
        for name, channel in topology.channels.items()
        for endorsers in [channel_endorsers(topology, channel)]
        for contract in channel.contracts
        for config in topology.collections(contract)
        if config.endorsement_policy is None
        and not endorsers.can_meet(
            topology.contracts[contract].endorsement or ENDORSEMENT,
            of=endorsers.keepers(config.policy),
        )
    )


def _check_departments(topology: Topology, document: Document) -> None:
    if not topology.departments:
        document.fail("needs at least one department", ("departments",))
    spellings: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name in topology.departments:
        same = spellings.setdefault(name.lower(), name)
        if same != name:
            document.fail(f"differs from {same} only in case", ("departments", name))
        for msp_id in topology.msp_ids(name):
            if msp_id in owners:
                document.fail(
                    f"MSP id {msp_id} is already that of {owners[msp_id]}", ("departments", name)
                )
            owners[msp_id] = name
        if "Admin" in topology.departments[name].users:
            document.fail(
                "is made for every department already", ("departments", name, "users", "Admin")
            )
        _check_nodes(topology, name, document)
    last = topology.base_port + PORTS_PER_DEPARTMENT * len(topology.departments) - 1
    if last > 65535:
        document.fail(f"leaves too few ports: the last would be {last}", ("base_port",))


def _check_tickers(topology: Topology, document: Document) -> None:
    for name, department in topology.departments.items():
        if TICKER in department.users and topology.ticked(name):
            document.fail(
                "is made for every department that ticks a clock",
                ("departments", name, "users", TICKER),
            )


def _check_nodes(topology: Topology, name: str, document: Document) -> None:
    """Require that a department has nodes, and nothing that is for nodes which it has not."""
    department, path = topology.departments[name], ("departments", name)
    given, orders = department.model_fields_set, name in topology.ordering.nodes
    if not department.peers and not orders:
        document.fail("must not be 0: the department runs no orderer either", (*path, "peers"))
    if not orders and "orderer_msp_id" in given:
        document.fail("is for a department that runs orderers", (*path, "orderer_msp_id"))
    for key in ("msp_id", "users", "anchor_peers"):
        if not department.peers and key in given:
            document.fail("is for a department that has peers", (*path, key))
    if department.peers and department.anchor_peers > department.peers:
        document.fail(f"must not exceed its peers ({department.peers})", (*path, "anchor_peers"))


def _check_client_certificates(topology: Topology, document: Document) -> None:
    """Require that peers whose orderers demand client certificates demand them too: others show none.

    Source: DeliverServiceConfig of core/deliverservice/config.go of Fabric 3.1, of `peer.tls.clientAuthRequired`.
    """
    orderers = next(filter(topology.demands_client_certificates, topology.ordering.nodes), None)
    for name, department in topology.departments.items():
        if orderers and department.peers and not topology.demands_client_certificates(name):
            document.fail(
                f"must be true: orderers of {orderers} demand client certificates, and peers of Fabric show "
                "them theirs only if they demand client certificates themselves",
                ("departments", name, "client_auth_required"),
            )


def _check_ordering(topology: Topology, document: Document) -> None:
    path = ("ordering", "nodes")
    if not topology.ordering.nodes:
        document.fail("needs at least one orderer", path)
    _check_known(topology.ordering.nodes, topology.departments, "department", document, path)
    for department, count in Counter(topology.ordering.nodes).items():
        if count > 3:
            document.fail(f"{department} runs {count} orderers; at most 3", path)
    _check_consensus(topology, document)
    batch = topology.ordering.batch
    if octets(batch.preferred_bytes) > octets(batch.absolute_bytes):
        document.fail(
            f"must not exceed absolute_bytes ({batch.absolute_bytes})",
            ("ordering", "batch", "preferred_bytes"),
        )


def _check_consensus(topology: Topology, document: Document) -> None:
    ordering = topology.ordering
    if ordering.consensus != "bft":
        return
    if len(ordering.nodes) < _SMALLEST_BFT:
        document.fail(
            f"BFT needs at least {_SMALLEST_BFT} orderers, to bear that one of them lies; there are "
            f"{len(ordering.nodes)}",
            ("ordering", "nodes"),
        )
    if topology.fabric != "3.1":
        document.fail(
            f'BFT needs the capabilities of Fabric 3: write fabric: "3.1" (it is {topology.fabric})',
            ("ordering", "consensus"),
        )


def _check_channels(topology: Topology, document: Document) -> None:
    if not topology.channels:
        document.fail("needs at least one channel", ("channels",))
    for name, channel in topology.channels.items():
        path = ("channels", name)
        if not channel.departments:
            document.fail("needs at least one department", (*path, "departments"))
        for key, given, known, kind in (
            ("departments", channel.departments, topology.departments, "department"),
            ("contracts", channel.contracts, topology.contracts, "contract"),
        ):
            _check_known(given, known, kind, document, (*path, key))
            _check_once(given, document, (*path, key))
        for contract in channel.sequences:
            below = (*path, "sequences", contract)
            _check_one(contract, channel.contracts, "contract of the channel", document, below)
        _check_have_peers(topology, channel, document, (*path, "departments"))
        members = {topology.msp_id(department) for department in channel.departments}
        for policy, rule in channel.policies.items():
            _check_principals(rule, members, document, (*path, "policies", policy))
        references = _policy_references(topology, channel)
        for resource, reference in channel.acls.items():
            below = (*path, "acls", resource)
            _check_one(resource, list(CHANNEL_RESOURCES), "resource", document, below)
            _check_one(reference, references, "policy", document, below)
        for contract in channel.contracts:
            _check_addresses(topology, contract, name, document)
            _check_policies(topology, contract, channel, document)
            _check_endorsers(topology, contract, name, document)
        for policy in {"Endorsement", "LifecycleEndorsement"} & channel.policies.keys():
            rule, endorsers = channel.policies[policy], channel_endorsers(topology, channel)
            _check_can_be_met(rule, endorsers, document, (*path, "policies", policy))


def _check_have_peers(
    topology: Topology, channel: Channel, document: Document, path: KeyPath
) -> None:
    for index, department in enumerate(channel.departments):
        if not topology.departments[department].peers:
            document.fail(
                f"{department} has no peers, and its orderers serve every channel", (*path, index)
            )


def _policy_references(topology: Topology, channel: Channel) -> list[str]:
    """Return the names of a channel's policies in ACLs and contracts: those of Application by name too."""
    application = {**APPLICATION_POLICIES, **channel.policies}
    operators = [topology.ordering_msp_id(name) for name in dict.fromkeys(topology.ordering.nodes)]
    members = [topology.msp_id(name) for name in channel.departments]
    groups: dict[str, Iterable[str]] = {
        "/Channel": CHANNEL_POLICIES,
        "/Channel/Orderer": orderer_policies(operators),
        "/Channel/Application": application,
        **{f"/Channel/Orderer/{one}": organization_policies(one) for one in operators},
        **{f"/Channel/Application/{one}": member_policies(one) for one in members},
    }
    paths = [f"{group}/{name}" for group, names in groups.items() for name in names]
    return [*application, *paths]


def _check_addresses(topology: Topology, contract: str, channel: str, document: Document) -> None:
    """Require the address of each department of a channel for a contract that is served elsewhere."""
    addresses = topology.contracts[contract].addresses
    for department in topology.channels[channel].departments:
        if addresses and department not in addresses:
            document.fail(
                f"lacks the address of {department}, which is in the channel {channel}",
                ("contracts", contract, "addresses"),
            )


def _check_policies(
    topology: Topology, contract: str, channel: Channel, document: Document
) -> None:
    """Require that endorsers of a contract and members of its collections are in each of its channels."""
    spec, path = topology.contracts[contract], ("contracts", contract)
    members = {topology.msp_id(department) for department in channel.departments}
    references = _policy_references(topology, channel)
    rules: list[tuple[str | None, KeyPath]] = [(spec.endorsement, (*path, "endorsement"))]
    for config, collection in zip(topology.collections(contract), spec.collections, strict=True):
        below = (*path, "collections", collection)
        kept = "policy" if spec.collections[collection].policy else "members"
        rules += [
            (config.policy, (*below, kept)),
            (config.endorsement_policy, (*below, "endorsement")),
        ]
    for rule, where in rules:
        if rule is not None and rule.startswith("/"):
            _check_one(rule, references, "policy", document, where)
        else:
            _check_principals(rule or "", members, document, where)


def _check_bft(topology: Topology, document: Document) -> None:
    bft = topology.ordering.bft
    if seconds(bft.forward_timeout) > seconds(bft.complain_timeout):
        document.fail(
            f"must not exceed complain_timeout ({bft.complain_timeout})",
            ("ordering", "bft", "forward_timeout"),
        )


def _check_times(topology: Topology, document: Document) -> None:
    if seconds(topology.times.keepalive_interval) < _SHORTEST_KEEPALIVE:
        document.fail(
            f"must be at least {_SHORTEST_KEEPALIVE:.0f}s: gRPC sends no pings more often",
            ("times", "keepalive_interval"),
        )


def _check_endorsers(topology: Topology, contract: str, channel: str, document: Document) -> None:
    """Require that peers can meet the policies of a contract, and spread its private data."""
    spec, path = topology.contracts[contract], ("contracts", contract)
    endorsers = channel_endorsers(topology, topology.channels[channel])
    if spec.endorsement is not None:
        _check_can_be_met(spec.endorsement, endorsers, document, (*path, "endorsement"))
    for config, name in zip(topology.collections(contract), spec.collections, strict=True):
        below = (*path, "collections", name)
        others = endorsers.receivers(config.policy)
        if config.required_peer_count > others:
            document.fail(
                f"{config.required_peer_count} is more than the peers that can get the data from "
                f"another on channel {channel} ({others}): no transaction would be endorsed",
                (*below, "required_peer_count"),
            )
        if config.endorsement_policy is not None:
            own = (*below, "endorsement")
            _check_can_be_met(config.endorsement_policy, endorsers, document, own)


def _check_can_be_met(
    rule: str, endorsers: ChannelEndorsers, document: Document, path: KeyPath
) -> None:
    if endorsers.can_meet(rule):
        return
    wrong = roles_without_peers(rule)
    reason = (
        f"peers endorse, and none has the role {wrong[0]}: write peer or member"
        if wrong
        else "it asks for more peers than the channel has, or for a policy that peers do not meet"
    )
    document.fail(f"nobody can meet this policy: {reason}", path)


def _check_contracts(topology: Topology, document: Document) -> None:
    for name, contract in topology.contracts.items():
        path = ("contracts", name)
        if bool(contract.classes) == bool(contract.addresses):
            document.fail(
                "needs either classes, which contract hosts serve, or the addresses where it is "
                "served elsewhere",
                path,
            )
        _check_once(contract.classes, document, (*path, "classes"))
        for department in contract.addresses:
            below = (*path, "addresses", department)
            _check_one(department, list(topology.departments), "department", document, below)
            if not topology.departments[department].peers:
                document.fail("has no peers that could reach it", below)


def _check_collections(topology: Topology, document: Document) -> None:
    for contract, spec in topology.contracts.items():
        for name, collection in spec.collections.items():
            path = ("contracts", contract, "collections", name)
            if bool(collection.members) == (collection.policy is not None):
                document.fail("needs either members (departments) or a policy", path)
            members = (*path, "members")
            _check_known(collection.members, topology.departments, "department", document, members)
            _check_once(collection.members, document, members)
            if collection.max_peer_count < collection.required_peer_count:
                document.fail(
                    f"must not be below required_peer_count ({collection.required_peer_count})",
                    (*path, "max_peer_count"),
                )


def _check_known(
    given: Iterable[str], known: Iterable[str], kind: str, document: Document, path: KeyPath
) -> None:
    names = list(known)
    for index, name in enumerate(given):
        _check_one(name, names, kind, document, (*path, index))


def _check_one(
    name: str, known: Sequence[str], kind: str, document: Document, path: KeyPath
) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
        document.fail(f"no {kind} named {name}; {hint}", path)


def _check_once(given: Iterable[str], document: Document, path: KeyPath) -> None:
    for name, count in Counter(given).items():
        if count > 1:
            document.fail(f"{name} is given {count} times", path)


def _check_principals(rule: str, members: set[str], document: Document, path: KeyPath) -> None:
    for msp_id in _PRINCIPAL.findall(rule):
        if msp_id not in members:
            known = ", ".join(sorted(members))
            document.fail(f"{msp_id} is not in the channel; its MSP ids are: {known}", path)
