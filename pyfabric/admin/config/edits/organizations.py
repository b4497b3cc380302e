"""Edits of organisations: one comes, one goes, and what others know of one changes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.peer import configuration_pb2 as peer_configuration_pb2

from pyfabric.admin.config.edits.draft import Draft, Section
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.groups import (
    application_organization_group,
    orderer_organization_group,
)
from pyfabric.admin.config.model import AnchorPeer, OrganizationModel
from pyfabric.admin.config.values import get_value, set_value
from pyfabric.errors import ConfigError
from pyfabric.messages.addresses import Address, join
from pyfabric.messages.consensus import RAFT
from pyfabric.rules.configuration.parts import V3
from pyfabric.rules.policies.choices import by_organizations, can_be_satisfied, members_of
from pyfabric.rules.policies.paths import BLOCK_VALIDATION


@dataclass(frozen=True, slots=True)
class AddOrganization(Edit):
    """An organisation that uses the channel (application), or that runs orderers of it (orderer)."""

    kind: ClassVar[str] = "add-organization"

    section: Section
    organization: OrganizationModel

    def apply(self, draft: Draft) -> None:
        """Add the organisation's group to its section."""
        section, name = draft.section(self.section), self.organization.name
        if name in section.groups:
            raise ConfigError(f"{name} is an organisation of the {self.section} section already")
        if self.section == "application":
            group = application_organization_group(self.organization)
        else:
            capabilities = get_value(
                draft.config.channel_group, "Capabilities", configuration_pb2.Capabilities
            )
            v3 = V3 in capabilities.capabilities
            group = orderer_organization_group(self.organization, v3=v3)
        section.groups[name].CopyFrom(group)

    def warnings(self, draft: Draft) -> Iterator[str]:
        """Yield that peers would not accept the blocks that orderers of the organisation sign alone."""
        config = draft.judged()
        if self.section != "orderer" or config is None or config.consensus_type != RAFT:
            return
        msp_id = self.organization.msp.msp_id
        able = by_organizations({msp_id}, members_of(config.msp_manager))
        if not can_be_satisfied(config.policy(BLOCK_VALIDATION), able):
            yield (
                f"{BLOCK_VALIDATION} does not count orderers of {msp_id}: peers refuse the blocks of a "
                "leader that is theirs, until the policy names them"
            )


@dataclass(frozen=True, slots=True)
class RemoveOrganization(Edit):
    """An organisation that is no longer in a section, by its group's name or its MSP id."""

    kind: ClassVar[str] = "remove-organization"

    section: Section
    organization: str

    def apply(self, draft: Draft) -> None:
        """Take the organisation's group out of its section."""
        name = draft.organization_name(self.section, self.organization)
        del draft.section(self.section).groups[name]


@dataclass(frozen=True, slots=True)
class SetAnchorPeers(Edit):
    """The anchor peers of an application organisation, all of them; none removes the value."""

    kind: ClassVar[str] = "set-anchor-peers"

    organization: str
    peers: tuple[AnchorPeer, ...]

    def apply(self, draft: Draft) -> None:
        """Set AnchorPeers of the organisation's group."""
        group = draft.organization("application", self.organization)
        _check_addresses(join(peer.host, peer.port) for peer in self.peers)
        anchors = [
            peer_configuration_pb2.AnchorPeer(host=peer.host, port=peer.port) for peer in self.peers
        ]
        if anchors:
            value = peer_configuration_pb2.AnchorPeers(anchor_peers=anchors)
            set_value(group, "AnchorPeers", value)
        else:
            group.values.pop("AnchorPeers", None)


@dataclass(frozen=True, slots=True)
class SetEndpoints(Edit):
    """Where the orderers of an organisation are reached (host:port), all of them; none removes the value."""

    kind: ClassVar[str] = "set-endpoints"

    organization: str
    endpoints: tuple[str, ...]

    def apply(self, draft: Draft) -> None:
        """Set Endpoints of the organisation's group."""
        group = draft.organization("orderer", self.organization)
        _set_addresses(group, "Endpoints", self.endpoints)


@dataclass(frozen=True, slots=True)
class SetOrdererAddresses(Edit):
    """The channel's own addresses of orderers (host:port), which V3_0 forbids; none removes the value."""

    kind: ClassVar[str] = "set-orderer-addresses"

    addresses: tuple[str, ...]

    def apply(self, draft: Draft) -> None:
        """Set OrdererAddresses of the channel's group."""
        _set_addresses(draft.config.channel_group, "OrdererAddresses", self.addresses)


def _set_addresses(group: configtx_pb2.ConfigGroup, key: str, addresses: tuple[str, ...]) -> None:
    _check_addresses(addresses)
    if addresses:
        value = configuration_pb2.OrdererAddresses(addresses=addresses)
        set_value(group, key, value)
    else:
        group.values.pop(key, None)


def _check_addresses(addresses: Iterable[str]) -> None:
    seen: set[Address] = set()
    for text in addresses:
        address = Address.parse(text)
        if not address.host or not address.port:
            raise ConfigError(f"{text!r} is not an address: it needs a host and a port above 0")
        if address in seen:
            raise ConfigError(f"the address {text} is there twice")
        seen.add(address)
