"""An organisation's definition as the value of a channel configuration (msp.MSPConfig)."""

from typing import Final

from fabric_protos.msp import msp_config_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity.definition import MSPDefinition, NodeUnits, OrganizationalUnit
from pyfabric.messages.decoding import decode

_FABRIC_TYPE: Final = 0


def definition_from_config(config: msp_config_pb2.MSPConfig) -> MSPDefinition:
    """Read the value of an organisation's MSP in a channel configuration.

    Raises IdentityError, in Fabric's words, for another kind of MSP (Idemix is not supported) and for
    bytes that cannot be decoded.
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
    return MSPDefinition(
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


def definition_to_config(definition: MSPDefinition) -> msp_config_pb2.MSPConfig:
    """Return the value for a channel configuration: for a folder's definition, configtxgen's bytes."""
    message = msp_config_pb2.FabricMSPConfig(
        name=definition.msp_id,
        root_certs=definition.root_certificates,
        intermediate_certs=definition.intermediate_certificates,
        admins=definition.admin_certificates,
        revocation_list=definition.revocation_lists,
        tls_root_certs=definition.tls_root_certificates,
        tls_intermediate_certs=definition.tls_intermediate_certificates,
        organizational_unit_identifiers=[
            _unit_message(unit) for unit in definition.organizational_units
        ],
        fabric_node_ous=_node_units_message(definition.node_units),
        crypto_config=msp_config_pb2.FabricCryptoConfig(
            signature_hash_family=definition.signature_hash_family,
            identity_identifier_hash_function=definition.identifier_hash,
        ),
    )
    return msp_config_pb2.MSPConfig(type=_FABRIC_TYPE, config=message.SerializeToString())


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
