"""Collections for the lifecycle: the bytes that Fabric's own command makes of its JSON files."""

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import db_pb2 as lifecycle_db_pb2

from pyfabric.admin.collections import CollectionConfig, collection_package, read_collections
from pyfabric.errors import PolicySyntaxError
from tests.support.rules.history import decoded

HISTORY = Path("tests/vectors/5-channel-history")
DUO = CollectionConfig(name="duo", policy="OR('A.member', 'B.member')")


def from_file(name: str) -> tuple[CollectionConfig, ...]:
    return read_collections(json.loads((HISTORY / name).read_text(encoding="utf-8")))


def committed() -> list[bytes]:
    """Return the packages that the chaincode's valid definitions carried, in the order of the blocks."""
    return [
        lifecycle_db_pb2.StateData.FromString(b64decode(write["value"]["base64"])).Bytes
        for block in decoded()
        for transaction in block["transactions"]
        if transaction["validation"] == "VALID"
        for action in transaction.get("actions", ())
        for namespace in action["rwset"]["namespaces"]
        for write in namespace.get("writes", ())
        if write["key"] == "namespaces/fields/ledger/Collections"
    ]


@pytest.mark.parametrize(("name", "place"), [("collections.json", 0), ("collections2.json", -1)])
def test_bytes_of_fabrics_own_command(name: str, place: int) -> None:
    package = collection_package(from_file(name))
    assert package == committed()[place]
    assert package


def test_no_collections_are_no_bytes() -> None:
    assert collection_package([]) == b""


def test_defaults_are_those_of_collection_files() -> None:
    (config,) = collection_pb2.CollectionConfigPackage.FromString(collection_package([DUO])).config
    static = config.static_collection_config
    assert (static.required_peer_count, static.maximum_peer_count) == (0, 1)
    assert not static.HasField("endorsement_policy")


@pytest.mark.parametrize(
    "broken", [replace(DUO, policy="OR("), replace(DUO, endorsement_policy="OR('A')")]
)
def test_a_policy_that_is_none(broken: CollectionConfig) -> None:
    with pytest.raises(PolicySyntaxError):
        collection_package([broken])
