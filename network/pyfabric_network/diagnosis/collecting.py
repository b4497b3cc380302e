"""Collecting what can be seen of a network: its nodes side by side, then the others that channels name."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from pyfabric.client.effects import Endpoint
from pyfabric.errors import FabricError
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import join
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric_network.diagnosis.asking import Answer, ask, heights, looked_at
from pyfabric_network.diagnosis.asking_authorities import ask_authority, facts_of
from pyfabric_network.diagnosis.facts import (
    AuthorityFacts,
    ChannelFacts,
    Encounter,
    NodeFacts,
    NodeKind,
    ProbeFacts,
    RevocationFacts,
    View,
    read_configs,
)
from pyfabric_network.diagnosis.probing import SECONDS
from pyfabric_network.diagnosis.sights import Sight, Target, sight_of_profile
from pyfabric_network.parallel import within
from pyfabric_network.profile import Profile

_ASKING_SECONDS: Final = 25.0
_CATCHING_UP_SECONDS: Final = 6.0
_PAUSE: Final = 0.5


def view_from_profile(profile: Profile, user: str, *, now: datetime) -> View:
    """Return what a department sees through its profile, as its Admin, or as `user` where that is elsewhere.

    Without the keys of either, nodes are looked at from outside alone. Raises NetworkError.
    """
    return collect(sight_of_profile(profile, user), now=now)


def collect(sight: Sight, *, now: datetime) -> View:
    """Look at everything, and return what was seen. Takes some seconds longer where nodes hang or lag."""
    answers = _ask(sight, sight.targets)
    configs = read_configs(item for one in answers for item in one.configs.items())
    answers = [_of_members(one, configs) for one in answers]
    authorities = _ask_authorities(sight)
    nodes = [one.node for one in answers]
    channels = tuple(channel for one in answers for channel in one.channels)
    blocks = _most_blocks(nodes)
    nodes = _caught_up(sight, nodes, blocks)
    nodes += [one.node for one in _ask(sight, _others(sight, channels, configs))]
    nodes = [one if one.msp_id else replace(one, msp_id=_ordering(configs, one)) for one in nodes]
    return View(
        network=sight.network,
        taken=now,
        own=sight.own,
        departments={**_groups(configs), **sight.departments},
        nodes=tuple(nodes),
        channels=channels,
        configs={name: one.raw.SerializeToString() for name, one in configs.items()},
        approvals=tuple(dict.fromkeys(approval for one in answers for approval in one.approvals)),
        certificates=sight.certificates,
        revocations=(*sight.revocations, *_lists(authorities)),
        authorities=authorities,
        services=sight.services,
        folders=sight.folders,
        ports=sight.ports,
        unfinished=sight.unfinished,
        blocks=blocks,
        absent=sight.absent,
    )


def _ask(sight: Sight, targets: Sequence[Target]) -> list[Answer]:
    calls = [partial(ask, one, sight.actors.get(one.msp_id)) for one in targets]
    silent = ProbeFacts(Encounter.SILENT)
    return [
        found or Answer(replace(looked_at(one, silent), unasked=str(Encounter.SILENT)))
        for one, found in zip(targets, within(calls, _ASKING_SECONDS), strict=True)
    ]


def _ask_authorities(sight: Sight) -> tuple[AuthorityFacts, ...]:
    calls = [partial(ask_authority, *one) for one in sight.authorities]
    return tuple(
        found or replace(facts_of(*one), problem=str(Encounter.SILENT))
        for one, found in zip(sight.authorities, within(calls, _ASKING_SECONDS), strict=True)
    )


def _lists(authorities: Iterable[AuthorityFacts]) -> Iterator[RevocationFacts]:
    """Yield what CA servers have revoked."""
    for one in authorities:
        if one.revocations:
            yield RevocationFacts(one.msp_id, f"{one.name} at {one.address}", one.revocations)


def _most_blocks(nodes: Sequence[NodeFacts]) -> dict[str, int]:
    most: dict[str, int] = {}
    for node in nodes:
        for channel, height in _heights(node).items():
            most[channel] = max(height, most.get(channel, 0))
    return most


def _heights(node: NodeFacts) -> dict[str, int]:
    return {**node.heights, **{name: part.height for name, part in node.parts.items()}}


def _caught_up(sight: Sight, nodes: Sequence[NodeFacts], blocks: dict[str, int]) -> list[NodeFacts]:
    """Give nodes that are behind some seconds to fetch what others had."""
    targets = {one.address: one for one in sight.targets}

    def again(node: NodeFacts) -> NodeFacts:
        if _is_behind(node, blocks):
            target = targets[node.address]
            call = partial(heights, target, sight.actors.get(target.msp_id))
            return poll(
                lambda: _with_heights(node, call),
                until=lambda found: not _is_behind(found, blocks),
                every=_PAUSE,
                timeout=_CATCHING_UP_SECONDS,
            )
        return node

    calls = [partial(again, one) for one in nodes]
    found = within(calls, _CATCHING_UP_SECONDS + SECONDS)
    return [after or before for before, after in zip(nodes, found, strict=True)]


def _is_behind(node: NodeFacts, blocks: dict[str, int]) -> bool:
    return any(height < blocks[channel] for channel, height in _heights(node).items())


def _with_heights(node: NodeFacts, call: Callable[[], Mapping[str, int]]) -> NodeFacts:
    try:
        found = call()
    except FabricError:
        return node
    return replace(
        node,
        heights={name: found.get(name, height) for name, height in node.heights.items()},
        parts={
            name: replace(part, height=found.get(name, part.height))
            for name, part in node.parts.items()
        },
    )


def _of_members(answer: Answer, configs: Mapping[str, ChannelConfig]) -> Answer:
    """Return an answer without what concerns former members of channels.

    Their peers keep the blocks up to then, and gossip lists them for a while.
    """
    node = answer.node

    def is_member(channel: str, msp_id: str) -> bool:
        return channel not in configs or msp_id in configs[channel].application_organizations

    if node.kind == "orderer":
        return answer
    return replace(
        answer,
        node=replace(
            node,
            heights={
                name: height
                for name, height in node.heights.items()
                if is_member(name, node.msp_id)
            },
        ),
        channels=tuple(
            replace(
                one, peers=tuple(peer for peer in one.peers if is_member(one.name, peer.msp_id))
            )
            for one in answer.channels
            if is_member(one.name, node.msp_id)
        ),
    )


def _groups(configs: Mapping[str, ChannelConfig]) -> dict[str, str]:
    """Return the names that channels' configurations have for their members, by MSP id."""
    return {
        one.msp_id: one.name
        for config in configs.values()
        for members in (config.orderer_organizations, config.application_organizations)
        for one in members.values()
    }


