"""An organisation's public definition (its MSP), as a value, a folder and a channel configuration."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from fabric_protos.msp import msp_config_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.errors import IdentityError
from pyfabric.messages.decoding import INVALID_WIRE_FORMAT

_FABRIC_TYPE: Final = 0


@dataclass(frozen=True, slots=True)
class OrganizationalUnit:
    """An OU name, and the CA (PEM) that must have issued whoever carries it; None: any CA of the MSP."""

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
        """The names that everybody uses: client, peer, admin, orderer."""
        return cls(
            client=OrganizationalUnit("client", certificate),
            peer=OrganizationalUnit("peer", certificate),
            admin=OrganizationalUnit("admin", certificate),
            orderer=OrganizationalUnit("orderer", certificate),
        )

    def by_role(self) -> dict[str, OrganizationalUnit]:
        """The units that there are, by the name of the role."""
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

    @classmethod
    def from_config(cls, config: msp_config_pb2.MSPConfig) -> Self:
        """Read the value of an organisation's MSP in a channel configuration.

        Raises IdentityError for another kind of MSP (Idemix is not supported) and for bytes that are
        no definition.
        """
        if config.type != _FABRIC_TYPE:
            raise IdentityError(f"Setup error: unsupported msp type {config.type}")
        try:
            message = msp_config_pb2.FabricMSPConfig.FromString(config.config)
        except ProtobufDecodeError as error:
            raise IdentityError(
                f"failed unmarshalling fabric msp config: {INVALID_WIRE_FORMAT}"
            ) from error
        crypto = message.crypto_config
        return cls(
            msp_id=message.name,
            root_certificates=tuple(message.root_certs),
            intermediate_certificates=tuple(message.intermediate_certs),
            admin_certificates=tuple(message.admins),
            revocation_lists=tuple(message.revocation_list),
            tls_root_certificates=tuple(message.tls_root_certs),
            tls_intermediate_certificates=tuple(message.tls_intermediate_certs),
            organizational_units=tuple(
                _read_unit(unit) for unit in message.organizational_unit_identifiers
            ),
            node_units=(
                _read_node_units(message.fabric_node_ous)
                if message.HasField("fabric_node_ous")
                else None
            ),
            signature_hash_family=crypto.signature_hash_family or "SHA2",
            identifier_hash=crypto.identity_identifier_hash_function or "SHA256",
        )

    def to_config(self) -> msp_config_pb2.MSPConfig:
        """The value for a channel configuration: for a folder's definition, configtxgen's bytes."""
        message = msp_config_pb2.FabricMSPConfig(
            name=self.msp_id,
            root_certs=self.root_certificates,
            intermediate_certs=self.intermediate_certificates,
            admins=self.admin_certificates,
            revocation_list=self.revocation_lists,
            tls_root_certs=self.tls_root_certificates,
            tls_intermediate_certs=self.tls_intermediate_certificates,
            organizational_unit_identifiers=[
                _unit_message(unit) for unit in self.organizational_units
            ],
            fabric_node_ous=_node_units_message(self.node_units),
            crypto_config=msp_config_pb2.FabricCryptoConfig(
                signature_hash_family=self.signature_hash_family,
                identity_identifier_hash_function=self.identifier_hash,
            ),
        )
        return msp_config_pb2.MSPConfig(type=_FABRIC_TYPE, config=message.SerializeToString())

    def write(self, folder: Path) -> None:
        """Write the MSP folder. Its certificate folders hold exactly this definition afterwards.

        `signcerts` and `keystore` are left as they are. Raises IdentityError when the certificate of an
        organizational unit is not among the CA certificates.
        """
        from pyfabric.identity import msp_folder  # loads a YAML reader, which few programs need

        msp_folder.write(folder, self)


def _read_unit(message: msp_config_pb2.FabricOUIdentifier) -> OrganizationalUnit:
    return OrganizationalUnit(message.organizational_unit_identifier, message.certificate or None)


def _read_node_units(message: msp_config_pb2.FabricNodeOUs) -> NodeUnits:
    present = {field.name for field, _ in message.ListFields()}

    def unit(role: str, value: msp_config_pb2.FabricOUIdentifier) -> OrganizationalUnit | None:
        return _read_unit(value) if f"{role}_ou_identifier" in present else None

    return NodeUnits(
        client=unit("client", message.client_ou_identifier),
        peer=unit("peer", message.peer_ou_identifier),
        admin=unit("admin", message.admin_ou_identifier),
        orderer=unit("orderer", message.orderer_ou_identifier),
        enabled=message.enable,
    )


def _unit_message(unit: OrganizationalUnit) -> msp_config_pb2.FabricOUIdentifier:
    return msp_config_pb2.FabricOUIdentifier(
        organizational_unit_identifier=unit.name, certificate=unit.certificate or b""
    )


def _node_units_message(units: NodeUnits | None) -> msp_config_pb2.FabricNodeOUs | None:
    if units is None:
        return None
    messages = {
        f"{role}_ou_identifier": _unit_message(unit) for role, unit in units.by_role().items()
    }
    return msp_config_pb2.FabricNodeOUs(enable=units.enabled, **messages)
