"""Definitions and collections as documents, and how two definitions differ."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2, policy_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.admin import (
    ChaincodeDefinition,
    CollectionConfig,
    FieldDifference,
    collection_package,
    collections_document,
    definition_differences,
    definition_document,
    read_collections,
    read_definition,
)
from pyfabric.errors import ConfigError

HISTORY = Path("tests/vectors/5-channel-history")
DUO = {"name": "duo", "policy": "OR('A.member', 'B.member')"}
DEEDS = ChaincodeDefinition(
    name="deeds", version="1.0", sequence=1, endorsement_policy="OR('A.peer')"
)

policies = st.lists(
    st.sampled_from(["'A.peer'", "'B.member'", "'C.D-1.peer'"]), min_size=1, max_size=3, unique=True
).map(lambda members: f"OR({', '.join(members)})")
collections = st.lists(
    st.builds(
        CollectionConfig,
        name=st.from_regex(r"[A-Za-z0-9-][A-Za-z0-9_-]{0,9}", fullmatch=True),
        policy=policies,
        required_peer_count=st.integers(0, 5),
        maximum_peer_count=st.integers(0, 5),
        block_to_live=st.integers(0, 2**64 - 1),
        member_only_read=st.booleans(),
        member_only_write=st.booleans(),
        endorsement_policy=st.none() | policies | st.just("/Channel/Application/Endorsement"),
    ),
    max_size=3,
    unique_by=lambda one: one.name,
)
definitions = st.builds(
    ChaincodeDefinition,
    name=st.just("deeds"),
    version=st.sampled_from(["1.0", "2.0"]),
    sequence=st.integers(1, 2**63 - 1),
    endorsement_policy=policies | st.just("/Channel/Application/Endorsement"),
    collections=collections.map(collection_package),
    init_required=st.booleans(),
    endorsement_plugin=st.sampled_from(["escc", "other"]),
    validation_plugin=st.sampled_from(["vscc", "other"]),
)


@given(definitions)
def test_a_definition_comes_back_from_its_document(definition: ChaincodeDefinition) -> None:
    document = json.loads(json.dumps(definition_document(definition)))
    assert read_definition(document) == definition


@given(definitions, definitions)
def test_differences_are_the_fields_in_which_documents_differ(
    one: ChaincodeDefinition, other: ChaincodeDefinition
) -> None:
    differences = definition_differences(one, other)
    assert bool(differences) == (replace(one, sequence=1) != replace(other, sequence=1))
    turned = [replace(each, before=each.after, after=each.before) for each in differences]
    assert sorted(definition_differences(other, one), key=str) == sorted(turned, key=str)


def test_differences_name_the_field_its_part_and_both_values() -> None:
    duo = CollectionConfig(name="duo", policy="OR('A.member')")
    before = replace(DEEDS, collections=collection_package([duo]))
    after = replace(
        DEEDS,
        sequence=2,
        version="2.0",
        endorsement_policy=None,
        collections=collection_package([replace(duo, maximum_peer_count=3)]),
    )
    assert definition_differences(before, after) == (
        FieldDifference("version", "EndorsementInfo", "1.0", "2.0"),
        FieldDifference(
            "endorsement_policy",
            "ValidationInfo",
            "OR('A.peer')",
            "/Channel/Application/Endorsement",
        ),
        FieldDifference("collections.duo.maxPeerCount", "Collections", 1, 3),
    )
    assert definition_differences(before, replace(before, sequence=7)) == ()
    new = collection_package([duo, replace(duo, name="trio")])
    added = definition_differences(before, replace(before, collections=new))
    assert ("collections", ["duo"], ["duo", "trio"]) in [
        (d.field, d.before, d.after) for d in added
    ]
    assert ("collections.trio.policy", None, "OR('A.member')") in [
        (d.field, d.before, d.after) for d in added
    ]


@pytest.mark.parametrize("name", ["collections.json", "collections2.json"])
def test_fabrics_own_files(name: str) -> None:
    document = json.loads((HISTORY / name).read_text(encoding="utf-8"))
    read = read_collections(document)
    assert [one.name for one in read] == [one["name"] for one in document]
    again = collections_document(collection_package(read))
    assert read_collections(again) == tuple(
        replace(one, policy=one.policy.replace("','", "', '"),
                endorsement_policy=one.endorsement_policy and one.endorsement_policy.replace("','", "', '"))
        for one in read
    )  # fmt: skip


def test_what_a_file_leaves_out_has_fabrics_defaults() -> None:
    (read,) = read_collections([{**DUO, "endorsementPolicy": None, "maxPeerCount": None}])
    assert read == CollectionConfig(**DUO)
    assert (read.required_peer_count, read.maximum_peer_count) == (0, 1)
    (read,) = read_collections([{**DUO, "endorsementPolicy": "OR('A.peer')"}])
    assert read.endorsement_policy == "OR('A.peer')"


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "collections must be a list"),
        ([1], "collection 1 must be an object"),
        ([{**DUO, "blockToLife": 3}], "collection duo: no member blockToLife; there are: name, policy"),
        ([{"policy": "OR('A.member')"}], "collection 1: its name is empty"),
        ([{"name": "duo"}], "collection duo: its policy is empty"),
        ([{**DUO, "policy": " "}], "collection duo: its policy is empty"),
        ([{**DUO, "policy": "OR('A.boss')"}], "collection duo: 'A.boss' is no principal"),
        ([{**DUO, "requiredPeerCount": "1"}], "collection duo: required_peer_count must be an integer"),
        ([{**DUO, "blockToLive": -1}], "block_to_live must be an integer from 0"),
        ([{**DUO, "memberOnlyRead": "yes"}], "member_only_read must be True or False"),
        ([{**DUO, "endorsementPolicy": {}}], "collection duo: endorsementPolicy must have either"),
        ([{**DUO, "endorsementPolicy": {"signaturePolicy": "OR('A.peer')", "channelConfigPolicy": "/Channel/A"}}], "must have either"),
        ([{**DUO, "endorsementPolicy": {"policy": "OR('A.peer')"}}], "must have either"),
        ([{**DUO, "endorsementPolicy": 3}], "must be a text"),
        ([{**DUO, "endorsementPolicy": {"signaturePolicy": "/Channel/A"}}], "collection duo: "),
        ([{**DUO, "endorsementPolicy": {"channelConfigPolicy": "OR('A.peer')"}}], "is no path of a channel's policy"),
        ([{**DUO, "endorsementPolicy": "Endorsement"}], "is no path of a channel's policy"),
    ],
)  # fmt: skip
def test_a_mistake_in_collections_is_named(document: Any, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_collections(document)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": None}, "name must be text"),
        ({"sequence": "1"}, "sequence must be an integer"),
        ({"sequens": 1}, "has the unknown member sequens"),
        ({"init_required": 1}, "init_required must be a truth value"),
        ({"endorsement_policy": "MAJORITY Endorsement"}, "is no path of a channel's policy"),
        ({"endorsement_policy": 1}, "endorsement_policy must be a text"),
        ({"collections": [{}]}, "collection 1: its name is empty"),
    ],
)
def test_a_mistake_in_a_definition_is_named(change: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_definition({**definition_document(DEEDS), **change})


def test_what_lacks_a_member_is_no_definition() -> None:
    with pytest.raises(ConfigError, match="must be an object"):
        read_definition([])
    with pytest.raises(ConfigError, match="lacks version"):
        read_definition({"name": "deeds", "sequence": 1})
    assert read_definition({"name": "deeds", "version": "1", "sequence": 1}) == ChaincodeDefinition(
        name="deeds", version="1", sequence=1, endorsement_policy="/Channel/Application/Endorsement"
    )


def test_a_policy_that_no_expression_describes_is_shown_as_its_bytes() -> None:
    unit = msp_principal_pb2.OrganizationUnit(
        msp_identifier="A", organizational_unit_identifier="u"
    )
    envelope = policies_pb2.SignaturePolicyEnvelope(
        rule=policies_pb2.SignaturePolicy(signed_by=0),
        identities=[
            msp_principal_pb2.MSPPrincipal(
                principal_classification=msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT,
                principal=unit.SerializeToString(),
            )
        ],
    )
    policy = policy_pb2.ApplicationPolicy(signature_policy=envelope).SerializeToString()
    collection = collection_pb2.StaticCollectionConfig(name="x")
    collection.member_orgs_policy.signature_policy.CopyFrom(envelope)
    package = collection_pb2.CollectionConfigPackage(
        config=[collection_pb2.CollectionConfig(static_collection_config=collection)]
    )
    document = definition_document(
        replace(DEEDS, endorsement_policy=policy, collections=package.SerializeToString())
    )
    assert document["endorsement_policy"] == f"0x{policy.hex()}"
    assert document["collections"][0]["policy"] == f"0x{envelope.SerializeToString().hex()}"
    with pytest.raises(ConfigError, match="is no path of a channel's policy"):
        read_definition(document)
