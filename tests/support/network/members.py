"""Organisations with real certificates for tests of policies."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from pyfabric.identity.definition import MSPDefinition, NodeUnits
from pyfabric.identity.issuing import CertificateAuthority, Unit
from pyfabric.identity.keys import PrivateKeySigner, generate_private_key
from pyfabric.identity.msp import MSP, MSPManager
from pyfabric.identity.signing import Identity, SigningIdentity

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass
class Organization:
    """One organisation: its CA, and members made when they are first asked for."""

    msp_id: str
    members: dict[str, SigningIdentity] = field(default_factory=dict)

    @cached_property
    def authority(self) -> CertificateAuthority:
        return CertificateAuthority.create(f"ca.{self.msp_id}", self.msp_id, now=NOW)

    @property
    def definition(self) -> MSPDefinition:
        return MSPDefinition(
            msp_id=self.msp_id,
            root_certificates=(self.authority.certificate_pem,),
            node_units=NodeUnits.standard(),
        )

    def member(self, unit: Unit, number: int = 0) -> SigningIdentity:
        """Return the member of that role and number."""
        name = f"{unit}{number}"
        if name not in self.members:
            key = generate_private_key()
            certificate = self.authority.issue(
                name, now=NOW, public_key=key.public_key(), unit=unit
            )
            self.members[name] = SigningIdentity(
                Identity(self.msp_id, certificate), PrivateKeySigner(key)
            )
        return self.members[name]


def manager_of(*organizations: Organization) -> MSPManager:
    """Return a channel's view of these organisations."""
    return MSPManager([MSP(one.definition) for one in organizations])
