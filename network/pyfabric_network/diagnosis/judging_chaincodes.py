"""Judgements about chaincodes: installed, approved, endorsed, served."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from fabric_protos.peer import collection_pb2, proposal_response_pb2

from pyfabric.admin.definition_checks import check_definition
from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.errors import IdentityError, PolicyError
from pyfabric.identity.principals import check_principal
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.discovery.endorsement import ChannelView, Member
from pyfabric.rules.discovery.policies import DefinedChaincode, required_policies
from pyfabric.rules.discovery.principals import Principal, principal_sets
from pyfabric_network.diagnosis.facts import (
    ChannelFacts,
    DefinitionFacts,
    Facts,
    NodeFacts,
    SeenPeer,
)
from pyfabric_network.diagnosis.findings import Finding, Unmade


def installed(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find departments that cannot run what their channels have committed."""
    approved = {
        (one.channel, one.chaincode, one.msp_id): one
        for view in facts.views
        for one in view.approvals
    }
    for (channel, chaincode), definition in facts.definitions().items():
        for msp_id in facts.configs[channel].application_organizations.keys() & facts.covered:
            peers = [one for one in facts.nodes("peer") if one.own and one.msp_id == msp_id]
            present = [one for one in peers if channel in one.heights]
            approval = approved.get((channel, chaincode, msp_id))
            if all(one.installed is None for one in present):
                for node in present:
                    yield Unmade(msp_id, f"{node.name} lists packages to administrators alone")
            elif approval is None or approval.sequence < definition.sequence:
                yield Finding(
                    f"{chaincode} on {channel}",
                    msp_id,
                    f"{facts.title(msp_id)} has not approved sequence {definition.sequence}: its peers "
                    "do not run it",
                )
            elif approval.package_id is not None:
                yield from _without(approval.package_id, f"{chaincode} on {channel}", present)


def _without(
    package_id: str, subject: str, peers: Sequence[NodeFacts]
) -> Iterator[Finding | Unmade]:
    """Find the peers that have not got a package."""
    for node in peers:
        if node.installed is not None and package_id not in node.installed:
            yield Finding(
                subject, node.msp_id, f"{package_id} is approved and not installed on {node.name}"
            )


