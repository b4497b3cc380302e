"""What `_lifecycle` accepts as a definition: names, versions, collections.

Source: core/chaincode/lifecycle/scc.go of Fabric 3.1; texts are Fabric's.
"""

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2

from pyfabric.errors import ConfigError, ContractError, IdentityError
from pyfabric.identity.msp import MSPManager
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import enum_name
from pyfabric.rules.policies.evaluation import SignaturePolicy

NAME: Final = re.compile(r"[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*")
VERSION: Final = re.compile(r"[A-Za-z0-9_.+-]+")
COLLECTION: Final = re.compile(r"[A-Za-z0-9-]+([A-Za-z0-9_-]+)*")
SYSTEM_NAMES: Final = frozenset({"cscc", "escc", "lscc", "qscc", "vscc"})

Collections: TypeAlias = Sequence[collection_pb2.StaticCollectionConfig]


def check_names(name: str, version: str) -> None:
    """Check chaincode name and version; raises ContractError."""
    if not NAME.fullmatch(name):
        raise ContractError(
            f"invalid chaincode name '{name}'. Names can only consist of alphanumerics, '_', and "
            "'-' and can only begin with alphanumerics"
        )
    if name in SYSTEM_NAMES:
        raise ContractError(f"chaincode name '{name}' is the name of a system chaincode")
    if not VERSION.fullmatch(version):
        raise ContractError(
            f"invalid chaincode version '{version}'. Versions can only consist of alphanumerics, "
            "'_', '-', '+', and '.'"
        )


def check_sequence(committed: int, requested: int) -> None:
    """Check the sequence of a definition against the committed one, 0 if there is none; raises ContractError.

    The committed sequence itself may be approved again, for another package.
    """
    if committed == requested == 0:
        raise ContractError("requested sequence is 0, but first definable sequence number is 1")
    if requested < committed:
        raise ContractError(
            f"currently defined sequence {committed} is larger than requested sequence {requested}"
        )
    if requested > committed + 1:
        raise ContractError(
            f"requested sequence {requested} is larger than the next available sequence number "
            f"{committed + 1}"
        )


def static_collections(package: collection_pb2.CollectionConfigPackage) -> Collections:
    """Return the collections of a package; raises ContractError."""
    for entry in package.config:
        if not entry.HasField("static_collection_config"):
            raise ContractError("collection config contains unexpected payload type: <nil>")
    return [entry.static_collection_config for entry in package.config]


def check_collections(collections: Collections, manager: MSPManager) -> None:
    """Check names, peer counts and member policies; raises ContractError."""
    seen = set()
    for collection in collections:
        name = collection.name
        if not COLLECTION.fullmatch(name):
            raise ContractError(
                f"invalid collection name '{name}'. Names can only consist of alphanumerics, '_', "
                "and '-' and cannot begin with '_'"
            )
        if name in seen:
            raise ContractError(
                f"collection-name: {name} -- found duplicate in collection configuration"
            )
        seen.add(name)
        _check_counts(collection)
        _check_members(collection, manager)


def _check_counts(collection: collection_pb2.StaticCollectionConfig) -> None:
    most, least = collection.maximum_peer_count, collection.required_peer_count
    if most < least:
        raise ContractError(
            f"collection-name: {collection.name} -- maximum peer count ({most}) cannot be less than "
            f"the required peer count ({least})"
        )
    if least < 0:
        raise ContractError(
            f"collection-name: {collection.name} -- requiredPeerCount ({least}) cannot be less "
            "than zero"
        )


def _check_members(collection: collection_pb2.StaticCollectionConfig, manager: MSPManager) -> None:
    name = collection.name
    if not collection.HasField("member_orgs_policy"):
        raise ContractError(f"collection member policy is not set for collection '{name}'")
    if not collection.member_orgs_policy.HasField("signature_policy"):
        raise ContractError(f"collection member org policy is empty for collection '{name}'")
    policy = collection.member_orgs_policy.signature_policy
    try:
        SignaturePolicy(policy, manager)
    except ConfigError as error:
        raise ContractError(
            f"invalid member org policy for collection '{name}': {error}"
        ) from error
    if (wanted := gate_that_is_no_or(policy.rule)) is not None:
        raise ContractError(
            f"collection-name: {name} -- error in member org policy: signature policy is not an OR "
            f"concatenation, NOutOf {wanted}"
        )
    for principal in policy.identities:
        _check_principal(name, principal, manager)


def gate_that_is_no_or(rule: policies_pb2.SignaturePolicy) -> int | None:
    """Return how many rules the first gate that is no OR asks for; None if all are ORs."""
    if not rule.HasField("n_out_of"):
        return None
    if rule.n_out_of.n != 1:
        return rule.n_out_of.n
    wanted = (gate_that_is_no_or(part) for part in rule.n_out_of.rules)
    return next((number for number in wanted if number is not None), None)


def _check_principal(
    name: str, principal: msp_principal_pb2.MSPPrincipal, manager: MSPManager
) -> None:
    kind = principal.principal_classification
    if kind == msp_principal_pb2.MSPPrincipal.IDENTITY:
        try:
            manager.deserialize(principal.principal)
        except IdentityError as error:
            raise ContractError(
                f"collection-name: {name} -- contains an identity that is not part of the channel"
            ) from error
        return
    msp_id = _organization(name, kind, principal.principal)
    if msp_id not in manager.msps:
        raise ContractError(
            f"collection-name: {name} -- collection member '{msp_id}' is not part of the channel"
        )


def _organization(name: str, kind: int, principal: bytes) -> str:
    problem = f"collection-name: {name} -- cannot unmarshal identity bytes into"
    if kind == msp_principal_pb2.MSPPrincipal.ROLE:
        role = decode(msp_principal_pb2.MSPRole, principal, ContractError, f"{problem} MSPRole")
        return role.msp_identifier
    if kind == msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT:
        unit = decode(
            msp_principal_pb2.OrganizationUnit,
            principal,
            ContractError,
            f"{problem} OrganizationUnit",
        )
        return unit.msp_identifier
    shown = enum_name(msp_principal_pb2.MSPPrincipal.Classification.DESCRIPTOR, kind)
    raise ContractError(f"collection-name: {name} -- principal type {shown} is not supported")


def check_against_committed(
    proposed: Collections, committed: collection_pb2.CollectionConfigPackage
) -> None:
    """Check that no collection is dropped or gets another lifetime; raises ContractError."""
    if not committed.config:
        return
    if not proposed:
        raise ContractError(
            "the proposed collection config does not contain previously defined collections"
        )
    by_name = {collection.name: collection for collection in proposed}
    for entry in committed.config:
        old = entry.static_collection_config
        new = by_name.get(old.name)
        if new is None:
            raise ContractError(
                f"existing collection [{old.name}] missing in the proposed collection configuration"
            )
        if new.block_to_live != old.block_to_live:
            raise ContractError(
                f"the BlockToLive in an existing collection [{old.name}] modified. Existing value "
                f"[{old.block_to_live}]"
            )
