"""Who can endorse what on a channel: peers by group, and layouts that say how many of each group.

A group is the peers that satisfy one principal; a layout is the number of peers of each group that together satisfy
all policies that an interest touches.

Sources: discovery/endorsement of Fabric 3.1; texts are Fabric's.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import IdentityError, PolicyError
from pyfabric.identity.msp import MemberIdentity
from pyfabric.identity.principals import check_principal
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.discovery.effort import Effort
from pyfabric.rules.discovery.policies import (
    DefinedChaincode,
    check_convertible,
    required_policies,
    with_implicit,
)
from pyfabric.rules.discovery.principals import Principal, PrincipalSet, merge_all, principal_sets

E = TypeVar("E")
_READ_CALL: Final = 500
_CHECK_MEMBER: Final = 50


@dataclass(frozen=True, slots=True)
class Member(Generic[E]):
    """A peer of the channel; `chaincodes` are those it can run, by name with the version it reports."""

    endorser: E
    identity: MemberIdentity
    chaincodes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Descriptor(Generic[E]):
    """Endorsers by group, and the layouts that they can fill."""

    chaincode: str
    groups: Mapping[str, tuple[E, ...]]
    layouts: tuple[Mapping[str, int], ...]


@dataclass(frozen=True, slots=True)
class ChannelView(Generic[E]):
    """A channel as one peer sees it: its configuration, definitions by name, and members."""

    config: ChannelConfig
    definition: Callable[[str], DefinedChaincode | None]
    members: Sequence[Member[E]]

    def authorized(
        self, interest: proposal_response_pb2.ChaincodeInterest, effort: Effort | None = None
    ) -> list[Member[E]]:
        """Return the members that run all chaincodes and belong to all collections of an interest.

        `effort` is shared by the interests of one request. Raises PolicyError for what is not defined.
        """
        _spend_on(interest, effort or Effort())
        versions = self._versions(interest)
        return [one for one in self._admitted(interest) if _runs(one, versions)]

    def endorsers(
        self, interest: proposal_response_pb2.ChaincodeInterest, effort: Effort | None = None
    ) -> Descriptor[E]:
        """Return who can endorse calls of at least one chaincode; raises PolicyError when nobody can.

        `effort` is shared by the interests of one request.
        """
        effort = effort or Effort()
        _spend_on(interest, effort)
        versions = self._versions(interest)
        members = self._admitted(interest)
        sets = self._principal_sets(interest, effort)
        names = _group_names(sets)
        effort.spend(_CHECK_MEMBER * len(names) * len(members))
        able = {
            name: [one for one in members if _satisfies(one.identity, principal.message())]
            for principal, name in names.items()
        }
        layouts = [Counter(names[principal] for principal in one) for one in sets]
        layouts = [one for one in layouts if _fits(one, able)]
        if not layouts:
            raise PolicyError("no peer combination can satisfy the endorsement policy")
        included = set().union(*layouts)
        groups = {
            name: tuple(one.endorser for one in found if _runs(one, versions))
            for name, found in able.items()
            if name in included
        }
        layouts = [one for one in layouts if _fits(one, groups)]
        if not layouts:
            raise PolicyError("required chaincodes are not installed on sufficient peers")
        filled = {name: endorsers for name, endorsers in groups.items() if endorsers}
        return Descriptor(interest.chaincodes[0].name, filled, tuple(dict(one) for one in layouts))

    def _defined(self, call: proposal_response_pb2.ChaincodeCall) -> DefinedChaincode:
        chaincode = self.definition(call.name)
        missing = f"No metadata was found for chaincode {call.name} in channel "
        if chaincode is None:
            raise PolicyError(missing + self.config.channel_id)
        try:
            check_convertible(chaincode, call.collection_names, self.config)
        except PolicyError as error:
            raise PolicyError(missing + self.config.channel_id) from error
        return chaincode

    def _versions(self, interest: proposal_response_pb2.ChaincodeInterest) -> Mapping[str, str]:
        return {call.name: self._defined(call).version for call in interest.chaincodes}

    def _admitted(self, interest: proposal_response_pb2.ChaincodeInterest) -> list[Member[E]]:
        """Return the members that belong to each collection that is read."""
        wanted = [
            principals
            for call in interest.chaincodes
            if call.collection_names and not call.no_private_reads
            for principals in _collection_members(self._defined(call), call.collection_names)
        ]
        return [
            member
            for member in self.members
            if all(
                any(_satisfies(member.identity, principal) for principal in principals)
                for principals in wanted
            )
        ]

    def _principal_sets(
        self, interest: proposal_response_pb2.ChaincodeInterest, effort: Effort
    ) -> list[PrincipalSet]:
        required = [
            principal_sets(policy, effort)
            for call in interest.chaincodes
            for policy in self._policies(call)
        ]
        if not all(required):
            raise PolicyError("endorsement policy cannot be satisfied")
        of_keys = [
            principal_sets(policy, effort)
            for call in interest.chaincodes
            for policy in call.key_policies
        ]
        if not all(of_keys):
            raise PolicyError("state based endorsement policy cannot be satisfied")
        if of_keys:
            required.append(merge_all(of_keys, effort))
        return merge_all(required, effort)

    def _policies(
        self, call: proposal_response_pb2.ChaincodeCall
    ) -> Sequence[policies_pb2.SignaturePolicyEnvelope]:
        policies = required_policies(self._defined(call), call.collection_names, self.config)
        if not call.disregard_namespace_policy:
            return policies
        if len(policies) == 1 and not call.key_policies:
            raise PolicyError(
                f"requested to disregard chaincode {call.name}'s policy but key and collection "
                "policies are missing, either disable DisregardNamespacePolicy or specify at least "
                "one key policy or at least one collection policy"
            )
        # Fabric drops the first policy, whichever it is.
        return policies[1:]


def _spend_on(interest: proposal_response_pb2.ChaincodeInterest, effort: Effort) -> None:
    """Count what an interest costs by its length alone."""
    for call in interest.chaincodes:
        effort.spend(_READ_CALL * (1 + len(call.collection_names)))


def _collection_members(
    chaincode: DefinedChaincode, names: Sequence[str]
) -> list[Sequence[msp_principal_pb2.MSPPrincipal]]:
    """Return the principals of each collection's members; raises PolicyError if one is not defined."""
    members = {}
    for entry in with_implicit(chaincode.collections, names).config:
        collection = entry.static_collection_config
        if not collection.member_orgs_policy.HasField("signature_policy"):
            raise PolicyError(f"policy of {collection.name} is nil")
        members[collection.name] = collection.member_orgs_policy.signature_policy.identities
    for name in names:
        if name not in members:
            raise PolicyError(
                f"collection {name} doesn't exist in collection config for chaincode "
                f"{chaincode.name}"
            )
    return [members[name] for name in names]


def _group_names(sets: Sequence[PrincipalSet]) -> dict[Principal, str]:
    names: dict[Principal, str] = {}
    for principal in (principal for one in sets for principal in one):
        names.setdefault(principal, f"G{len(names)}")
    return names


def _satisfies(identity: MemberIdentity, principal: msp_principal_pb2.MSPPrincipal) -> bool:
    try:
        check_principal(identity, principal)
    except IdentityError:
        return False
    return True


def _runs(member: Member[E], versions: Mapping[str, str]) -> bool:
    return all(member.chaincodes.get(name) == version for name, version in versions.items())


def _fits(layout: Mapping[str, int], groups: Mapping[str, Sequence[object]]) -> bool:
    return all(len(groups[name]) >= quantity for name, quantity in layout.items())
