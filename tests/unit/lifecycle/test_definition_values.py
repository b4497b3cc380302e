"""Values that a collection or a definition cannot hold are refused with our own errors."""

from typing import Any

import pytest

from pyfabric.admin.collections import CollectionConfig, collection_package
from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.errors import ConfigError

POLICY = "OR('AMSP.member')"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("block_to_live", -1, "block_to_live must be an integer from 0 to 18446744073709551615"),
        ("block_to_live", 2**64, "block_to_live must be an integer"),
        ("block_to_live", "5", "not '5'"),
        ("block_to_live", 1.5, "not 1.5"),
        ("required_peer_count", 2**31, "required_peer_count must be an integer"),
        ("maximum_peer_count", True, "not True"),
        ("maximum_peer_count", None, "not None"),
        ("member_only_read", "yes", "member_only_read must be True or False"),
        ("member_only_write", 1, "member_only_write must be True or False"),
        ("name", None, "the name of a collection must be text"),
        ("name", "\ud800", "the name of a collection must be text"),
    ],
)
def test_a_collections_wrong_value_is_named(field: str, value: Any, says: str) -> None:
    collection = CollectionConfig(**{"name": "prices", "policy": POLICY, field: value})
    with pytest.raises(ConfigError, match=says):
        collection_package([collection])


def test_what_peers_refuse_themselves_is_left_to_them() -> None:
    most = CollectionConfig(
        name="c", policy=POLICY, required_peer_count=-1, block_to_live=2**64 - 1
    )
    assert collection_package([most])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sequence", -1),
        ("sequence", 2**63),
        ("sequence", "1"),
        ("sequence", True),
        ("name", 1),
        ("version", b"1"),
        ("version", "\ud800"),
        ("endorsement_plugin", None),
    ],
)
def test_a_definitions_wrong_value_is_named(field: str, value: Any) -> None:
    given = {"name": "city", "version": "1", "sequence": 1, field: value}
    with pytest.raises(ConfigError, match=f"chaincode definition.*{field} must be"):
        ChaincodeDefinition(**given)
