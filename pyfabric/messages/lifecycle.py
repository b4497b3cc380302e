"""The chaincode lifecycle's messages: the arguments of `_lifecycle`, and its records in state.

A record is one key a field, and one key that names its type and fields. Definitions are public records;
an organisation's approval of sequence n of a chaincode is the record `name#n` in its implicit
collection. Source: core/chaincode/lifecycle (scc.go, lifecycle.go, serializer.go) of Fabric 3.1.
"""

from collections.abc import Mapping
from typing import Final

from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2, db_pb2, lifecycle_pb2
from google.protobuf.message import Message

LIFECYCLE: Final = "_lifecycle"
IMPLICIT_PREFIX: Final = "_implicit_org_"

NAMESPACES: Final = "namespaces"
"""The table of definitions and approvals."""
SOURCES: Final = "chaincode-sources"
"""The table of the packages that an organisation runs."""

DEFINITION: Final = "ChaincodeDefinition"
PARAMETERS: Final = "ChaincodeParameters"
LOCAL_PACKAGE: Final = "ChaincodeLocalPackage"

SEQUENCE: Final = "Sequence"
ENDORSEMENT_INFO: Final = "EndorsementInfo"
VALIDATION_INFO: Final = "ValidationInfo"
COLLECTIONS: Final = "Collections"
PACKAGE_ID: Final = "PackageID"

ENDORSEMENT_PLUGIN: Final = "escc"
VALIDATION_PLUGIN: Final = "vscc"

FIELD_MESSAGES: Final[Mapping[str, type[Message]]] = {
    ENDORSEMENT_INFO: chaincode_definition_pb2.ChaincodeEndorsementInfo,
    VALIDATION_INFO: chaincode_definition_pb2.ChaincodeValidationInfo,
    COLLECTIONS: collection_pb2.CollectionConfigPackage,
}
"""The messages in fields, by the field's name."""

_SUFFIX: Final = "Args"
ARGUMENTS: Final[Mapping[str, type[Message]]] = {
    kind.DESCRIPTOR.name.removesuffix(_SUFFIX): kind
    for kind in (
        lifecycle_pb2.InstallChaincodeArgs,
        lifecycle_pb2.QueryInstalledChaincodeArgs,
        lifecycle_pb2.QueryInstalledChaincodesArgs,
        lifecycle_pb2.GetInstalledChaincodePackageArgs,
        lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs,
        lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs,
        lifecycle_pb2.QueryApprovedChaincodeDefinitionsArgs,
        lifecycle_pb2.CheckCommitReadinessArgs,
        lifecycle_pb2.CommitChaincodeDefinitionArgs,
        lifecycle_pb2.QueryChaincodeDefinitionArgs,
        lifecycle_pb2.QueryChaincodeDefinitionsArgs,
    )
}
"""The functions of `_lifecycle`, with the message that each takes as its only argument."""


def invocation(arguments: Message) -> list[bytes]:
    """Return the arguments of a call: the function that takes this message, and the message."""
    function = arguments.DESCRIPTOR.name.removesuffix(_SUFFIX)
    return [function.encode(), arguments.SerializeToString()]


def implicit_collection(msp_id: str) -> str:
    """Return the name of an organisation's implicit collection."""
    return IMPLICIT_PREFIX + msp_id


def implicit_owner(collection: str) -> str | None:
    """Return the MSP ID whose implicit collection this is; None for an explicit collection."""
    return (
        collection.removeprefix(IMPLICIT_PREFIX) if collection.startswith(IMPLICIT_PREFIX) else None
    )


def approval_name(name: str, sequence: int) -> str:
    """Return the name of the record that approves a sequence of a chaincode."""
    return f"{name}#{sequence}"


def split_approval_name(record: str) -> tuple[str, int]:
    """Return the chaincode and the sequence of `approval_name`."""
    name, _, sequence = record.partition("#")
    return name, int(sequence)


def metadata_key(table: str, name: str) -> str:
    """Return the key of a record's type and field names."""
    return f"{table}/metadata/{name}"


def field_key(table: str, name: str, field: str) -> str:
    """Return the key of one field of a record."""
    return f"{table}/fields/{name}/{field}"


def metadata_range(table: str) -> tuple[str, str]:
    """Return the first key of a table's records, and the key after the last."""
    prefix = metadata_key(table, "")
    return prefix, prefix + "\x7f"


def record_message(key: str) -> tuple[type[Message], str] | None:
    """Return the message under a key of the lifecycle's state and the field's name ("" for a type)."""
    parts = key.split("/")
    if len(parts) < 3:
        return None
    if parts[1] == "metadata":
        return db_pb2.StateMetadata, ""
    return (db_pb2.StateData, parts[-1]) if parts[1] == "fields" else None
