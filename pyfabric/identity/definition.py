"""An organisation's public definition (its MSP): what the others of a channel know of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class OrganizationalUnit:
    """An OU name, and the CA (PEM) that must have issued its bearers; None: any CA of the MSP."""

    name: str
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeUnits:
    """Which OU makes an identity a client, peer, admin or orderer; None: nobody has that role by OU."""

    client: OrganizationalUnit | None = None
    peer: OrganizationalUnit | None = None
    admin: OrganizationalUnit | None = None
    orderer: OrganizationalUnit | None = None
    enabled: bool = True

    @classmethod
    def standard(cls, certificate: bytes | None = None) -> Self:
        """Return the names that everybody uses: client, peer, admin, orderer."""
        return cls(
            client=OrganizationalUnit("client", certificate),
            peer=OrganizationalUnit("peer", certificate),
            admin=OrganizationalUnit("admin", certificate),
            orderer=OrganizationalUnit("orderer", certificate),
        )

    def by_role(self) -> dict[str, OrganizationalUnit]:
        """Return the units that there are, by the name of the role."""
        units = {
            "client": self.client,
            "peer": self.peer,
            "admin": self.admin,
            "orderer": self.orderer,
        }
        return {role: unit for role, unit in units.items() if unit is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class MSPDefinition:
    """What the other organisations of a channel know of one: certificates (PEM), lists and OU rules.

    Nothing is checked here but that folders and messages can be read; `MSP` checks.
    """

    msp_id: str
    root_certificates: tuple[bytes, ...]
    intermediate_certificates: tuple[bytes, ...] = ()
    admin_certificates: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()
    tls_root_certificates: tuple[bytes, ...] = ()
    tls_intermediate_certificates: tuple[bytes, ...] = ()
    organizational_units: tuple[OrganizationalUnit, ...] = ()
    node_units: NodeUnits | None = None
    signature_hash_family: str = "SHA2"
    identifier_hash: str = "SHA256"

    @staticmethod
    def from_folder(folder: Path, msp_id: str) -> "MSPDefinition":
        """Read an MSP folder as configtxgen and peers do: files without PEM are passed over.

        Raises IdentityError if there is no CA certificate or config.yaml cannot be used.
        """
        from pyfabric.identity import msp_folder  # loads a YAML reader, which few programs need

        return msp_folder.read(folder, msp_id)

    def write(self, folder: Path) -> None:
        """Write the MSP folder. Its certificate folders hold exactly this definition afterwards.

        `signcerts` and `keystore` are left as they are. Raises IdentityError when the certificate of an
        organizational unit is not among the CA certificates.
        """
        from pyfabric.identity import msp_folder  # loads a YAML reader, which few programs need

        msp_folder.write(folder, self)