def packages(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find packages with one label and different contents that departments approved for one chaincode."""
    approvals = sorted(
        {
            (one.channel, one.chaincode, one.sequence, one.package_id, one.msp_id)
            for view in facts.views
            for one in view.approvals
            if one.package_id is not None
        }
    )
    for (channel, chaincode, _), same in groupby(approvals, key=lambda one: one[:3]):
        ids: dict[str, dict[str, list[str]]] = {}
        for *_, package_id, msp_id in same:
            label = package_id.rpartition(":")[0]
            ids.setdefault(label, {}).setdefault(package_id, []).append(msp_id)
        for label, by_id in ids.items():
            if len(by_id) > 1:
                whose = "; ".join(
                    f"{', '.join(map(facts.title, owners))} {package_id.rpartition(':')[2][:12]}…"
                    for package_id, owners in by_id.items()
                )
                yield Finding(
                    f"{chaincode} on {channel}", "", f"packages labelled {label} differ: {whose}"
                )


def endorsement(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find chaincodes whose endorsement policy no set of the peers that answer can satisfy."""
    for channel in _one_each(facts):
        config = facts.configs[channel.name]
        members = list(_live(facts, channel, config))
        for definition in channel.definitions:
            defined = _defined(definition)
            view = ChannelView(config, {definition.name: defined}.get, members)
            try:
                view.endorsers(_interest(definition.name))
            except PolicyError as error:
                yield Finding(
                    f"{definition.name} on {channel.name}",
                    "",
                    f"{error}: {_lacking(facts, channel, config, defined, members)}",
                )


def collections(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find collections that the peers which answer cannot serve, or whose readers endorse nothing in them."""
    for channel in _one_each(facts):
        config = facts.configs[channel.name]
        peers = Counter(one.endorser.msp_id for one in _live(facts, channel, config))
        for one in channel.definitions:
            definition = ChaincodeDefinition(
                name=one.name,
                version=one.version,
                sequence=one.sequence,
                endorsement_policy=one.policy,
                collections=one.collections,
            )
            found = check_definition(
                definition,
                channel=channel.name,
                config=config.raw.SerializeToString(),
                committed=replace(definition, sequence=one.sequence - 1),
                peers=peers,
            )
            for warning in found:
                if warning.message.startswith("collection "):  # the rest is the policy's own
                    yield Finding(f"{one.name} on {channel.name}", "", warning.message)


def contracts(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find contracts that a department does not serve to its peers."""
    for view in facts.views:
        for one in view.services:
            if one.problem is not None:
                yield Finding(f"{one.label} at {one.address}", one.msp_id, one.problem)


def _one_each(facts: Facts) -> Iterator[ChannelFacts]:
    seen = set()
    for channel in facts.channels():
        if channel.name not in seen:
            seen.add(channel.name)
            yield channel


def _live(facts: Facts, channel: ChannelFacts, config: ChannelConfig) -> Iterator[Member[SeenPeer]]:
    """Yield the peers that discovery reports, without those that do not answer."""
    dead = {node.address for node in facts.nodes("peer") if not node.lives}
    for peer in channel.peers:
        msp = config.msp_manager.msps.get(peer.msp_id)
        if msp is not None and peer.address not in dead:
            yield Member(peer, msp.identity(peer.certificate), peer.chaincodes)


def _defined(one: DefinitionFacts) -> DefinedChaincode:
    collections = decode(collection_pb2.CollectionConfigPackage, one.collections)
    return DefinedChaincode(one.name, one.sequence, one.policy, collections)


def _interest(chaincode: str) -> proposal_response_pb2.ChaincodeInterest:
    call = proposal_response_pb2.ChaincodeCall(name=chaincode)
    return proposal_response_pb2.ChaincodeInterest(chaincodes=[call])


def _lacking(
    facts: Facts,
    channel: ChannelFacts,
    config: ChannelConfig,
    defined: DefinedChaincode,
    members: list[Member[SeenPeer]],
) -> str:
    """Return, for the way to satisfy the policy that lacks least, each department it lacks and why."""
    able = [one for one in members if one.chaincodes.get(defined.name) == defined.version]
    try:
        (policy,) = required_policies(defined, (), config)
        ways = [_missing(way, able) for way in principal_sets(policy)]
    except PolicyError as error:
        return str(error)
    least = min(ways, key=lambda one: sum(one.values()), default={})
    return (
        "; ".join(
            f"{count} more {'peer' if count == 1 else 'peers'} of {facts.title(msp_id)} "
            f"{'is' if count == 1 else 'are'} needed ({_why(facts, channel, config, defined, msp_id)})"
            for msp_id, count in least.items()
        )
        or "nobody can satisfy it"
    )


def _missing(way: tuple[Principal, ...], able: list[Member[SeenPeer]]) -> dict[str, int]:
    """Return how many peers of each department a way lacks; each peer counts once."""
    free, found = list(able), dict[str, int]()
    for principal in way:
        match = next((one for one in free if _is(one, principal)), None)
        if match is None:
            found[principal.msp_id] = found.get(principal.msp_id, 0) + 1
        else:
            free.remove(match)
    return found


def _is(member: Member[SeenPeer], principal: Principal) -> bool:
    try:
        check_principal(member.identity, principal.message())
    except IdentityError:
        return False
    return True


def _why(
    facts: Facts,
    channel: ChannelFacts,
    config: ChannelConfig,
    defined: DefinedChaincode,
    msp_id: str,
) -> str:
    """Return why a department has not enough peers that endorse."""
    if msp_id not in config.application_organizations:
        return f"it is no member of {channel.name}"
    seen = {peer.address: peer for peer in channel.peers if peer.msp_id == msp_id}
    reasons = [
        f"{node.name}: {node.probe.encounter}"
        for node in facts.nodes("peer")
        if node.msp_id == msp_id and not node.lives and not node.only_anchor
    ]
    dead = {node.address for node in facts.nodes("peer") if not node.lives}
    reasons += [
        f"{address} does not run sequence {defined.version}"
        for address, peer in seen.items()
        if address not in dead and peer.chaincodes.get(defined.name) != defined.version
    ]
    return ", ".join(reasons) or f"{channel.peer} knows {len(seen)} of them"
