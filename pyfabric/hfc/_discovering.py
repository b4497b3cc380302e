"""What discovery reports, as nested dicts and as nodes of the client."""

from collections.abc import Iterable, Mapping
from typing import Any

from pyfabric.admin.discovery import DiscoveredConfig, DiscoveredPeer
from pyfabric.hfc._nodes import Node
from pyfabric.hfc.fabric.orderer import Orderer
from pyfabric.hfc.fabric.peer import Peer
from pyfabric.messages.addresses import split


def peers_by_organization(peers: Iterable[DiscoveredPeer]) -> dict[str, Any]:
    """Return peers by MSP id, each with address, certificate, height and chaincodes (0 and none without a channel)."""
    found: dict[str, Any] = {}
    for peer in sorted(peers, key=lambda one: one.address):
        shown = {
            "mspid": peer.msp_id,
            "id_bytes": peer.certificate_pem.decode(),
            "endpoint": peer.address,
            "ledger_height": peer.ledger_height,
            "chaincodes": [
                {"name": name, "version": version} for name, version in peer.chaincodes.items()
            ],
        }
        found.setdefault(peer.msp_id, {"peers": []})["peers"].append(shown)
    return found


def add_nodes(
    peers: dict[str, Peer],
    orderers: dict[str, Orderer],
    found: Iterable[DiscoveredPeer],
    config: DiscoveredConfig,
) -> None:
    """Add the nodes of a channel that the client does not know, under their host's name, or host:port where it is taken."""
    roots = {msp_id: b"\n".join(one.tls_root_certificates) for msp_id, one in config.msps.items()}
    for peer in found:
        _add(peers, Peer, peer.address, roots.get(peer.msp_id, b""))
    for msp_id, addresses in config.orderers.items():
        for address in addresses:
            _add(orderers, Orderer, address, roots.get(msp_id, b""))


def _add(
    known: dict[str, Any], kind: type[Peer] | type[Orderer], address: str, roots: bytes
) -> None:
    nodes: Mapping[str, Node] = known
    if any(one.endpoint == address for one in nodes.values()):
        return
    host = split(address)[0]
    name = address if host in known else host
    known[name] = kind(name=name, endpoint=address, tls_ca_cert_file=roots)
