"""Collections as documents: the members of Fabric's collections JSON, which YAML can have too.

Source: internal/peer/chaincode/common.go of Fabric 3.1. Unlike there, an unknown member is a mistake.
"""

from collections.abc import Mapping
from typing import Any, Final

from fabric_protos.peer import collection_pb2

from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.messages.decoding import decode
from pyfabric.rules.collection_configs import CollectionConfig, collection_package
from pyfabric.rules.policies.application import check_reference, show_policy, show_signature_policy
from pyfabric.rules.policies.syntax import parse_signature_policy

_FIELDS: Final[Mapping[str, str]] = {
    "name": "name",
    "policy": "policy",
    "requiredPeerCount": "required_peer_count",
    "maxPeerCount": "maximum_peer_count",
    "blockToLive": "block_to_live",
    "memberOnlyRead": "member_only_read",
    "memberOnlyWrite": "member_only_write",
    "endorsementPolicy": "endorsement_policy",
}
_SIGNATURE: Final = "signaturePolicy"
_REFERENCE: Final = "channelConfigPolicy"


def read_collections(document: object) -> tuple[CollectionConfig, ...]:
    """Return the collections of a document: a list of objects with the members of Fabric's JSON.

    An endorsementPolicy may also be a text. Raises ConfigError that names the collection and the member.
    """
    if not isinstance(document, list):
        raise ConfigError("collections must be a list of objects")
    return tuple(_collection(entry, index) for index, entry in enumerate(document, start=1))


def collections_document(package: bytes) -> list[dict[str, Any]]:
    """Return the document of peer.CollectionConfigPackage, with every member of each collection.

    A policy that no expression describes is 0x and its bytes. Raises DecodeError.
    """
    collections = decode(collection_pb2.CollectionConfigPackage, package).config
    return [_entry(one.static_collection_config) for one in collections]


def _collection(entry: object, index: int) -> CollectionConfig:
    if not isinstance(entry, dict):
        raise ConfigError(f"collection {index} must be an object")
    place = f"collection {entry.get('name') or index}"
    for member in entry:
        if member not in _FIELDS:
            raise ConfigError(f"{place}: no member {member}; there are: {', '.join(_FIELDS)}")
    for member in ("name", "policy"):
        if not isinstance(entry.get(member), str) or not entry[member].strip():
            raise ConfigError(f"{place}: its {member} is empty: write a text")
    fields = {_FIELDS[member]: value for member, value in entry.items() if value is not None}
    try:
        if "endorsement_policy" in fields:
            fields["endorsement_policy"] = _endorsement(fields["endorsement_policy"])
        collection = CollectionConfig(**fields)
        collection_package([collection])
    except PolicySyntaxError as error:
        raise ConfigError(f"{place}: {error} (position {error.position})") from error
    except ConfigError as error:
        raise ConfigError(str(error) if place in str(error) else f"{place}: {error}") from error
    return collection


def _endorsement(value: object) -> str:
    """Return a policy as `CollectionConfig` takes it, of a text or of Fabric's object with one member."""
    given = value if isinstance(value, dict) else {None: value}
    texts = {member: text for member, text in given.items() if text}
    if len(texts) != 1 or not texts.keys() <= {None, _SIGNATURE, _REFERENCE}:
        raise ConfigError(f"endorsementPolicy must have either {_SIGNATURE} or {_REFERENCE}")
    ((member, text),) = texts.items()
    if not isinstance(text, str):
        raise ConfigError("endorsementPolicy must be a text")
    if member == _SIGNATURE or (member is None and "(" in text):
        parse_signature_policy(text)
    else:
        check_reference(text)
    return text


def _entry(collection: collection_pb2.StaticCollectionConfig) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": collection.name,
        "policy": show_signature_policy(collection.member_orgs_policy.signature_policy),
        "requiredPeerCount": collection.required_peer_count,
        "maxPeerCount": collection.maximum_peer_count,
        "blockToLive": collection.block_to_live,
        "memberOnlyRead": collection.member_only_read,
        "memberOnlyWrite": collection.member_only_write,
    }
    if collection.HasField("endorsement_policy"):
        policy = collection.endorsement_policy
        kind = _SIGNATURE if policy.HasField("signature_policy") else _REFERENCE
        entry["endorsementPolicy"] = {kind: show_policy(policy.SerializeToString())}
    return entry
