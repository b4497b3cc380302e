"""MSP folders: certificates and lists in their folders, organizational units in config.yaml."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, Field, ValidationError

from pyfabric.errors import IdentityError
from pyfabric.identity import pem
from pyfabric.identity.definition import MSPDefinition, NodeUnits, OrganizationalUnit
from pyfabric.local import files
from pyfabric.local.yaml_text import load_yaml

_CONFIG_FILE: Final = "config.yaml"


def read(folder: Path, msp_id: str) -> MSPDefinition:
    """Return the definition of an organisation; see `MSPDefinition.from_folder`."""
    try:
        return _read(folder, msp_id)
    except OSError as error:
        raise IdentityError(f"cannot read the MSP folder {folder}: {error}") from error


def write(folder: Path, definition: MSPDefinition) -> None:
    """Write the folder of an organisation; see `MSPDefinition.write`."""
    for name, contents in (
        ("cacerts", definition.root_certificates),
        ("intermediatecerts", definition.intermediate_certificates),
        ("admincerts", definition.admin_certificates),
        ("crls", definition.revocation_lists),
        ("tlscacerts", definition.tls_root_certificates),
        ("tlsintermediatecerts", definition.tls_intermediate_certificates),
    ):
        _write_all(folder / name, contents)
    files.write_public(folder / _CONFIG_FILE, _config_yaml(folder, definition), error=IdentityError)


def _read(folder: Path, msp_id: str) -> MSPDefinition:
    roots = tuple(_pem_files(folder / "cacerts"))
    if not roots:
        raise IdentityError(f"no ca certificate found in directory {folder / 'cacerts'}")
    tls_roots = tuple(_pem_files(folder / "tlscacerts"))
    tls_intermediates = _pem_files(folder / "tlsintermediatecerts") if tls_roots else ()
    units, node_units = _read_config(folder)
    return MSPDefinition(
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


def _pem_files(folder: Path) -> Iterator[bytes]:
    """Yield the contents of the PEM files, in the order of their names; none without the folder."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda path: path.name.encode()):
        if path.is_file() and pem.find(content := path.read_bytes()) is not None:
            yield content


def _write_all(folder: Path, contents: Sequence[bytes]) -> None:
    wanted = {_file_name(at, len(contents)): content for at, content in enumerate(contents)}
    for name, content in wanted.items():
        files.write_public(folder / name, content, error=IdentityError)
    # Last: an interruption leaves more than is wanted, never less.
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and path.name not in wanted:
            path.unlink()


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
        config = _ConfigFile.model_validate(load_yaml(path.read_bytes()) or {})
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


def _config_yaml(folder: Path, definition: MSPDefinition) -> bytes:
    config: dict[str, object] = {}
    if definition.organizational_units:
        config["OrganizationalUnitIdentifiers"] = [
            _entry(folder, definition, unit) for unit in definition.organizational_units
        ]
    if definition.node_units is not None:
        config["NodeOUs"] = {
            "Enable": definition.node_units.enabled,
            **{
                f"{role.capitalize()}OUIdentifier": _entry(folder, definition, unit)
                for role, unit in definition.node_units.by_role().items()
            },
        }
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True).encode()


def _required(folder: Path, entry: _UnitEntry) -> OrganizationalUnit:
    path = folder / (entry.certificate or "")
    return OrganizationalUnit(entry.name or "", path.read_bytes())


def _optional(folder: Path, entry: _UnitEntry | None) -> OrganizationalUnit | None:
    if entry is None or not entry.name:
        return None
    path = folder / (entry.certificate or "")
    # A certificate that is not there counts as none: any CA of the MSP will do, as in Fabric.
    return OrganizationalUnit(entry.name, path.read_bytes() if path.is_file() else None)


def _entry(folder: Path, definition: MSPDefinition, unit: OrganizationalUnit) -> dict[str, str]:
    entry = {"OrganizationalUnitIdentifier": unit.name}
    if unit.certificate is None:
        return entry
    for name, contents in (
        ("cacerts", definition.root_certificates),
        ("intermediatecerts", definition.intermediate_certificates),
    ):
        if unit.certificate in contents:
            file = _file_name(contents.index(unit.certificate), len(contents))
            return {"Certificate": f"{name}/{file}", **entry}
    raise IdentityError(
        f"the certificate of OU {unit.name} is not one of the CA certificates of {definition.msp_id} "
        f"(writing {folder})"
    )
