"""The client's profile: its organisations with their users, its nodes, and the channels that the program made known."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pyfabric.admin import discovery
from pyfabric.client.effects import Endpoint, Flow
from pyfabric.errors import ClientError, GatewayError, StatusCode
from pyfabric.hfc._discovering import add_nodes
from pyfabric.hfc._profiles import read_parts
from pyfabric.hfc._running import Runner
from pyfabric.hfc.fabric.certificateAuthority import certificateAuthority
from pyfabric.hfc.fabric.channel.channel import Channel
from pyfabric.hfc.fabric.orderer import Orderer
from pyfabric.hfc.fabric.organization import Organization, create_org
from pyfabric.hfc.fabric.peer import Peer
from pyfabric.hfc.fabric.transaction.tx_context import TXContext
from pyfabric.hfc.fabric.user import User, signing_identity
from pyfabric.hfc.util.crypto.crypto import Ecies
from pyfabric.hfc.util.keyvaluestore import KeyValueStore

T = TypeVar("T")

_LOGGER = logging.getLogger("pyfabric.hfc")


class NetworkClient:
    """What a connection profile describes. Without one, peers and users are made by hand."""

    state_store: KeyValueStore | None = None
    """The store in which users are kept: that of the profile's client.credentialStore.path."""
    crypto_suite: Ecies | None = None
    """What a program notes; users have their own."""
    tx_context: TXContext | None = None
    """For whom `sign_channel_config` signs."""

    def __init__(self, net_profile: str | None = None) -> None:
        self.network_info: dict[str, Any] = {}
        self.kv_store_path: str | None = None
        self.runner = Runner()
        self._organizations: dict[str, Organization] = {}
        self._peers: dict[str, Peer] = {}
        self._orderers: dict[str, Orderer] = {}
        self._CAs: dict[str, certificateAuthority] = {}
        self._channels: dict[str, Channel] = {}
        if net_profile:
            self.init_with_net_profile(net_profile)

    def init_with_net_profile(self, profile_path: str = "network.json") -> None:
        """Read a connection profile, JSON or YAML; certificates and users are read when they are needed.

        Relative paths in it start at its folder, or else at the working directory. Raises ClientError.
        """
        parts = read_parts(Path(profile_path))
        self.network_info, self.state_store = parts.document, parts.store
        self.kv_store_path = self.get_net_info("client", "credentialStore", "path")
        self._organizations.update(parts.organizations)
        self._peers.update(parts.peers)
        self._orderers.update(parts.orderers)
        self._CAs.update(parts.authorities)

    async def init_with_discovery(
        self, requestor: User, peer_target: Peer, channel_name: str | None = None
    ) -> None:
        """Add the organisations, peers and orderers of a channel that a peer knows; without a channel the peer alone.

        Raises DiscoveryError when the peer refuses.
        """
        self._peers[peer_target.name] = peer_target
        peer, identity = peer_target.target, signing_identity(requestor)
        if channel_name is None:
            await self.runner.run(discovery.discover_local_peers(peer, identity))
            return
        found = await self.runner.run(discovery.discover_peers(peer, identity, channel_name))
        config = await self.runner.run(discovery.discover_config(peer, identity, channel_name))
        self.new_channel(channel_name)
        for msp_id in config.msps:
            known = create_org(msp_id, {"mspid": msp_id}, self.state_store)
            self._organizations.setdefault(msp_id, known)
        add_nodes(self._peers, self._orderers, found, config)

    async def close_grpc_channels(self) -> None:
        """Close the connections to peers and orderers; the next call makes others."""
        await self.runner.close()

    def set_tls_client_cert_and_key(
        self, client_key_file: str | None = None, client_cert_file: str | None = None
    ) -> bool:
        """Set the certificate and key that all peers and orderers are shown; return whether they are usable."""
        done = [
            one.set_tls_client_cert_and_key(client_key_file, client_cert_file)
            for one in (*self._orderers.values(), *self._peers.values())
        ]
        return all(done)

    def get_user(self, org_name: str, name: str) -> User | None:
        """Return a user of an organisation, or None. Raises ClientError when its files cannot be used."""
        organization = self._organizations.get(org_name)
        return organization.get_user(name) if organization is not None else None

    def get_orderer(self, name: str) -> Orderer | None:
        """Return an orderer of the profile, or None."""
        return self._orderers.get(name)

    def get_peer(self, name: str) -> Peer | None:
        """Return a peer of the profile, or None."""
        return self._peers.get(name)

    def get_target_peers(self, peers: Iterable[Peer | str]) -> list[Peer]:
        """Return the peers that are named. Raises ClientError for none, and for one that the profile does not have."""
        found = [self._node(one, self._peers, Peer) for one in peers]
        if not found:
            raise ClientError("no peer is named: name at least one of the profile, or give a Peer")
        return found

    def export_net_profile(self, export_file: str = "network_exported.json") -> None:
        """Write the profile to a file, as JSON."""
        Path(export_file).write_text(json.dumps(self.network_info, indent=4), encoding="utf-8")

    def get_net_info(self, *key_path: str) -> Any:
        """Return what the profile has under these keys, one below the other; None where there is nothing."""
        found: object = self.network_info
        for key in key_path:
            if not isinstance(found, Mapping) or key not in found:
                _LOGGER.warning("the profile has no %s", ".".join(key_path))
                return None
            found = found[key]
        return found

    @property
    def organizations(self) -> dict[str, Organization]:
        """The organisations by name."""
        return self._organizations

    @property
    def orderers(self) -> dict[str, Orderer]:
        """The orderers by name."""
        return self._orderers

    @property
    def peers(self) -> dict[str, Peer]:
        """The peers by name."""
        return self._peers

    @property
    def CAs(self) -> dict[str, certificateAuthority]:
        """The certificate authorities by name."""
        return self._CAs

    def new_channel(self, name: str) -> Channel:
        """Return the client's channel of that name, which need not exist yet. Raises ValueError for what cannot be a name."""
        if name not in self._channels:
            self._channels[name] = Channel(name, self)
        return self._channels[name]

    def get_channel(self, name: str) -> Channel | None:
        """Return a channel that `new_channel` made known, or None."""
        return self._channels.get(name)

    def _target_orderer(self, orderer: Orderer | str | None) -> Endpoint:
        return self._node(orderer, self._orderers, Orderer).target

    def _node(self, named: object, known: dict[str, T], kind: type[T]) -> T:
        if isinstance(named, kind):
            return named
        if isinstance(named, str) and named in known:
            return known[named]
        names = ", ".join(known) or "none"
        raise ClientError(f"{named!r} is no {kind.__name__.lower()} of the profile: it has {names}")

    def endpoints(self, peers: Iterable[Peer | str]) -> list[Endpoint]:
        """Return the peers to connect to. Raises ClientError."""
        return [one.target for one in self.get_target_peers(peers)]

    async def at_any(
        self, peers: Iterable[Peer | str], question: Callable[[Endpoint], Flow[T]]
    ) -> T:
        """Return the answer of the first of these peers that can be reached."""
        *first, last = self.endpoints(peers)
        for peer in first:
            try:
                return await self.runner.run(question(peer))
            except GatewayError as error:
                if error.code is not StatusCode.UNAVAILABLE:
                    raise
        return await self.runner.run(question(last))

    async def at_each(
        self, peers: Iterable[Peer | str], question: Callable[[Endpoint], Flow[T]]
    ) -> Sequence[T]:
        """Return what each of these peers answers."""
        return [await self.runner.run(question(peer)) for peer in self.endpoints(peers)]
