"""What is left to do of a renewal, in its order, worked out from what there is. Pure.

First new roots are made known everywhere, then certificates are replaced one by one, and an old root goes at last, when
nothing chains to it. Done steps are not in the result: after an interruption the rest is worked out again.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.identity import pem
from pyfabric.identity.certificates import issued_by, load_certificate
from pyfabric.identity.definition import MSPDefinition
from pyfabric.messages.addresses import join
from pyfabric.messages.consensus import BFT
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter
from pyfabric_network.outages import consenter_at, outages
from pyfabric_network.renewing.definitions import trusting, without
from pyfabric_network.renewing.holders import (
    AUTHORITIES,
    Authority,
    Certificate,
    Kind,
    Use,
    accepted,
)
from pyfabric_network.renewing.intent import Intent
from pyfabric_network.renewing.world import World
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.organizations import Organization

_FROM_NOW: Final = "programs must have read the profiles that have it (see --prepare)"
_FOR_CONTRACTS: Final = "with its new certificate for contracts"


class Action(StrEnum):
    """What a task does."""

    START = "start"
    MAKE = "make"
    UPDATE = "update"
    PUBLISH = "publish"
    RESTART = "restart"
    ISSUE = "issue from"
    RENEW = "renew"
    SETTLE = "settle"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Task:
    """One step: what is done, to what (a holder, a node, an organisation's MSP id), and on which channel, if on one.

    `detail` is for people, `away` what does not work meanwhile.
    """

    action: Action
    subject: str
    detail: str = ""
    channel: str = ""
    away: str = ""


@dataclass(frozen=True)
class Work:
    """The tasks that bring a world to where an intent is fulfilled. `dropping`: former CAs go, by their holders' names."""

    world: World
    intent: Intent
    dropping: frozenset[str] = frozenset()

    def tasks(self) -> tuple[Task, ...]:
        """Return what is left to do, in its order."""
        if not self.world.running:
            return tuple(self._offline())
        return (
            *self._starts(),
            *self._makes(),
            *self._updates(),
            *self._publications(),
            *self._restarts(),
            *self._issues(),
            *self._renewals(),
            *self._settlements(),
            *self._endings(),
        )

    def definition(self, organization: Organization, present: MSPDefinition) -> MSPDefinition:
        """Return what a definition of an organisation must be."""
        these = self.world.authorities[organization.msp_id]
        return without(trusting(present, accepted(these)), self._gone(organization))

    def tls_roots(self, organization: Organization) -> tuple[bytes, ...]:
        """Return the TLS roots (PEM) that members of an organisation must accept."""
        definition = self.world.definitions[organization.msp_id]
        return self.definition(organization, definition).tls_root_certificates

    def replaced(self, holder: str) -> tuple[Certificate, ...]:
        """Return the certificates of a holder that are still to be replaced."""
        replacing = set(self.intent.replacing)
        return tuple(
            one
            for one in self.world.certificates
            if one.holder == holder and one.serial in replacing
        )

    def lags(self, organization: Organization, member: str) -> bool:
        """Return whether a member does not accept what it must."""
        local = self.world.local[member]
        if local.definition is not None and self._lacks(organization, local.definition):
            return True
        wanted = {load_certificate(one) for one in self.tls_roots(organization)}
        return bool(local.tls_roots) and wanted != set(local.certificates())

    def _offline(self) -> Iterator[Task]:
        """Yield what can be done while no node runs: a certificate with the same key needs no update."""
        replacing = [one for one in self.world.certificates if one.serial in self.intent.replacing]
        if any(one.kind in AUTHORITIES for one in replacing) or self.dropping:
            raise NetworkError(
                f"{self.world.plan.name} is not running, and channels must learn of other CAs: `pyfabric network up` first"
            )
        if self.intent.new_keys and any(one.kind is Kind.ORDERER for one in replacing):
            raise NetworkError(
                f"{self.world.plan.name} is not running, and channels must learn of orderers' new keys: `pyfabric network "
                "up` first, or renew with the same keys"
            )
        for holder in dict.fromkeys(one.holder for one in replacing):
            yield Task(Action.RENEW, holder, self._words(holder))

    def _starts(self) -> Iterator[Task]:
        """Yield the nodes that an interruption has left stopped."""
        for name in self._order(self.world.stopped):
            yield Task(Action.START, name)

    def _makes(self) -> Iterator[Task]:
        for one in self._authorities():
            if self._is_to_be_made(one):
                yield Task(Action.MAKE, one.holder, "new key and certificate")

    def _updates(self) -> Iterator[Task]:
        for name, config in self.world.configs.items():
            for organization in self.world.plan.own_organizations:
                msp = config.msp_manager.msps.get(organization.msp_id)
                if msp is not None and self._lacks(organization, msp.definition):
                    yield Task(
                        Action.UPDATE, organization.msp_id, self._of_authorities(organization), name
                    )

    def _publications(self) -> Iterator[Task]:
        for organization in self.world.plan.own_organizations:
            definition = self.world.definitions[organization.msp_id]
            others = (*organization.users.values(), *organization.tls_only)
            if self._lacks(organization, definition) or any(
                self.lags(organization, one.name) for one in others
            ):
                yield Task(
                    Action.PUBLISH,
                    organization.msp_id,
                    "definition, users' folders, profiles",
                )

    def _restarts(self) -> Iterator[Task]:
        """Yield the nodes that read other roots, or another certificate for contracts, when they start again."""
        for node in self.world.plan.own_nodes:
            if self.lags(self.world.plan.organization(node), node.name):
                yield self._with_outage(
                    Task(Action.RESTART, node.name, "with the roots that it must accept")
                )
            elif self._shows_former_client(node) and not self.replaced(node.name):
                yield self._with_outage(Task(Action.RESTART, node.name, _FOR_CONTRACTS))

    def _issues(self) -> Iterator[Task]:
        for one in self._authorities():
            if one.staged is not None or self._is_to_be_made(one):
                yield Task(Action.ISSUE, one.holder, _FROM_NOW if one.kind is Kind.TLS_CA else "")

    def _renewals(self) -> Iterator[Task]:
        replacing = {
            one.holder: one.kind
            for one in self.world.certificates
            if one.serial in self.intent.replacing and one.kind not in AUTHORITIES
        }
        clients = {name for name, kind in replacing.items() if kind is Kind.CLIENT}
        hosts = [name for name, kind in replacing.items() if kind in (Kind.HOST, Kind.CA_SERVER)]
        for name in (*hosts, *sorted(clients)):
            yield self._with_outage(Task(Action.RENEW, name, self._words(name)))
        for node in self.world.plan.own_nodes:
            owner = self.world.plan.owner(node)
            if node.name in replacing:
                yield self._with_outage(Task(Action.RENEW, node.name, self._words(node.name)))
            elif owner.contract_client.name in clients and node.admin is None:
                yield self._with_outage(Task(Action.RESTART, node.name, _FOR_CONTRACTS))
        for name, kind in replacing.items():
            if kind is Kind.USER:
                yield Task(Action.RENEW, name, self._words(name))

    def _settlements(self) -> Iterator[Task]:
        """Yield orderers of which a channel has another certificate than they use, or to which it sends no clients."""
        for name, config in self.world.configs.items():
            for node in self.world.plan.own_orderers:
                found = consenter_at(config, node)
                if found is None or self.replaced(node.name):
                    continue
                if not self.shows(found, node, config):
                    words = "the certificate that it uses, in place of the former"
                    yield Task(Action.SETTLE, node.name, words, name)
                elif not sends_clients(config, node):
                    yield Task(Action.SETTLE, node.name, "clients are sent to it again", name)

    def _endings(self) -> Iterator[Task]:
        for department in self.world.plan.own_with_peers:
            client = department.contract_client.name
            if department.name in self.world.served or self.replaced(client):
                yield Task(
                    Action.FORGET, client, "the contract host takes the new certificate alone"
                )
        for one in self._authorities():
            if one.holder in self.dropping and one.former:
                yield Task(Action.FORGET, one.holder, "its former certificate and key are deleted")

    def shows(self, consenter: Consenter, node: Node, config: ChannelConfig) -> bool:
        """Return whether a channel knows an orderer by the certificates that it has in its files."""
        mine = {one.use: one.content for one in self.world.certificates if one.holder == node.name}
        known = pem.find(consenter.server_tls_certificate) == pem.find(mine[Use.TLS])
        if config.consensus_type != BFT:
            return known
        return known and pem.find(consenter.identity) == pem.find(mine[Use.IDENTITY])

    def users_of_former(self, holder: str) -> tuple[str, ...]:
        """Return what still chains to the former certificates of a CA: holders, and what channels have."""
        (authority,) = (one for one in self._authorities() if one.holder == holder)
        found = [
            one.holder
            for one in self.world.certificates
            for former in authority.former
            if issued_by(one.content, former)
        ]
        for name, config in self.world.configs.items():
            for consenter in config.consenters:
                parts = (
                    consenter.server_tls_certificate,
                    consenter.client_tls_certificate,
                    consenter.identity,
                )
                if any(
                    one and issued_by(one, former) for one in parts for former in authority.former
                ):
                    found.append(f"{join(consenter.host, consenter.port)} in {name}")
        return tuple(dict.fromkeys(found))

    def _authorities(self) -> Iterator[Authority]:
        for these in self.world.authorities.values():
            yield from these

    def _is_to_be_made(self, authority: Authority) -> bool:
        if authority.staged is not None:
            return False
        present = (one for one in self.world.certificates if one.holder == authority.holder)
        return any(
            one.use is Use.ISSUING and one.serial in self.intent.replacing for one in present
        )

    def _gone(self, organization: Organization) -> tuple[bytes, ...]:
        return tuple(
            former
            for one in self.world.authorities[organization.msp_id]
            if one.holder in self.dropping
            for former in one.former
        )

    def _lacks(self, organization: Organization, definition: MSPDefinition) -> bool:
        """Return whether a definition of an organisation is not what it must be, or will not be once CAs are made."""
        made = map(self._is_to_be_made, self.world.authorities[organization.msp_id])
        return any(made) or self.definition(organization, definition) != definition

    def _shows_former_client(self, node: Node) -> bool:
        """Return whether a peer would show its contracts another certificate if it was started again."""
        owner = self.world.plan.owner(node)
        return (
            node.admin is None
            and owner.name in self.world.served
            and node.name in self.world.changed
        )

    def _of_authorities(self, organization: Organization) -> str:
        these = self.world.authorities[organization.msp_id]
        new = [one.holder for one in these if one.staged or self._is_to_be_made(one)]
        gone = [one.holder for one in these if one.holder in self.dropping and one.former]
        words = [f"also accepts the new {name}" for name in new]
        return "; ".join([*words, *(f"no longer accepts the former {name}" for name in gone)])

    def _words(self, holder: str) -> str:
        uses = " and ".join(dict.fromkeys(one.use for one in self.replaced(holder)))
        return f"{uses} certificate, {'new' if self.intent.new_keys else 'same'} key"

    def _order(self, names: Collection[str]) -> list[str]:
        return [node.name for node in self.world.plan.own_nodes if node.name in names]

    def _with_outage(self, task: Task) -> Task:
        found = outages(self.world.plan, self.world.configs, task.subject)
        return replace(task, away="; ".join(found))


def sends_clients(config: ChannelConfig, node: Node) -> bool:
    """Return whether a channel gives clients the address of an orderer."""
    addresses = (
        address
        for one in config.orderer_organizations.values()
        if one.msp_id == node.msp_id
        for address in one.endpoints
    )
    return str(node.inside) in addresses
