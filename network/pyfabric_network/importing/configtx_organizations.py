"""The organisations of configtx.yaml, with what crypto-config.yaml has of them, as departments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyfabric.errors import ConfigError
from pyfabric.rules.policies.usual import Policies, member_policies, organization_policies
from pyfabric_network.importing.configtx_ordering import (
    CERTIFICATES,
    HOSTS,
    consenter_hosts,
    owners_of,
)
from pyfabric_network.importing.configtx_values import compare_policies
from pyfabric_network.importing.crypto_config import CryptoOrganization, crypto_organizations
from pyfabric_network.importing.draft import Draft, department_name, orderers_of
from pyfabric_network.importing.source import Source

_MOST_PEERS: Final = 9


@dataclass(slots=True)
class Organization:
    """An organisation, by its MSP id, and what was read of it so far; `source` is where it was read first."""

    source: Source
    name: str
    msp_id: str
    department: str
    peers: int = 0
    anchors: int = 0
    users: int = 0
    orderers: int = 0


class Organizations:
    """The organisations of the profiles that are read."""

    def __init__(self, crypto: Sequence[Source]) -> None:
        self._peer_orgs = [
            one for source in crypto for one in crypto_organizations(source, "PeerOrgs")
        ]
        self._orderer_orgs = [
            one for source in crypto for one in crypto_organizations(source, "OrdererOrgs")
        ]
        self._unmatched = [*self._peer_orgs, *self._orderer_orgs]
        self._all: dict[str, Organization] = {}

    def read_orderers(self, orderer: Source) -> None:
        """Read the organisations of an Orderer section, and which of its consenters each runs."""
        sources = orderer.parts("Organizations")
        if not sources:
            raise ConfigError(f"{orderer.at('Organizations')}: must name who runs the orderers")
        hosts: dict[str, list[str]] = {}
        for source in sources:
            one = self._read(source, organization_policies)
            endpoints = source.get("OrdererEndpoints") or []
            hosts[one.msp_id] = [str(address).rpartition(":")[0] for address in endpoints]
            if not endpoints:
                source.leave("OrdererEndpoints", "has the addresses of its orderers")
            for crypto in self._match(self._orderer_orgs, source, one):
                hosts[one.msp_id].append(crypto.domain)
        for msp_id in owners_of(consenter_hosts(orderer) or [("", "")], hosts):
            self._all[msp_id].orderers += 1
        for source in sources:
            one = self._all[source.text("ID")]
            if not one.orderers:
                source.leave("", "runs no orderer: the Orderer group has those that do")
            for crypto in self._match(self._orderer_orgs, source, one):
                if crypto.nodes > one.orderers:
                    crypto.source.leave(
                        "",
                        f"of its orderers, {one.orderers} are consenters of the profile, and run",
                    )

    def read_members(self, application: Source) -> list[str]:
        """Read the organisations of an Application section; return their departments."""
        found = []
        for source in application.parts("Organizations"):
            one = self._read(source, member_policies)
            anchors = source.parts("AnchorPeers")
            if not anchors:
                source.leave("AnchorPeers", "the first peer is an anchor peer")
            for anchor in anchors:
                anchor.leave("", HOSTS)
            one.anchors = max(one.anchors, len(anchors), 1)
            crypto = self._match(self._peer_orgs, source, one)
            if not crypto and not one.peers:
                source.note(
                    "", f"the number of its peers is not in the files: it has {one.anchors}"
                )
            one.peers = max(one.peers, one.anchors, *(each.nodes for each in crypto), 0)
            one.users = max(one.users, *(each.users for each in crypto), 0)
            if one.peers > _MOST_PEERS:
                source.note("", f"has {_MOST_PEERS} peers, the most of a department")
            found.append(one.department)
        return found

    def write(self, draft: Draft, orderer: Source) -> list[str]:
        """Write the departments; return who runs each orderer."""
        for one in self._all.values():
            if one.peers:
                self._write_member(draft, one)
            elif one.orderers:
                draft.document["departments"][one.department] = {"peers": 0}
                key = ("departments", one.department, "orderer_msp_id")
                draft.offer(key, one.msp_id, one.source.at("ID"))
        nodes, added = orderers_of(
            [(one.department, one.orderers) for one in self._all.values() if one.orderers],
            list(draft.document["departments"]),
            lambda _, reason: orderer.note("Organizations", reason),
        )
        for further in added:
            draft.document["departments"][further] = {"peers": 0}
        for crypto in self._unmatched:
            crypto.source.leave("", "is in no profile that was read")
        return nodes

    def ordering_msp_ids(self) -> list[str]:
        """Return the MSP ids of those that run orderers, as a topology has them."""
        return [
            f"{one.department}OrdererMSP" if one.peers else one.msp_id
            for one in self._all.values()
            if one.orderers
        ]

    def group(self, name: str) -> str:
        """Return what a group of an organisation is called in a topology's channels: its MSP id."""
        return next((one.msp_id for one in self._all.values() if one.name == name), name)

    def _write_member(self, draft: Draft, one: Organization) -> None:
        department: dict[str, Any] = {}
        draft.document["departments"][one.department] = department
        if one.msp_id != f"{one.department}MSP":
            draft.offer(("departments", one.department, "msp_id"), one.msp_id, one.source.at("ID"))
        department["peers"] = min(one.peers, _MOST_PEERS)
        department["anchor_peers"] = min(one.anchors, _MOST_PEERS)
        if one.users:
            department["users"] = {f"User{number}": {} for number in range(1, one.users + 1)}
        if one.orderers:
            reason = "its orderers are an organisation of their own, with an MSP of their own"
            one.source.note("", reason)

    def _read(self, source: Source, usual: Callable[[str], Policies]) -> Organization:
        """Read an organisation, and leave out what differs from a department's."""
        name, msp_id = source.text("Name"), source.text("ID")
        if msp_id not in self._all:
            taken = [one.department for one in self._all.values()]
            department = department_name(name, taken)
            self._all[msp_id] = Organization(source, name, msp_id, department)
        source.leave_if_given(CERTIFICATES, "MSPDir")
        source.leave_if_given(HOSTS, "OrdererEndpoints")
        if source.get("SkipAsForeign"):
            source.leave("SkipAsForeign", "no organisation is foreign: all have keys made here")
        if name != msp_id:
            source.leave("Name", "its group in a channel is called as its MSP")
        compare_policies(source, usual(msp_id), "an organisation")
        return self._all[msp_id]

    def _match(
        self, crypto: Sequence[CryptoOrganization], source: Source, one: Organization
    ) -> list[CryptoOrganization]:
        """Return what crypto-config.yaml has of an organisation."""
        folder = source.text("MSPDir", "")
        found = [each for each in crypto if each.is_of(one.name, one.msp_id, folder)]
        self._unmatched = [each for each in self._unmatched if each not in found]
        return found
