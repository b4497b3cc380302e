"""What a channel has agreed on its chaincodes, read from the state of `_lifecycle`.

Source: core/chaincode/lifecycle (serializer.go, deployedcc_infoprovider.go) of Fabric 3.1. A definition
is one key a field, under `namespaces/fields/<name>/`, and one that names its type.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2, db_pb2

from pyfabric.messages.decoding import M, decode
from pyfabric.rules.state.versions import KeyReader, StateReader

LIFECYCLE = "_lifecycle"
IMPLICIT_PREFIX = "_implicit_org_"
_KIND = "ChaincodeDefinition"


@dataclass(frozen=True, slots=True)
class CommittedDefinition:
    """A chaincode as the channel committed it; policies are bytes of peer.ApplicationPolicy.

    `collections` holds the explicit collections by name.
    """

    name: str
    sequence: int
    version: str
    endorsement_plugin: str
    init_required: bool
    validation_plugin: str
    endorsement_policy: bytes
    collections: Mapping[str, collection_pb2.StaticCollectionConfig] = field(repr=False)


def metadata_key(name: str) -> str:
    """The key that says that a chaincode is defined."""
    return f"namespaces/metadata/{name}"


def defined_names(state: StateReader) -> list[str]:
    """The names of all defined chaincodes, sorted."""
    prefix = metadata_key("")
    return [key[len(prefix) :] for key, _ in state.range(LIFECYCLE, prefix, prefix + "\x7f")]


def field_key(name: str, part: str) -> str:
    """The key of one field of a chaincode's definition."""
    return f"namespaces/fields/{name}/{part}"


def read_definition(state: KeyReader, name: str) -> CommittedDefinition | None:
    """The committed definition of a chaincode, or None; raises DecodeError if it cannot be read."""
    entry = state.get(LIFECYCLE, metadata_key(name))
    if entry is None or decode(db_pb2.StateMetadata, entry.value).datatype != _KIND:
        return None
    endorsement = _part(
        state, name, "EndorsementInfo", chaincode_definition_pb2.ChaincodeEndorsementInfo
    )
    validation = _part(
        state, name, "ValidationInfo", chaincode_definition_pb2.ChaincodeValidationInfo
    )
    package = _part(state, name, "Collections", collection_pb2.CollectionConfigPackage)
    return CommittedDefinition(
        name=name,
        sequence=_field(state, name, "Sequence").Int64,
        version=endorsement.version,
        endorsement_plugin=endorsement.endorsement_plugin,
        init_required=endorsement.init_required,
        validation_plugin=validation.validation_plugin,
        endorsement_policy=validation.validation_parameter,
        collections={
            entry.static_collection_config.name: entry.static_collection_config
            for entry in reversed(package.config)
            if entry.HasField("static_collection_config")
        },
    )


def _field(state: KeyReader, name: str, part: str) -> db_pb2.StateData:
    entry = state.get(LIFECYCLE, field_key(name, part))
    return db_pb2.StateData() if entry is None else decode(db_pb2.StateData, entry.value)


def _part(state: KeyReader, name: str, part: str, kind: type[M]) -> M:
    return decode(kind, _field(state, name, part).Bytes)
