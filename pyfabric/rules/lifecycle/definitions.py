"""Chaincode definitions as `_lifecycle` keeps them: in public state, and in departments' approvals.

Source: core/chaincode/lifecycle/lifecycle.go of Fabric 3.1. An approval of sequence n of a chaincode is
the record `name#n` in the department's implicit collection.
"""

from dataclasses import dataclass

from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2

from pyfabric.messages.decoding import decode
from pyfabric.rules.lifecycle.records import (
    NAMESPACES,
    SOURCES,
    ReadableState,
    Record,
    binary,
    number,
    read_field,
    read_metadata,
    text,
)

LIFECYCLE = "_lifecycle"
DEFINITION = "ChaincodeDefinition"
PARAMETERS = "ChaincodeParameters"
LOCAL_PACKAGE = "ChaincodeLocalPackage"
IMPLICIT_PREFIX = "_implicit_org_"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a channel says of a chaincode. Messages are kept as the bytes that go into state."""

    sequence: int
    endorsement_info: bytes
    validation_info: bytes
    collections: bytes

    @property
    def endorsement(self) -> chaincode_definition_pb2.ChaincodeEndorsementInfo:
        """Version, endorsement plugin, whether an init call is required."""
        return decode(chaincode_definition_pb2.ChaincodeEndorsementInfo, self.endorsement_info)

    @property
    def validation(self) -> chaincode_definition_pb2.ChaincodeValidationInfo:
        """Validation plugin, endorsement policy (ApplicationPolicy bytes)."""
        return decode(chaincode_definition_pb2.ChaincodeValidationInfo, self.validation_info)

    @property
    def collection_package(self) -> collection_pb2.CollectionConfigPackage:
        """The private data collections."""
        return decode(collection_pb2.CollectionConfigPackage, self.collections)

    def record(self) -> Record:
        """The definition as public state keeps it."""
        return Record(DEFINITION, {"Sequence": number(self.sequence), **self._parameter_fields()})

    def parameters(self) -> Record:
        """The definition as an approval keeps it."""
        return Record(PARAMETERS, self._parameter_fields())

    def _parameter_fields(self) -> dict[str, bytes]:
        return {
            "EndorsementInfo": binary(self.endorsement_info),
            "ValidationInfo": binary(self.validation_info),
            "Collections": binary(self.collections),
        }

    def difference(self, passed: "Definition") -> str | None:
        """What first differs, in Fabric's words; None if nothing does."""
        ours, theirs = self.endorsement, passed.endorsement
        rules, other_rules = self.validation, passed.validation
        pairs = (
            ("Version", ours.version, theirs.version),
            ("EndorsementPlugin", ours.endorsement_plugin, theirs.endorsement_plugin),
            ("InitRequired", _go(ours.init_required), _go(theirs.init_required)),
            ("ValidationPlugin", rules.validation_plugin, other_rules.validation_plugin),
            (
                "ValidationParameter",
                rules.validation_parameter.hex(),
                other_rules.validation_parameter.hex(),
            ),
        )
        for name, expected, found in pairs:
            if expected != found:
                return f"expected {name} '{expected}' does not match passed {name} '{found}'"
        if self.collections != passed.collections:
            return "Collections do not match"
        return None


def _go(value: object) -> str:
    return "true" if value else "false"


def implicit_collection(msp_id: str) -> str:
    """The collection of a department's own."""
    return IMPLICIT_PREFIX + msp_id


def private_name(name: str, sequence: int) -> str:
    """The name of an approval's record."""
    return f"{name}#{sequence}"


def package_record(package_id: str) -> Record:
    """Which package a department runs for an approved definition (none: empty)."""
    return Record(LOCAL_PACKAGE, {"PackageID": text(package_id)})


def read_sequence(name: str, state: ReadableState) -> int:
    """The committed sequence of a chaincode; 0 if it is not defined."""
    return read_field(NAMESPACES, name, "Sequence", state).Int64


def read_definition(name: str, state: ReadableState) -> Definition | None:
    """The committed definition of a chaincode."""
    if read_metadata(NAMESPACES, name, state) is None:
        return None
    return Definition(read_sequence(name, state), *_read_parameters(name, state))


def read_approval(name: str, sequence: int, state: ReadableState) -> Definition | None:
    """What a department approved for a sequence."""
    record = private_name(name, sequence)
    if read_metadata(NAMESPACES, record, state) is None:
        return None
    return Definition(sequence, *_read_parameters(record, state))


def read_package_id(name: str, sequence: int, state: ReadableState) -> str | None:
    """The package approved for a sequence: empty if none was named, None if nothing was approved."""
    record = private_name(name, sequence)
    if read_metadata(SOURCES, record, state) is None:
        return None
    return read_field(SOURCES, record, "PackageID", state).String


def _read_parameters(record: str, state: ReadableState) -> tuple[bytes, bytes, bytes]:
    return (
        read_field(NAMESPACES, record, "EndorsementInfo", state).Bytes,
        read_field(NAMESPACES, record, "ValidationInfo", state).Bytes,
        read_field(NAMESPACES, record, "Collections", state).Bytes,
    )
