"""Collections of private data as people write them, and as a chaincode's definition holds them.

Source: peer/collection.proto, and internal/peer/chaincode of Fabric 3.1, whose JSON files hold the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fabric_protos.peer import collection_pb2, policy_pb2

from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode
from pyfabric.messages.values import is_integer, is_text
from pyfabric.rules.policies.application import application_policy
from pyfabric.rules.policies.syntax import parse_signature_policy

_RANGES: Final = {
    "required_peer_count": (-(2**31), 2**31 - 1),
    "maximum_peer_count": (-(2**31), 2**31 - 1),
    "block_to_live": (0, 2**64 - 1),
}
"""What the fields can hold: peers refuse negative counts themselves, in their own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionConfig:
    """Private data that some organisations of a channel keep among themselves.

    `policy` is an OR of members, such as "OR('A.member', 'B.member')". An endorsing peer sends the
    data to at most `maximum_peer_count` other members' peers, and refuses to endorse unless
    `required_peer_count` took it. After `block_to_live` blocks the members delete it; 0 keeps it for
    ever. `member_only_read` and `member_only_write` bind clients too, not only peers.
    `endorsement_policy`, an expression or the path of a channel's policy, stands in for the
    chaincode's where this collection is written; None leaves it to the chaincode's.
    """

    name: str
    policy: str
    required_peer_count: int = 0
    maximum_peer_count: int = 1
    block_to_live: int = 0
    member_only_read: bool = False
    member_only_write: bool = False
    endorsement_policy: str | None = None


def collection_package(collections: Sequence[CollectionConfig]) -> bytes:
    """Return the bytes of peer.CollectionConfigPackage, as `peer lifecycle chaincode` makes them from JSON.

    No collections make no bytes. Raises PolicySyntaxError, and ConfigError for a value that a
    collection cannot hold.
    """
    package = collection_pb2.CollectionConfigPackage(
        config=[
            collection_pb2.CollectionConfig(static_collection_config=_static(collection))
            for collection in collections
        ]
    )
    return package.SerializeToString()


def _static(collection: CollectionConfig) -> collection_pb2.StaticCollectionConfig:
    _check_values(collection)
    static = collection_pb2.StaticCollectionConfig(
        name=collection.name,
        member_orgs_policy=collection_pb2.CollectionPolicyConfig(
            signature_policy=parse_signature_policy(collection.policy)
        ),
        required_peer_count=collection.required_peer_count,
        maximum_peer_count=collection.maximum_peer_count,
        block_to_live=collection.block_to_live,
        member_only_read=collection.member_only_read,
        member_only_write=collection.member_only_write,
    )
    if collection.endorsement_policy:
        static.endorsement_policy.CopyFrom(
            decode(policy_pb2.ApplicationPolicy, application_policy(collection.endorsement_policy))
        )
    return static


def _check_values(collection: CollectionConfig) -> None:
    """Raise ConfigError for a value of another type or size than the message's field has."""
    if not is_text(collection.name):
        raise ConfigError(f"the name of a collection must be text, not {collection.name!r}")
    for field, (least, most) in _RANGES.items():
        value = getattr(collection, field)
        if not is_integer(value, least, most):
            raise ConfigError(
                f"collection {collection.name}: {field} must be an integer from {least} to {most}, "
                f"not {value!r}"
            )
    for field in ("member_only_read", "member_only_write"):
        if not isinstance(value := getattr(collection, field), bool):
            raise ConfigError(
                f"collection {collection.name}: {field} must be True or False, not {value!r}"
            )
