"""Peers."""

from typing import Final

from pyfabric.hfc._gone import attributes, gone
from pyfabric.hfc._nodes import Node, Options

DEFAULT_PEER_ENDPOINT: Final = "localhost:7051"

__all__ = ["DEFAULT_PEER_ENDPOINT", "Peer", "create_peer"]

__getattr__ = attributes(__name__)


class Peer(Node):
    """A peer; nodes speak TLS alone, so that `tls_ca_cert_file` is needed."""

    section = "peers"

    def __init__(
        self,
        name: str = "peer",
        endpoint: str = DEFAULT_PEER_ENDPOINT,
        tls_ca_cert_file: str | bytes | None = None,
        client_key_file: str | bytes | None = None,
        client_cert_file: str | bytes | None = None,
        opts: Options | None = None,
    ) -> None:
        super().__init__(name, endpoint, tls_ca_cert_file, client_key_file, client_cert_file, opts)
        self._channels: list[object] = []

    @property
    def channels(self) -> list[object]:
        """The channels that the program has noted with `join`."""
        return self._channels

    def join(self, chan: object) -> None:
        """Note a channel in `channels`. The peer joins none by it: `Client.channel_join` does that."""
        self._channels.append(chan)

    send_proposal = gone("fabric.peer.Peer.send_proposal")
    send_discovery = gone("fabric.peer.Peer.send_discovery")
    delivery = gone("fabric.peer.Peer.delivery")


def create_peer(
    endpoint: str = DEFAULT_PEER_ENDPOINT,
    tls_cacerts: str | bytes | None = None,
    client_key: str | bytes | None = None,
    client_cert: str | bytes | None = None,
    opts: Options | None = None,
) -> Peer:
    """Return a peer that no profile names."""
    return Peer(
        endpoint=endpoint,
        tls_ca_cert_file=tls_cacerts,
        client_key_file=client_key,
        client_cert_file=client_cert,
        opts=opts,
    )
