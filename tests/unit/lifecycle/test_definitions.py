"""Definitions and approvals in the state of `_lifecycle`: what is written is read, no more is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from fabric_protos.peer import collection_pb2, policy_pb2
from fabric_protos.peer.lifecycle import db_pb2, lifecycle_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import DecodeError
from pyfabric.messages.lifecycle import (
    ARGUMENTS,
    FIELD_MESSAGES,
    LIFECYCLE,
    NAMESPACES,
    SOURCES,
    approval_name,
    field_key,
    implicit_collection,
    implicit_owner,
    invocation,
    metadata_key,
    record_message,
    split_approval_name,
)
from pyfabric.rules.lifecycle.definitions import (
    Definition,
    approval_mismatches,
    committed_definition,
    defined_names,
    read_approval,
    read_definition,
    read_package_id,
    read_sequence,
    write_approval,
    write_definition,
)
from pyfabric.rules.lifecycle.records import CommittedHashes
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue, hashed_namespace

Arguments = lifecycle_pb2.CommitChaincodeDefinitionArgs


@dataclass
class State:
    """Public state or a collection, in memory; remembers which keys were written."""

    values: dict[str, bytes] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def put(self, key: str, value: bytes) -> None:
        self.written.append(key)
        self.values[key] = value
        if not value:
            del self.values[key]

    def get_hash(self, key: str) -> bytes | None:
        value = self.values.get(key)
        return None if value is None else sha256(value).digest()


def collection(name: str) -> collection_pb2.CollectionConfig:
    static = collection_pb2.StaticCollectionConfig(name=name, maximum_peer_count=1)
    return collection_pb2.CollectionConfig(static_collection_config=static)


names = st.text(st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=8)
requests = st.builds(
    lambda sequence, version, init, policy, collections: Arguments(
        sequence=sequence,
        version=version,
        init_required=init,
        validation_parameter=policy,
        collections=collection_pb2.CollectionConfigPackage(config=map(collection, collections)),
    ),
    st.integers(1, 2**63 - 1),
    names,
    st.booleans(),
    st.binary(max_size=8),
    st.lists(names, max_size=3, unique=True),
)


@given(request=requests, package_id=st.text(max_size=8))
def test_what_is_written_is_read_and_not_written_twice(request: Arguments, package_id: str) -> None:
    definition = Definition.requested(request)
    public, own = State(), State()
    for state, write in ((public, False), (own, True)):
        for expected in (True, False):
            state.written.clear()
            if write:
                write_approval("cc", definition, package_id, own)
            else:
                write_definition("cc", definition, public)
            assert bool(state.written) is expected
    assert read_definition("cc", public) == definition
    assert read_sequence("cc", public) == definition.sequence
    assert read_approval("cc", definition.sequence, own) == definition
    assert read_package_id("cc", definition.sequence, own) == package_id
    assert approval_mismatches("cc", definition, own) == []
    assert Definition.requested(Arguments(**definition.described())) == definition


def test_only_what_differs_is_written() -> None:
    state = State()
    write_definition("cc", Definition.requested(Arguments(sequence=1, version="1")), state)
    state.written.clear()
    write_definition("cc", Definition.requested(Arguments(sequence=2, version="1")), state)
    assert state.written == ["namespaces/fields/cc/Sequence"]


def test_a_record_of_another_type_loses_the_fields_that_are_no_more() -> None:
    old = db_pb2.StateMetadata(datatype="Old", fields=["Colour"]).SerializeToString()
    state = State({"namespaces/metadata/cc": old, "namespaces/fields/cc/Colour": b"red"})
    definition = Definition.requested(Arguments(sequence=1))
    write_definition("cc", definition, state)
    assert "namespaces/fields/cc/Colour" not in state.values
    assert read_definition("cc", state) == definition


def test_the_defaults_are_those_of_fabric() -> None:
    definition = Definition.requested(Arguments(sequence=1))
    default = policy_pb2.ApplicationPolicy(
        channel_config_policy_reference="/Channel/Application/Endorsement"
    )
    assert definition.endorsement_policy == default.SerializeToString()
    assert definition.endorsement.endorsement_plugin == "escc"
    assert definition.validation.validation_plugin == "vscc"


def test_nothing_is_read_where_nothing_is() -> None:
    state = State()
    assert read_definition("cc", state) is None
    assert read_sequence("cc", state) == 0
    assert read_approval("cc", 1, state) is None
    assert read_package_id("cc", 1, state) is None


# core/chaincode/lifecycle/lifecycle.go: ChaincodeDefinitionIfDefined, fetchApprovedChaincodeDefinition
def test_records_of_other_types_are_refused() -> None:
    other = db_pb2.StateMetadata(datatype="Token").SerializeToString()
    approval = approval_name("cc", 1)
    state = State(
        {
            metadata_key(NAMESPACES, "cc"): other,
            metadata_key(NAMESPACES, approval): other,
            metadata_key(SOURCES, approval): other,
        }
    )
    with pytest.raises(DecodeError, match=r"^not a chaincode type: Token$"):
        read_definition("cc", state)
    with pytest.raises(DecodeError, match=r"^not a chaincode parameters type: Token$"):
        read_approval("cc", 1, state)
    with pytest.raises(DecodeError, match=r"^not a chaincode local package type: Token$"):
        read_package_id("cc", 1, state)


def test_committed_definitions_are_listed_by_name_without_other_records() -> None:
    source = State()
    for name in ("b", "a"):
        write_definition(name, Definition.requested(Arguments(sequence=1, version=name)), source)
    source.values[metadata_key(NAMESPACES, "token")] = db_pb2.StateMetadata(
        datatype="Token"
    ).SerializeToString()
    committed = commit(LIFECYCLE, source.values)
    assert list(defined_names(committed)) == ["a", "b"]
    found = committed_definition("b", committed)
    assert found is not None
    assert found.endorsement.version == "b"
    assert committed_definition("c", committed) is None


def test_an_approval_is_known_by_its_hashes() -> None:
    definition = Definition.requested(Arguments(sequence=3, version="1"))
    own = State()
    write_approval("cc", definition, "package", own)
    hashed = {
        sha256(key.encode()).hexdigest(): sha256(value).digest()
        for key, value in own.values.items()
    }
    reader = commit(hashed_namespace(LIFECYCLE, implicit_collection("Land")), hashed)
    other = Definition.requested(Arguments(sequence=3, version="2"))
    assert approval_mismatches("cc", definition, CommittedHashes(reader, "Land")) == []
    assert approval_mismatches("cc", other, CommittedHashes(reader, "Land")) == ["EndorsementInfo"]
    assert approval_mismatches("cc", definition, CommittedHashes(reader, "Sea")) == [
        "ChaincodeParameters"
    ]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, None),
        ({"version": "2"}, "expected Version '1' does not match passed Version '2'"),
        (
            {"endorsement_plugin": "own"},
            "expected EndorsementPlugin 'escc' does not match passed EndorsementPlugin 'own'",
        ),
        (
            {"init_required": True},
            "expected InitRequired 'false' does not match passed InitRequired 'true'",
        ),
        (
            {"validation_plugin": "own"},
            "expected ValidationPlugin 'vscc' does not match passed ValidationPlugin 'own'",
        ),
        (
            {"validation_parameter": b"\x02"},
            "expected ValidationParameter '01' does not match passed ValidationParameter '02'",
        ),
        (
            {"collections": collection_pb2.CollectionConfigPackage(config=[collection("c")])},
            "Collections do not match",
        ),
    ],
)
def test_the_first_difference_is_named_in_fabrics_words(
    changed: Mapping[str, object], text: str | None
) -> None:
    given_ = {"sequence": 1, "version": "1", "validation_parameter": b"\x01"}
    ours = Definition.requested(Arguments(**given_))
    passed = Definition.requested(Arguments(**{**given_, **changed}))
    assert ours.difference(passed) == text


def test_of_two_collections_with_one_name_the_first_counts() -> None:
    first, second = collection("c"), collection("c")
    first.static_collection_config.block_to_live = 7
    package = collection_pb2.CollectionConfigPackage(
        config=[collection_pb2.CollectionConfig(), first, second]
    )
    found = Definition.requested(Arguments(collections=package)).explicit_collections
    assert {name: one.block_to_live for name, one in found.items()} == {"c": 7}


def test_the_functions_of_the_lifecycle_by_their_arguments() -> None:
    assert len(ARGUMENTS) == 11
    for name, kind in ARGUMENTS.items():
        assert invocation(kind()) == [name.encode(), b""]
    arguments = lifecycle_pb2.QueryChaincodeDefinitionArgs(name="cc")
    assert invocation(arguments) == [b"QueryChaincodeDefinition", arguments.SerializeToString()]


@given(name=names, sequence=st.integers(1, 2**63 - 1))
def test_names_of_records_and_collections_are_taken_apart_again(name: str, sequence: int) -> None:
    assert split_approval_name(approval_name(name, sequence)) == (name, sequence)
    assert implicit_owner(implicit_collection(name)) == name
    assert implicit_owner(name) is None


def test_keys_tell_which_message_they_hold() -> None:
    assert record_message(metadata_key(NAMESPACES, "cc")) == (db_pb2.StateMetadata, "")
    for name in FIELD_MESSAGES:
        assert record_message(field_key(NAMESPACES, "cc", name)) == (db_pb2.StateData, name)
    assert record_message("namespaces/other/cc") is None
    assert record_message("cc") is None


def commit(namespace: str, values: Mapping[str, bytes]) -> MemoryState:
    state, updates = MemoryState(), Updates()
    for key, value in values.items():
        updates.put((namespace, key), VersionedValue(value, Version(1, 0)))
    state.commit(updates)
    return state
