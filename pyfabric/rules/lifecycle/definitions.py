"""Chaincode definitions: what a channel agreed on a chaincode, and what its organisations approved.

Source: core/chaincode/lifecycle (lifecycle.go, scc.go, deployedcc_infoprovider.go) of Fabric 3.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fabric_protos.peer import collection_pb2, policy_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2, db_pb2

from pyfabric.errors import DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import (
    COLLECTIONS,
    DEFINITION,
    ENDORSEMENT_INFO,
    ENDORSEMENT_PLUGIN,
    LIFECYCLE,
    LOCAL_PACKAGE,
    NAMESPACES,
    PACKAGE_ID,
    PARAMETERS,
    SEQUENCE,
    SOURCES,
    VALIDATION_INFO,
    VALIDATION_PLUGIN,
    approval_name,
    metadata_range,
)
from pyfabric.rules.lifecycle.records import (
    CommittedState,
    OpaqueState,
    ReadableState,
    Record,
    WritableState,
    binary,
    mismatches,
    number,
    read_field,
    read_metadata,
    text,
    write_record,
)
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric.rules.state.versions import KeyReader, StateReader


@dataclass(frozen=True)
class Definition:
    """A chaincode definition; its endorsement policy is bytes of peer.ApplicationPolicy."""

    sequence: int
    endorsement: chaincode_definition_pb2.ChaincodeEndorsementInfo
    validation: chaincode_definition_pb2.ChaincodeValidationInfo
    collections: collection_pb2.CollectionConfigPackage

    @classmethod
    def requested(cls, request: Any) -> "Definition":
        """Return the definition in the arguments of a call, with Fabric's defaults."""
        default = policy_pb2.ApplicationPolicy(channel_config_policy_reference=ENDORSEMENT)
        return cls(
            request.sequence,
            chaincode_definition_pb2.ChaincodeEndorsementInfo(
                version=request.version,
                init_required=request.init_required,
                endorsement_plugin=request.endorsement_plugin or ENDORSEMENT_PLUGIN,
            ),
            chaincode_definition_pb2.ChaincodeValidationInfo(
                validation_plugin=request.validation_plugin or VALIDATION_PLUGIN,
                validation_parameter=request.validation_parameter or default.SerializeToString(),
            ),
            request.collections,
        )

    def described(self) -> Mapping[str, Any]:
        """Return the definition as fields of a call's result."""
        return {
            "sequence": self.sequence,
            "version": self.endorsement.version,
            "endorsement_plugin": self.endorsement.endorsement_plugin,
            "validation_plugin": self.validation.validation_plugin,
            "validation_parameter": self.endorsement_policy,
            "collections": self.collections,
            "init_required": self.endorsement.init_required,
        }

    @property
    def endorsement_policy(self) -> bytes:
        """The chaincode's endorsement policy (peer.ApplicationPolicy)."""
        return self.validation.validation_parameter

    @cached_property
    def explicit_collections(self) -> Mapping[str, collection_pb2.StaticCollectionConfig]:
        """The collections by name; of two with one name the first, as Fabric finds them."""
        return {
            entry.static_collection_config.name: entry.static_collection_config
            for entry in reversed(self.collections.config)
            if entry.HasField("static_collection_config")
        }

    def record(self) -> Record:
        """Return the definition as public state keeps it."""
        return Record(DEFINITION, {SEQUENCE: number(self.sequence), **self._parameter_fields()})

    def parameters(self) -> Record:
        """Return the definition as an approval keeps it."""
        return Record(PARAMETERS, self._parameter_fields())

    def _parameter_fields(self) -> dict[str, bytes]:
        return {
            ENDORSEMENT_INFO: binary(self.endorsement.SerializeToString()),
            VALIDATION_INFO: binary(self.validation.SerializeToString()),
            COLLECTIONS: binary(self.collections.SerializeToString()),
        }

    def difference(self, passed: "Definition") -> str | None:
        """Return what first differs in another definition, in Fabric's words; None if nothing does."""
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


def defined_names(state: StateReader) -> Iterator[str]:
    """Yield the names of a channel's chaincodes, sorted; raises DecodeError."""
    start, end = metadata_range(NAMESPACES)
    for key, found in state.range(LIFECYCLE, start, end):
        if decode(db_pb2.StateMetadata, found.value).datatype == DEFINITION:
            yield key.removeprefix(start)


def committed_definition(name: str, reader: KeyReader) -> Definition | None:
    """Return a chaincode's definition in a channel's state; None without one. Raises DecodeError."""
    return read_definition(name, CommittedState(reader))


def read_definition(name: str, state: ReadableState) -> Definition | None:
    """Return a chaincode's definition in public state; None without one. Raises DecodeError."""
    metadata = read_metadata(NAMESPACES, name, state)
    if metadata is None:
        return None
    if metadata.datatype != DEFINITION:
        raise DecodeError(f"not a chaincode type: {metadata.datatype}")
    return _read(name, read_sequence(name, state), state)


def write_definition(name: str, definition: Definition, state: WritableState) -> None:
    """Write a chaincode's definition into public state."""
    write_record(NAMESPACES, name, definition.record(), state)


def read_sequence(name: str, state: ReadableState) -> int:
    """Return the committed sequence of a chaincode; 0 if it is not defined."""
    return read_field(NAMESPACES, name, SEQUENCE, state).Int64


def read_approval(name: str, sequence: int, state: ReadableState) -> Definition | None:
    """Return what an organisation approved for a sequence; raises DecodeError."""
    record = approval_name(name, sequence)
    metadata = read_metadata(NAMESPACES, record, state)
    if metadata is None:
        return None
    if metadata.datatype != PARAMETERS:
        raise DecodeError(f"not a chaincode parameters type: {metadata.datatype}")
    return _read(record, sequence, state)


def read_package_id(name: str, sequence: int, state: ReadableState) -> str | None:
    """Return the package approved for a sequence: empty without one, None without an approval."""
    record = approval_name(name, sequence)
    metadata = read_metadata(SOURCES, record, state)
    if metadata is None:
        return None
    if metadata.datatype != LOCAL_PACKAGE:
        raise DecodeError(f"not a chaincode local package type: {metadata.datatype}")
    return read_field(SOURCES, record, PACKAGE_ID, state).String


def write_approval(
    name: str, definition: Definition, package_id: str, state: WritableState
) -> None:
    """Write an organisation's approval into its collection; an empty package ID runs nothing."""
    record = approval_name(name, definition.sequence)
    write_record(NAMESPACES, record, definition.parameters(), state)
    write_record(SOURCES, record, package_record(package_id), state)


def package_record(package_id: str) -> Record:
    """Return the record of the package that an organisation runs; empty for none."""
    return Record(LOCAL_PACKAGE, {PACKAGE_ID: text(package_id)})


def approval_mismatches(name: str, definition: Definition, state: OpaqueState) -> list[str]:
    """Return which parts of a definition an organisation did not approve; none if it approved it."""
    record = approval_name(name, definition.sequence)
    return mismatches(NAMESPACES, record, definition.parameters(), state)


def _read(record: str, sequence: int, state: ReadableState) -> Definition:
    endorsement, validation, collections = (
        read_field(NAMESPACES, record, field, state).Bytes
        for field in (ENDORSEMENT_INFO, VALIDATION_INFO, COLLECTIONS)
    )
    return Definition(
        sequence,
        decode(chaincode_definition_pb2.ChaincodeEndorsementInfo, endorsement),
        decode(chaincode_definition_pb2.ChaincodeValidationInfo, validation),
        decode(collection_pb2.CollectionConfigPackage, collections),
    )
