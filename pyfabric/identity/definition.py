"""An organisation's public definition (its MSP), as a value, a folder and a channel configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import yaml
from fabric_protos.msp import msp_config_pb2
from pydantic import BaseModel, Field, ValidationError

from pyfabric.errors import IdentityError
from pyfabric.identity import pem
from pyfabric.local import files
from pyfabric.messages.decoding import decode

_FABRIC_TYPE: Final = 0
_CONFIG_FILE: Final = "config.yaml"


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

    @classmethod
    def from_folder(cls, folder: Path, msp_id: str) -> Self:
        """Read an MSP folder as configtxgen and peers do: files without PEM are passed over.

        Raises IdentityError if there is no CA certificate or config.yaml cannot be used.
        """
        try:
            return cls._read(folder, msp_id)
        except OSError as error:
            raise IdentityError(f"cannot read the MSP folder {folder}: {error}") from error

    @classmethod
    def _read(cls, folder: Path, msp_id: str) -> Self:
        roots = tuple(_pem_files(folder / "cacerts"))
        if not roots:
            raise IdentityError(f"no ca certificate found in directory {folder / 'cacerts'}")
        tls_roots = tuple(_pem_files(folder / "tlscacerts"))
        tls_intermediates = _pem_files(folder / "tlsintermediatecerts") if tls_roots else ()
        units, node_units = _read_config(folder)
        return cls(
            msp_id=msp_id,
            root_certificates=roots,
            intermediate_certificates=tuple(_pem_files(folder / "intermediatecerts")),
            admin_certificates=tuple(_pem_files(folder / "admincerts")),
            revocation_lists=tuple(_pem_files(folder / "crls")),
            tls_root_certificates=tls_roots,
            tls_intermediate_certificates=tuple(tls_intermediates),
            organizational_units=units,
            node_units=node_units,
        )

    @classmethod
    def from_config(cls, config: msp_config_pb2.MSPConfig) -> Self:
        """Read the value of an organisation's MSP in a channel configuration.

        Raises IdentityError for another kind of MSP (Idemix is not supported) and for bytes that are
        no definition.
        """
        if config.type != _FABRIC_TYPE:
            raise IdentityError(f"Setup error: unsupported msp type {config.type}")
        message = decode(
            msp_config_pb2.FabricMSPConfig,
            config.config,
            IdentityError,
            "failed unmarshalling fabric msp config",
        )
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

        `signcerts` and `keystore` are left as they are.
        """
        for name, contents in (
            ("cacerts", self.root_certificates),
            ("intermediatecerts", self.intermediate_certificates),
            ("admincerts", self.admin_certificates),
            ("crls", self.revocation_lists),
            ("tlscacerts", self.tls_root_certificates),
            ("tlsintermediatecerts", self.tls_intermediate_certificates),
        ):
            _write_all(folder / name, contents)
        files.write_public(folder / _CONFIG_FILE, self._config_yaml(folder), error=IdentityError)

    def _config_yaml(self, folder: Path) -> bytes:
        config: dict[str, object] = {}
        if self.organizational_units:
            config["OrganizationalUnitIdentifiers"] = [
                self._unit_entry(folder, unit) for unit in self.organizational_units
            ]
        if self.node_units is not None:
            config["NodeOUs"] = {
                "Enable": self.node_units.enabled,
                **{
                    f"{role.capitalize()}OUIdentifier": self._unit_entry(folder, unit)
                    for role, unit in self.node_units.by_role().items()
                },
            }
        return yaml.safe_dump(config, sort_keys=False, allow_unicode=True).encode()

    def _unit_entry(self, folder: Path, unit: OrganizationalUnit) -> dict[str, str]:
        entry = {"OrganizationalUnitIdentifier": unit.name}
        if unit.certificate is None:
            return entry
        for name, contents in (
            ("cacerts", self.root_certificates),
            ("intermediatecerts", self.intermediate_certificates),
        ):
            if unit.certificate in contents:
                file = _file_name(contents.index(unit.certificate), len(contents))
                return {"Certificate": f"{name}/{file}", **entry}
        raise IdentityError(
            f"the certificate of OU {unit.name} is none of the CA certificates of {self.msp_id} "
            f"(writing {folder})"
        )


def _pem_files(folder: Path) -> Iterator[bytes]:
    """The contents of the files that hold PEM, in the order of their names; none if no such folder."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda path: path.name.encode()):
        if path.is_file() and pem.first_block(content := path.read_bytes()) is not None:
            yield content


def _write_all(folder: Path, contents: Sequence[bytes]) -> None:
    wanted = {_file_name(at, len(contents)): content for at, content in enumerate(contents)}
    if folder.is_dir():
        for path in folder.iterdir():
            if path.is_file() and path.name not in wanted:
                path.unlink()
    for name, content in wanted.items():
        files.write_public(folder / name, content, error=IdentityError)


def _file_name(at: int, count: int) -> str:
    return "ca.pem" if count == 1 else f"ca-{at + 1:03}.pem"


class _UnitEntry(BaseModel):
    name: str | None = Field(None, alias="OrganizationalUnitIdentifier")
    certificate: str | None = Field(None, alias="Certificate")


class _NodeUnitsEntry(BaseModel):
    enable: bool | None = Field(None, alias="Enable")
    client: _UnitEntry | None = Field(None, alias="ClientOUIdentifier")
    peer: _UnitEntry | None = Field(None, alias="PeerOUIdentifier")
    admin: _UnitEntry | None = Field(None, alias="AdminOUIdentifier")
    orderer: _UnitEntry | None = Field(None, alias="OrdererOUIdentifier")


class _ConfigFile(BaseModel):
    units: list[_UnitEntry] | None = Field(None, alias="OrganizationalUnitIdentifiers")
    node_units: _NodeUnitsEntry | None = Field(None, alias="NodeOUs")


def _read_config(folder: Path) -> tuple[tuple[OrganizationalUnit, ...], NodeUnits | None]:
    path = folder / _CONFIG_FILE
    if not path.exists():
        return (), None
    try:
        config = _ConfigFile.model_validate(yaml.safe_load(path.read_bytes()) or {})
    except (yaml.YAMLError, ValidationError) as error:
        raise IdentityError(
            f"failed unmarshalling configuration file at [{path}]: yaml: {error}"
        ) from error
    units = tuple(_required(folder, entry) for entry in config.units or ())
    roles = config.node_units
    if roles is None or not roles.enable:
        return units, None
    return units, NodeUnits(
        client=_optional(folder, roles.client),
        peer=_optional(folder, roles.peer),
        admin=_optional(folder, roles.admin),
        orderer=_optional(folder, roles.orderer),
    )


def _required(folder: Path, entry: _UnitEntry) -> OrganizationalUnit:
    path = folder / (entry.certificate or "")
    return OrganizationalUnit(entry.name or "", path.read_bytes())


def _optional(folder: Path, entry: _UnitEntry | None) -> OrganizationalUnit | None:
    if entry is None or not entry.name:
        return None
    path = folder / (entry.certificate or "")
    # A certificate that is not there counts as none: any CA of the MSP will do, as in Fabric.
    return OrganizationalUnit(entry.name, path.read_bytes() if path.is_file() else None)


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
