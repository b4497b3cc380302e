"""The orderers of this process that take part in the ordering of a channel, and which of them are consenters."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.consensus import BFT
from pyfabric.rules.configuration.channel_config import ChannelConfig, Consenter
from pyfabric.rules.consensus import bft


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
        if config.consensus_type == BFT:
            own = _key(self.signer.identity.certificate)
            return next((one for one in config.consenters if _key(one.identity) == own), None)
        own = _key(self.tls_certificate)
        for one in config.consenters:
            if own in (_key(one.client_tls_certificate), _key(one.server_tls_certificate)):
                return one
        return None


def quorum(config: ChannelConfig) -> int:
    """Return the number of consenters without which no block is made."""
    count = len(config.consenters)
    return bft.quorum(count) if config.consensus_type == BFT else count // 2 + 1


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
        """Return whether there are enough consenters for a block to be made."""
        return len(self.consenters(config)) >= quorum(config)


def _key(certificate: bytes) -> CertificatePublicKeyTypes:
    return load_certificate(certificate).public_key()
