"""What the lifecycle's own arguments and records hold, and what other system chaincodes are given.

Source: core/chaincode/lifecycle of Fabric 3.1: scc.go for arguments, serializer.go for records in state.
"""

from collections.abc import Mapping
from typing import Final

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import chaincode_pb2, collection_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2, db_pb2, lifecycle_pb2
from google.protobuf.message import Message

from pyfabric.messages.translation.places import Place, View

_LIFECYCLE: Final = "_lifecycle"
_ARGUMENTS: Final[Mapping[tuple[str, bytes], type[Message]]] = {
    ("cscc", b"JoinChain"): common_pb2.Block,
    (_LIFECYCLE, b"InstallChaincode"): lifecycle_pb2.InstallChaincodeArgs,
    (_LIFECYCLE, b"QueryInstalledChaincode"): lifecycle_pb2.QueryInstalledChaincodeArgs,
    (_LIFECYCLE, b"QueryInstalledChaincodes"): lifecycle_pb2.QueryInstalledChaincodesArgs,
    (_LIFECYCLE, b"GetInstalledChaincodePackage"): lifecycle_pb2.GetInstalledChaincodePackageArgs,
    (_LIFECYCLE, b"ApproveChaincodeDefinitionForMyOrg"): (
        lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs
    ),
    (_LIFECYCLE, b"QueryApprovedChaincodeDefinition"): (
        lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs
    ),
    (_LIFECYCLE, b"QueryApprovedChaincodeDefinitions"): (
        lifecycle_pb2.QueryApprovedChaincodeDefinitionsArgs
    ),
    (_LIFECYCLE, b"CheckCommitReadiness"): lifecycle_pb2.CheckCommitReadinessArgs,
    (_LIFECYCLE, b"CommitChaincodeDefinition"): lifecycle_pb2.CommitChaincodeDefinitionArgs,
    (_LIFECYCLE, b"QueryChaincodeDefinition"): lifecycle_pb2.QueryChaincodeDefinitionArgs,
    (_LIFECYCLE, b"QueryChaincodeDefinitions"): lifecycle_pb2.QueryChaincodeDefinitionsArgs,
}
RECORD_FIELDS: Final[Mapping[str, type[Message]]] = {
    "EndorsementInfo": chaincode_definition_pb2.ChaincodeEndorsementInfo,
    "ValidationInfo": chaincode_definition_pb2.ChaincodeValidationInfo,
    "Collections": collection_pb2.CollectionConfigPackage,
}
"""The messages in fields of a record, by the field's name."""


def chaincode_input(place: Place) -> View:
    """The arguments of a call; their role is the chaincode called."""
    return View(chaincode_pb2.ChaincodeInput, place.message.chaincode_id.name)


def argument(place: Place) -> View | None:
    """An argument: only a system chaincode's second one is a message."""
    if place.key != 1:
        return None
    kind = _ARGUMENTS.get((place.role, place.message.args[0]))
    return None if kind is None else View(kind)


def public_set(place: Place) -> View:
    """What was read and written in a namespace, which is its role."""
    return View(kv_rwset_pb2.KVRWSet, place.message.namespace)


def private_collection(place: Place) -> View:
    """What was written in a collection of a namespace, which is its role."""
    return View(rwset_pb2.CollectionPvtReadWriteSet, place.message.namespace)


def private_set(place: Place) -> View:
    """The content of a collection's set, in the same role."""
    return View(kv_rwset_pb2.KVRWSet, place.role)


def write(place: Place) -> View:
    """A write, in the role of its set."""
    return View(kv_rwset_pb2.KVWrite, place.role)


def state_record(place: Place) -> View | None:
    """A written value: in the lifecycle's namespace, a record's type or one of its fields."""
    parts = place.message.key.split("/")
    if place.role != _LIFECYCLE or len(parts) < 3:
        return None
    if parts[1] == "metadata":
        return View(db_pb2.StateMetadata)
    return View(db_pb2.StateData, parts[-1]) if parts[1] == "fields" else None
