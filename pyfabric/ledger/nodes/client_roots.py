"""The CAs whose clients a node serves under mutual TLS: its own, and those of the channels that it has joined.

Each connection is judged by the channels as they are then. Source: updateTrustedRoots in core/peer/peer.go and
orderer/common/server/main.go of Fabric 3.1.
"""

from collections.abc import Callable
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.peer.peer import Peer
from pyfabric.local import files


def peer_client_roots(peer: Peer, own: Path | None) -> Callable[[], bytes] | None:
    """Return what makes the bundle (PEM) of a peer; None if there is no file with its own: TLS is not mutual.

    Of a channel's members it takes those of the Application group alone. Raises NetworkError.
    """

    def found() -> tuple[bytes, ...]:
        configs = [joined.config for joined in tuple(peer.joined.values())]
        return tuple(
            authority
            for config in configs
            for authority in config.tls_authorities(config.application_organizations)
        )

    return _bundle(own, found)


def orderer_client_roots(orderer: Orderer, own: Path | None) -> Callable[[], bytes] | None:
    """Return what makes the bundle (PEM) of an orderer, which takes all members; see `peer_client_roots`."""

    def found() -> tuple[bytes, ...]:
        configs = [chain.channel.config for chain in tuple(orderer.joined.values())]
        return tuple(
            authority
            for config in configs
            for authority in config.tls_authorities(
                config.application_organizations, config.orderer_organizations
            )
        )

    return _bundle(own, found)


def _bundle(
    own: Path | None, of_channels: Callable[[], tuple[bytes, ...]]
) -> Callable[[], bytes] | None:
    if own is None:
        return None
    with files.reported(own, NetworkError):
        first = own.read_bytes()
    return lambda: b"\n".join(dict.fromkeys((first, *of_channels())))
