"""The orderers of this process that take part in the ordering of a channel, and which of them are consenters."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.signing import SigningIdentity
from pyfabric.rules.configuration.channel_config import ChannelConfig, Consenter
from pyfabric.rules.consensus.types import consensus_type


@dataclass(frozen=True, slots=True)
class OrderingNode:
    """An orderer: its name in this process, who it is, and its server's certificate (PEM).

    Raft channels know a consenter by its TLS certificates, BFT channels by its identity; another
    certificate for the same key will do.
    """

    name: str
    signer: SigningIdentity
    tls_certificate: bytes = field(repr=False)

    def consenter(self, config: ChannelConfig) -> Consenter | None:
        """Return the consenter that this node is on a channel."""
        kind = consensus_type(config)
        known_by = (
            self.signer.identity.certificate if kind.names_identities else self.tls_certificate
        )
        own = _key(known_by)
        for one in config.consenters:
            if own in map(_key, kind.certificates(one)):
                return one
        return None


class Participants:
    """The orderers of this process that have joined a channel, and which of them are its consenters."""

    def __init__(self) -> None:
        self._nodes: dict[str, OrderingNode] = {}
        self._config: ChannelConfig | None = None
        self._consenters: Mapping[str, tuple[Consenter, SigningIdentity]] = {}
        self.changed = asyncio.Event()

    def alone(self, name: str) -> bool:
        """Return whether an orderer is the only participant."""
        return set(self._nodes) == {name}

    def add(self, node: OrderingNode) -> None:
        """Add an orderer that has joined."""
        self._nodes[node.name] = node
        self._config = None
        self.changed.set()

    def remove(self, name: str) -> None:
        """Remove an orderer that has left."""
        del self._nodes[name]
        self._config = None

    def consenters(self, config: ChannelConfig) -> Mapping[str, tuple[Consenter, SigningIdentity]]:
        """Return the participants that are consenters, with their signers, by name, in the order of joining.

        The first one leads a Raft channel.
        """
        if config is not self._config:
            found = [(name, node, node.consenter(config)) for name, node in self._nodes.items()]
            self._consenters = {
                name: (one, node.signer) for name, node, one in found if one is not None
            }
            self._config = config
        return self._consenters

    def suffice(self, config: ChannelConfig) -> bool:
        """Return whether enough consenters are in this process for a block to be made."""
        quorum = consensus_type(config).quorum(len(config.consenters))
        return len(self.consenters(config)) >= quorum


def _key(certificate: bytes) -> CertificatePublicKeyTypes:
    return load_certificate(certificate).public_key()
