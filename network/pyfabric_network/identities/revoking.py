"""Certificates of an organisation of this machine that are revoked: its CAs' lists, kept here and brought to the channels.

A revocation that is not in the configuration of a channel does nothing there: peers and orderers read no CA's list. It
counts for identities and not for TLS, which knows no lists in Fabric.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from pyfabric.admin.channels import Review, SetRevocationList
from pyfabric.errors import ConfigError, IdentityError
from pyfabric.identity import pem
from pyfabric.identity.certificates import issued_by, load_certificate
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.folders import load_ca
from pyfabric.identity.revocation import read_revocation_list, revoked
from pyfabric.identity.trust import read_certificate
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric_network.channels.carrying import Carrier
from pyfabric_network.connections import Connections
from pyfabric_network.material.former import CERTIFICATE, former_cas
from pyfabric_network.progress import Report
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import ChannelPlan, Plan

_DAYS: Final = 3650
"""The validity that is written into a list. Fabric does not look at it: a list counts until a channel has another."""


@dataclass(frozen=True)
class Revocations:
    """The revocations of one organisation of this machine, brought to its channels if `is_published`."""

    plan: Plan
    organization: Organization
    is_published: bool = True

    def next_lists(
        self,
        certificates: Sequence[bytes],
        *,
        now: datetime,
        also: Sequence[bytes] = (),
    ) -> tuple[bytes, ...]:
        """Return the lists (PEM) with these certificates (PEM) and all that were revoked before, one for each CA.

        The first is that of the present CA; a former one, which issued before it, has a list if it revokes anything.
        `also` are further lists of these CAs, such as the one that a server made. Raises ConfigError for the
        administrator by whom everything else is done here, IdentityError for a certificate or a list of another CA.
        """
        admin = self.organization.admin
        if pem.find(admin.certificate.read_bytes()) in map(pem.find, certificates):
            raise ConfigError(
                f"nothing is revoked: {admin.name} is the administrator by whom this machine manages "
                f"{self.organization.name}; renew it first (`pyfabric identity renew`), then revoke its former certificate"
            )
        self._refuse_others(certificates, also)
        earlier = [*self._own_lists(self.definition), *also]
        every = (self._next_list(one, certificates, earlier, now) for one in self.cas)
        return tuple(one for one in every if one is not None)

    @property
    def former(self) -> tuple[bytes, ...]:
        """The key identifiers of the CAs before the present one."""
        return tuple(_subject(_pem(one)) for one in self.cas[1:])

    @property
    def cas(self) -> tuple[Path, ...]:
        """The folders of the CAs that issue or issued identities, the present one first."""
        return (self.organization.ca, *former_cas(self.organization.ca))

    def issued(self, certificates: Iterable[bytes]) -> list[bytes]:
        """Return those certificates (PEM) that one of these CAs has issued."""
        return [one for one in certificates if any(issued_by(one, _pem(ca)) for ca in self.cas)]

    @property
    def definition(self) -> MSPDefinition:
        """The definition of the MSP, as the organisation has it on this machine."""
        return MSPDefinition.from_folder(self.organization.msp, self.organization.msp_id)

    def keep(self, lists: Sequence[bytes]) -> None:
        """Keep new lists in the place of the earlier ones, where new channels and this machine's nodes find them.

        Nodes read their own folder when they start, for calls without a channel.
        """
        present = self.definition
        own = self._own_lists(present)
        others = tuple(one for one in present.revocation_lists if one not in own)
        wanted = replace(present, revocation_lists=(*others, *lists))
        wanted.write(self.organization.msp)
        for member in self.organization.members():
            if member.certificate.exists():
                wanted.write(member.msp)

    def channels(self) -> list[ChannelPlan]:
        """Return the channels to which revocations are brought: those whose configuration has the organisation."""
        if not self.is_published:
            return []
        owner = self.plan.owner(self.organization)
        is_ordering = self.organization == owner.ordering
        return [
            one for one in self.plan.channels.values() if is_ordering or owner in one.departments
        ]

    def in_channels(self, connections: Connections) -> list[bytes]:
        """Return the lists of the CAs (PEM) that channels have, such as one that somebody else put there."""
        return [
            one
            for channel in self.channels()
            for one in self._own_lists(self._in_channel(Carrier(self.plan, connections, channel)))
        ]

    def reviews(
        self, lists: Sequence[bytes], connections: Connections
    ) -> Iterator[tuple[str, Review]]:
        """Yield each channel that does not have all of the lists yet, with how an update with them would stand."""
        for channel in self.channels():
            carrier = Carrier(self.plan, connections, channel)
            if edits := self._edits(carrier, lists):
                _, found = carrier.signed(edits)
                yield channel.name, found

    def publish(
        self, lists: Sequence[bytes], connections: Connections, report: Report
    ) -> list[str]:
        """Bring the lists to every channel that does not have them, and return their names.

        Raises PolicyError where the keys of this machine do not suffice, ConfigError for what would harm a channel.
        """
        made = []
        wanted = self.channels()
        for number, channel in enumerate(wanted):
            report(f"{channel.name}: revocation list", number, len(wanted))
            carrier = Carrier(self.plan, connections, channel)
            if edits := self._edits(carrier, lists):
                carrier.make(edits)
                made.append(channel.name)
        return made

    def _edits(self, carrier: Carrier, lists: Sequence[bytes]) -> list[SetRevocationList]:
        """Return what a channel lacks that accepts certificates which the lists revoke; a newer date is no reason."""
        known = revoked(self._own_lists(self._in_channel(carrier)))
        return [
            SetRevocationList(self.organization.msp_id, one)
            for one in lists
            if revoked([one]) - known
        ]

    def _in_channel(self, carrier: Carrier) -> MSPDefinition:
        config = ChannelConfig.from_bytes(carrier.config(), channel_id=carrier.channel.name)
        return config.msp_manager.msps[self.organization.msp_id].definition

    def _next_list(
        self, ca: Path, certificates: Sequence[bytes], earlier: Sequence[bytes], now: datetime
    ) -> bytes | None:
        certificate = _pem(ca)
        wanted = [one for one in certificates if issued_by(one, certificate)]
        own = list(dict.fromkeys(one for one in earlier if _key_id(one) == _subject(certificate)))
        if ca != self.organization.ca and not wanted and len(own) <= 1:
            return next(iter(own), None)  # the key of a former CA may be kept offline
        return load_ca(ca).revoke(wanted, now=now, days=_DAYS, earlier=own)

    def _own_lists(self, definition: MSPDefinition) -> list[bytes]:
        """Return the lists of the organisation's CAs in a definition of its MSP."""
        ids = {_subject(_pem(one)) for one in self.cas}
        return [one for one in definition.revocation_lists if _key_id(one) in ids]

    def _refuse_others(self, certificates: Iterable[bytes], lists: Iterable[bytes]) -> None:
        """Raise IdentityError for a certificate or a list of a CA that the organisation does not have."""
        name, own = self.organization.name, self.issued(certificates)
        for one in certificates:
            if one not in own:
                subject = load_certificate(one).subject.rfc4514_string()
                raise IdentityError(
                    f"nothing is revoked: {subject} was not issued by the CA of {name}, nor by one before it"
                )
        ids = {_subject(_pem(one)) for one in self.cas}
        if any(_key_id(one) not in ids for one in lists):
            raise IdentityError(
                f"nothing is revoked: a revocation list is not of the CA of {name}, nor of one before it"
            )


def check_reviews(reviews: Sequence[tuple[str, Review]]) -> None:
    """Raise ConfigError for the first channel that an update with the lists would harm."""
    for channel, found in reviews:
        if found.problems:
            raise ConfigError(f"nothing is revoked, for {channel}: {'; '.join(found.problems)}")


def _pem(ca: Path) -> bytes:
    return (ca / CERTIFICATE).read_bytes()


def _subject(certificate: bytes) -> bytes:
    return read_certificate(certificate).subject_key_id


def _key_id(revocation_list: bytes) -> bytes:
    return read_revocation_list(revocation_list).authority_key_id()
