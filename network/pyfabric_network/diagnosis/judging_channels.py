"""Judgements about channels and the peers on them: anchors, membership, joining, heights, capabilities."""

import re
from collections.abc import Iterator
from typing import Final

from pyfabric.errors import ConfigError
from pyfabric.rules.configuration.succession import (
    check_orderer_support,
    check_peer_support,
    unknown_capabilities,
)
from pyfabric_network.diagnosis.facts import Facts, NodeFacts
from pyfabric_network.diagnosis.findings import Finding, Unmade

_UNSUPPORTED: Final = re.compile(r"\w+ capability \S+ is required but not supported")
_RELEASE: Final = re.compile(r"v?(\d+)\.(\d+)\.\d+")


def anchors(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find departments that no anchor peer introduces to the others, and anchors that are no peers of theirs."""
    nodes = {node.address: node for node in facts.nodes("peer")}
    for channel, config in facts.configs.items():
        members = config.application_organizations
        for msp_id, member in members.items():
            name, known = facts.title(msp_id), _known_peers(facts, msp_id)
            if not member.anchor_peers and len(members) > 1:
                yield Finding(channel, msp_id, f"{name} has no anchor peer")
            for address in member.anchor_peers:
                lives = address in nodes and nodes[address].lives
                if known and address not in known:
                    peers = ", ".join(sorted(known))
                    yield Finding(
                        channel,
                        msp_id,
                        f"{name}'s anchor {address} is no peer of it; its peers: {peers}",
                    )
                elif not lives:
                    met = nodes[address].probe.encounter
                    yield Finding(channel, msp_id, f"{name}'s anchor {address}: {met}")


def _known_peers(facts: Facts, msp_id: str) -> set[str]:
    """Return the addresses of a department's peers, apart from what configurations say."""
    peers = facts.nodes("peer")
    return {one.address for one in peers if one.msp_id == msp_id and not one.only_anchor}


def membership(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find peers that do not know all peers of their channels."""
    for channel in facts.channels():
        known = {one.address for one in channel.peers}
        missing = [node for node in _members(facts, channel.name) if node.address not in known]
        for node in missing:
            yield Finding(channel.peer, node.msp_id, f"does not know {node.name} on {channel.name}")
        present = {one.msp_id for one in channel.peers} | {node.msp_id for node in missing}
        for msp_id in facts.configs[channel.name].application_organizations:
            if msp_id not in present:
                yield Finding(
                    channel.peer,
                    msp_id,
                    f"knows no peer of {facts.title(msp_id)} on {channel.name}",
                )


def _members(facts: Facts, channel: str) -> Iterator[NodeFacts]:
    """Yield the peers that have joined a channel, as far as their own departments say."""
    return (node for node in facts.nodes("peer") if channel in node.heights)


def joined(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find nodes that have not joined a channel that they should have."""
    for node in (node for node in facts.nodes() if node.own and not node.unasked):
        has = node.heights if node.kind == "peer" else node.parts
        for channel in node.expected:
            if channel not in has:
                yield Finding(node.name, node.msp_id, f"has not joined {channel}")


def heights(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find nodes that did not come to have the blocks that others had some seconds before."""
    for view in facts.views:
        known: dict[str, int] = {}
        for earlier in (one for one in facts.views if one.taken <= view.taken):
            for channel, height in earlier.blocks.items():
                known[channel] = max(height, known.get(channel, 0))
        for node in (node for node in view.nodes if node.own and not node.unasked):
            mine = {**node.heights, **{name: part.height for name, part in node.parts.items()}}
            for channel, height in mine.items():
                if height < known.get(channel, 0):
                    yield Finding(
                        node.name,
                        node.msp_id,
                        f"has {height} of {known[channel]} blocks of {channel}",
                    )


def capabilities(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find capabilities that no release knows, or not that of a node which should serve the channel."""
    for node in facts.nodes():
        if said := _UNSUPPORTED.search(node.state):
            yield Finding(node.name, node.msp_id, f"it has stopped: {said[0]}")
    for channel, config in facts.configs.items():
        for check in (check_orderer_support, check_peer_support):
            try:
                check(config)
            except ConfigError as error:
                yield Finding(channel, "", f"Fabric 3.1: {error}")
        for node in (one for one in facts.nodes() if one.own and channel in one.expected):
            release = _release(node)
            # Where none is known, a node that serves the channel knows its capabilities: others stop.
            if release is None:
                continue
            unknown = unknown_capabilities(config, release)
            if unknown:
                yield Finding(
                    node.name,
                    node.msp_id,
                    f"release {'.'.join(map(str, release))} does not know what {channel} asks for: "
                    + ", ".join(unknown),
                )


def _release(node: NodeFacts) -> tuple[int, int] | None:
    """Return a node's release of Fabric; None for the development ledger and builds of one's own."""
    text = "" if node.operations is None else node.operations.version
    found = _RELEASE.fullmatch(text)
    return (int(found[1]), int(found[2])) if found and int(found[1]) else None
