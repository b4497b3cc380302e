"""Judgements about the ordering service: quorum, leaders, consenters and followers."""

from collections.abc import Iterator

from pyfabric.errors import IdentityError
from pyfabric.identity.certificates import load_certificate
from pyfabric.messages.addresses import join
from pyfabric.rules.consensus.types import consensus_type
from pyfabric_network.diagnosis.facts import Facts
from pyfabric_network.diagnosis.findings import Finding, Unmade

_ACTIVE = "active"
_FOLLOWER = "follower"


def quorum(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find channels with too few consenters that answer, or without a leader."""
    nodes = {node.address: node for node in facts.nodes("orderer")}
    for channel, config in facts.configs.items():
        consenters = [join(one.host, one.port) for one in config.consenters]
        for address in (one for one in consenters if one not in nodes):
            yield Unmade("", f"the consenter {address} of {channel} was not looked for")
        for node in (nodes[one] for one in consenters if one in nodes and not nodes[one].own):
            yield Unmade(node.msp_id, f"its own department alone sees whether {node.name} leads")
        dead = [one for one in consenters if one in nodes and not nodes[one].lives]
        needed = consensus_type(config).quorum(len(consenters))
        if len(consenters) - len(dead) < needed:
            yield Finding(
                channel,
                "",
                f"{len(consenters) - len(dead)} of {len(consenters)} orderers answer, and ordering "
                f"needs {needed}: {', '.join(nodes[one].name for one in dead)} do not",
            )
            continue
        leads = [
            nodes[one].parts[channel].leads for one in consenters if _serves(facts, one, channel)
        ]
        if (
            leads
            and len(leads) == len(consenters) - len(dead)
            and not any(leads)
            and None not in leads
        ):
            yield Finding(channel, "", "its orderers have no leader")


def _serves(facts: Facts, address: str, channel: str) -> bool:
    return any(node.address == address and channel in node.parts for node in facts.nodes("orderer"))


def consenters(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find orderers whose TLS certificate is not the one in the configuration.

    Fabric compares public keys, so that a certificate may be renewed (common/crypto/expiration.go).
    """
    nodes = {node.address: node for node in facts.nodes("orderer")}
    for channel, config in facts.configs.items():
        for one in config.consenters:
            node = nodes.get(join(one.host, one.port))
            if node is None or not node.probe.certificate:
                continue
            if _key(node.probe.certificate) != _key(one.server_tls_certificate):
                yield Finding(
                    node.name,
                    node.msp_id,
                    f"shows another TLS certificate than the configuration of {channel} has for it",
                )


def followers(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find orderers that only follow a channel, or that are not active there."""
    for node in (node for node in facts.nodes("orderer") if node.own):
        for channel, part in node.parts.items():
            if part.relation == _FOLLOWER:
                yield Finding(
                    node.name, node.msp_id, f"only follows {channel}: it is no consenter of it"
                )
            elif part.status != _ACTIVE:
                yield Finding(node.name, node.msp_id, f"is {part.status} on {channel}")


def _key(certificate: bytes) -> object:
    try:
        return load_certificate(certificate).public_key()
    except (IdentityError, ValueError):
        return None
