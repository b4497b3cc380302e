"""The parts of a connection profile as the client holds them: organisations, nodes, certificate authorities."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyfabric.errors import ClientError, NetworkError
from pyfabric.hfc.fabric.certificateAuthority import certificateAuthority, create_ca
from pyfabric.hfc.fabric.orderer import Orderer
from pyfabric.hfc.fabric.organization import Organization
from pyfabric.hfc.fabric.peer import Peer
from pyfabric.hfc.util.keyvaluestore import FileKeyValueStore, KeyValueStore
from pyfabric.local.documents import read_document
from pyfabric.local.fields import FieldError, Fields


@dataclass(frozen=True, slots=True)
class Parts:
    """What a profile has, by name; `document` is the profile itself."""

    document: dict[str, Any]
    store: KeyValueStore | None
    organizations: Mapping[str, Organization]
    peers: Mapping[str, Peer]
    orderers: Mapping[str, Orderer]
    authorities: Mapping[str, certificateAuthority]


def read_parts(file: Path) -> Parts:
    """Read a profile, JSON or YAML, in any form that Fabric's SDKs read. Raises ClientError that names file and key."""
    try:
        document = read_document(file)
        return _parts(document, Fields(document), file)
    except (FieldError, NetworkError) as error:
        where = "" if isinstance(error, NetworkError) else f"{file}: "
        raise ClientError(f"the connection profile cannot be used: {where}{error}") from error


def _parts(document: dict[str, Any], fields: Fields, file: Path) -> Parts:
    place = fields.part("client", {}).part("credentialStore", {}).optional_text("path")
    store = FileKeyValueStore(place) if place else None
    organizations = {
        name: Organization(name, store) for name in fields.named("organizations").names()
    }
    for organization in organizations.values():
        organization.init_from(document, file)
    peers = {name: Peer(name) for name in fields.named("peers").names()}
    orderers = {name: Orderer(name) for name in fields.named("orderers").names()}
    for node in (*peers.values(), *orderers.values()):
        node.init_from(document, file)
    authorities = fields.named("certificateAuthorities")
    made = {name: create_ca(name, authorities.value(name)) for name in authorities.names()}
    return Parts(document, store, organizations, peers, orderers, made)