def _others(
    sight: Sight, channels: Sequence[ChannelFacts], configs: Mapping[str, ChannelConfig]
) -> tuple[Target, ...]:
    """Return the nodes that channels name and that were not looked at: peers of others, and orderers."""
    seen = {one.address for one in sight.targets}
    own = [one.endpoint for one in sight.targets if one.endpoint.client_certificate is not None]
    found: dict[str, Target] = {}
    for target in _named(channels, configs):
        if target.address not in seen:
            name = sight.names.get(target.address, target.name)
            shown = _showing(target, own)
            known = found.setdefault(target.address, replace(shown, name=name))
            expected = tuple(dict.fromkeys((*known.expected, *target.expected)))
            found[target.address] = replace(known, expected=expected)
    return tuple(found.values())


def _showing(target: Target, own: Sequence[Endpoint]) -> Target:
    """Return a node of another department, shown the client certificate that the own nodes are shown, if any."""
    if not own:
        return target
    shown = replace(
        target.endpoint,
        client_certificate=own[0].client_certificate,
        client_key=own[0].client_key,
    )
    return replace(target, endpoint=shown)


def _named(
    channels: Sequence[ChannelFacts], configs: Mapping[str, ChannelConfig]
) -> Iterator[Target]:
    for name, config in configs.items():
        for peer in (peer for one in channels if one.name == name for peer in one.peers):
            yield _target(config, "peer", peer.msp_id, peer.address)
        for member in config.application_organizations.values():
            for address in member.anchor_peers:
                yield replace(_target(config, "peer", member.msp_id, address), only_anchor=True)
        for consenter in config.consenters:
            address = join(consenter.host, consenter.port)
            yield _target(config, "orderer", consenter.msp_id, address)
        for address in config.orderer_addresses:
            yield _target(config, "orderer", "", address)


def _target(config: ChannelConfig, kind: NodeKind, msp_id: str, address: str) -> Target:
    """Return a node of another department; its TLS certificate must be of a CA of the department's MSP."""
    owners = [msp_id] if msp_id else list(config.orderer_organizations)
    found = [
        one
        for owner in owners
        for one in config.msp_manager.msps[owner].definition.tls_root_certificates
    ]
    return Target(
        name=address,
        kind=kind,
        msp_id=msp_id,
        address=address,
        endpoint=Endpoint(address=address, tls_roots=b"\n".join(found)),
        expected=(config.channel_id,),
    )


def _ordering(configs: Mapping[str, ChannelConfig], orderer: NodeFacts) -> str:
    """Return the organisation of an orderer by its address; empty if none publishes it."""
    owners = (one for config in configs.values() for one in config.orderer_organizations.values())
    places = {orderer.address, orderer.outside}
    return next((one.msp_id for one in owners if places & set(one.endpoints)), "")
