"""Nodes get other certificates one after the other, and orderers in the configurations with them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyfabric.admin.channels import Edit, ReplaceConsenter
from pyfabric.admin.config.edits.draft import Draft
from pyfabric.identity.certificates import load_certificate
from pyfabric.messages.consensus import BFT
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter
from pyfabric_network.channels.carrying import Carrier, configurations
from pyfabric_network.channels.orderers import Part
from pyfabric_network.channels.towards import (
    changes,
    is_somewhere,
    with_endpoint,
    without_endpoint,
)
from pyfabric_network.connections import Connections
from pyfabric_network.outages import consenter_at
from pyfabric_network.renewing.holders import Use
from pyfabric_network.renewing.staging import stage_member, staged, take_member
from pyfabric_network.restarting import Restarting
from pyfabric_network.topology.nodes import Node


@dataclass(frozen=True, kw_only=True)
class Nodes(Restarting):
    """The nodes of this machine. `change` makes the update of a channel that an orderer needs."""

    change: Callable[[Carrier, Sequence[Edit]], None]

    def renew(self, node: Node, uses: Sequence[Use], *, new_keys: bool, now: datetime) -> None:
        """Give a node new certificates.

        A channel learns of an orderer's new key before it is used, and sends its clients to the others meanwhile; of a
        certificate with the same key it learns afterwards.
        """
        member = node.member
        stage_member(self.plan.organization(node), member, uses, new_keys=new_keys, now=now)
        if node.admin is None:
            self.restart(node, lambda: take_member(member))
            return
        self.check(node, configurations(self.plan))
        with Connections(self.plan) as connections:
            for carrier, config, consenter in self._consents(node, connections):
                if not self._is_known(consenter, node, config):
                    self._step_aside(carrier, node)
                    self._replace(carrier, node)
        self.restart(node, lambda: take_member(member))
        for name in self.plan.channels:
            self.settle(node, name)

    def introduce(self, node: Node) -> None:
        """Make the channels name an orderer by the certificates that it uses.

        Only a consenter's other certificate makes the other orderers connect again (Comm.updateStubInMapping of Fabric):
        until then they refuse one of a new CA, whatever the configuration has as roots, and bring no blocks.
        """
        if node.admin is None:
            return
        with Connections(self.plan) as connections:
            for carrier, _, _ in self._consents(node, connections):
                self._name(carrier, connections, node)

    def settle(self, node: Node, channel: str) -> None:
        """Make a channel name an orderer by the certificates that it uses, and send clients to it."""
        with Connections(self.plan) as connections:
            for carrier, _, _ in self._consents(node, connections):
                if carrier.channel.name == channel:
                    self._name(carrier, connections, node)
                    draft = Draft.read(carrier.config())
                    self._make(carrier, with_endpoint(draft, node.msp_id, str(node.inside)))

    def _name(self, carrier: Carrier, connections: Connections, node: Node) -> None:
        Part(self.plan, connections, carrier.channel, node).await_consenter()
        self._replace(carrier, node)

    def _consents(
        self, node: Node, connections: Connections
    ) -> Iterator[tuple[Carrier, ChannelConfig, Consenter]]:
        """Yield the channels of which an orderer is a consenter."""
        for name, config in configurations(self.plan).items():
            found = consenter_at(config, node)
            if found is not None:
                yield Carrier(self.plan, connections, self.plan.channels[name]), config, found

    def _is_known(self, consenter: Consenter, node: Node, config: ChannelConfig) -> bool:
        """Return whether the others of a channel take an orderer with its next certificates: they compare keys.

        Source: CertificatesWithSamePublicKey, in orderer/common/cluster, etcdraft and smartbft of Fabric 3.1.
        """
        member = node.member
        pairs = [(consenter.server_tls_certificate, staged(member, member.tls_certificate))]
        if config.consensus_type == BFT:
            pairs.append((consenter.identity, staged(member, member.certificate)))
        return all(_key(one) == _key(other) for one, other in pairs)

    def _replace(self, carrier: Carrier, node: Node) -> None:
        member = node.member
        tls = staged(member, member.tls_certificate)
        config = ChannelConfig.from_bytes(carrier.config(), channel_id=carrier.channel.name)
        identity = staged(member, member.certificate) if config.consensus_type == BFT else None
        edit = ReplaceConsenter(
            str(node.inside),
            client_tls_certificate=tls,
            server_tls_certificate=tls,
            identity=identity,
        )
        self._make(carrier, edit)

    def _step_aside(self, carrier: Carrier, node: Node) -> None:
        """Send clients to the orderer no more, if there are others."""
        draft, address = Draft.read(carrier.config()), str(node.inside)
        edits = without_endpoint(draft, node.msp_id, address)
        if edits and is_somewhere(draft, besides=address):
            self.change(carrier, edits)

    def _make(self, carrier: Carrier, edit: Edit) -> None:
        """Make an edit, unless an earlier run of the command has."""
        if changes(Draft.read(carrier.config()), edit):
            self.change(carrier, [edit])


def _key(certificate: bytes) -> object:
    return load_certificate(certificate).public_key()
