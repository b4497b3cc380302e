"""Which principals together satisfy an endorsement policy, as Fabric's discovery reckons it.

Sources: common/policies/inquire, common/policies/convert.go and common/graph of Fabric 3.1. A principal
set is one way to satisfy a policy: so many signatures, each by somebody who satisfies its principal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Self

from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2
from fabric_protos.peer import policy_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.errors import PolicyError

_MOST_COMBINATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """A principal that can be compared: `kind` is its classification, `raw` its bytes."""

    kind: int
    raw: bytes
    msp_id: str
    role: int | None = None
    unit: tuple[str, bytes] | None = None

    @classmethod
    def of(cls, message: msp_principal_pb2.MSPPrincipal) -> Self:
        """Read a principal; raises PolicyError for a kind that cannot be compared."""
        kind, raw = message.principal_classification, message.principal
        try:
            if kind == msp_principal_pb2.MSPPrincipal.ROLE:
                role = msp_principal_pb2.MSPRole.FromString(raw)
                return cls(kind, raw, role.msp_identifier, role=role.role)
            if kind == msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT:
                unit = msp_principal_pb2.OrganizationUnit.FromString(raw)
                place = (unit.organizational_unit_identifier, unit.certifiers_identifier)
                return cls(kind, raw, unit.msp_identifier, unit=place)
            if kind == msp_principal_pb2.MSPPrincipal.IDENTITY:
                return cls(kind, raw, identities_pb2.SerializedIdentity.FromString(raw).mspid)
        except ProtobufDecodeError as error:
            raise PolicyError("failed creating a comparable principal set") from error
        raise PolicyError("failed creating a comparable principal set")

    def is_a(self, other: "Principal") -> bool:
        """Whether whoever satisfies this principal satisfies the other too."""
        if self.msp_id != other.msp_id:
            return False
        if other.role == msp_principal_pb2.MSPRole.MEMBER:
            return True
        if self.unit is not None and other.unit is not None:
            return self.unit == other.unit
        if self.role is not None and other.role is not None:
            return self.role == other.role
        identity = msp_principal_pb2.MSPPrincipal.IDENTITY
        return self.kind == other.kind == identity and self.raw == other.raw

    def message(self) -> msp_principal_pb2.MSPPrincipal:
        """The principal as identities are tested against it."""
        return msp_principal_pb2.MSPPrincipal(
            principal_classification=msp_principal_pb2.MSPPrincipal.Classification.Name(self.kind),
            principal=self.raw,
        )


PrincipalSet = tuple[Principal, ...]


def principal_sets(envelope: policies_pb2.SignaturePolicyEnvelope) -> list[PrincipalSet]:
    """Every way to satisfy a signature policy; raises PolicyError for a malformed one."""
    principals = [Principal.of(message) for message in envelope.identities]
    found = list(islice(_ways(envelope.rule, principals), _MOST_COMBINATIONS))
    if not found or not all(found):
        raise PolicyError("endorsement policy cannot be satisfied")
    return found


def _ways(
    rule: policies_pb2.SignaturePolicy, principals: Sequence[Principal]
) -> Iterator[PrincipalSet]:
    if not rule.HasField("n_out_of"):
        if 0 <= rule.signed_by < len(principals):
            yield (principals[rule.signed_by],)
        return
    for chosen in combinations(rule.n_out_of.rules, rule.n_out_of.n):
        for parts in product(*(list(_ways(part, principals)) for part in chosen)):
            yield tuple(principal for part in parts for principal in part)


def merge(first: Sequence[PrincipalSet], second: Sequence[PrincipalSet]) -> list[PrincipalSet]:
    """The ways to satisfy two policies at once, with no more signatures than are needed."""
    merged = [
        min(_cover(one, other), _cover(other, one), key=len) for one in first for other in second
    ]
    return _reduce(merged)


def merge_all(policies: Sequence[Sequence[PrincipalSet]]) -> list[PrincipalSet]:
    """The ways to satisfy all of several policies."""
    first, *others = policies
    merged = list(first)
    for policy in others:
        merged = merge(merged, policy)
    return merged


def _cover(contained: PrincipalSet, containing: PrincipalSet) -> PrincipalSet:
    """The second set, with what of the first it does not cover."""
    left = list(containing)
    missing = []
    for principal in contained:
        covering = next((one for one in left if one.is_a(principal)), None)
        if covering is None:
            missing.append(principal)
        else:
            left.remove(covering)
    return (*containing, *missing)


def _reduce(sets: Sequence[PrincipalSet]) -> list[PrincipalSet]:
    """Drop every set that needs all that another needs, and more."""
    kept: list[PrincipalSet] = []
    for candidate in sorted(sets, key=len):
        if not any(_needs(candidate, smaller) for smaller in kept):
            kept.append(candidate)
    return kept


def _needs(larger: PrincipalSet, smaller: PrincipalSet) -> bool:
    return len(_cover(smaller, larger)) == len(larger)


def signature_policy(
    parameter: bytes, config: configtx_pb2.Config
) -> policies_pb2.SignaturePolicyEnvelope:
    """The signature policy of a chaincode's validation parameter; raises PolicyError.

    A reference to a channel policy is turned into one, an implicit policy's parts joined.
    """
    try:
        policy = policy_pb2.ApplicationPolicy.FromString(parameter)
    except ProtobufDecodeError as error:
        raise PolicyError("failed to unmarshal ApplicationPolicy bytes") from error
    if policy.HasField("signature_policy"):
        return policy.signature_policy
    path = policy.channel_config_policy_reference
    group = config.channel_group
    *steps, name = path.removeprefix("/Channel/").split("/")
    for step in steps:
        if step not in group.groups:
            raise PolicyError(f"could not retrieve policy for reference '{path}'")
        group = group.groups[step]
    return _convert(group, name)


def _convert(group: configtx_pb2.ConfigGroup, name: str) -> policies_pb2.SignaturePolicyEnvelope:
    if name not in group.policies:
        raise PolicyError(f"could not retrieve policy for reference '{name}'")
    policy = group.policies[name].policy
    if policy.type == policies_pb2.Policy.SIGNATURE:
        return policies_pb2.SignaturePolicyEnvelope.FromString(policy.value)
    meta = policies_pb2.ImplicitMetaPolicy.FromString(policy.value)
    parts = [_convert(group.groups[sub], meta.sub_policy) for sub in sorted(group.groups)]
    rules = policies_pb2.ImplicitMetaPolicy
    count = len(parts)
    threshold = {rules.ANY: 1, rules.ALL: count, rules.MAJORITY: count // 2 + 1}[meta.rule]
    joined = policies_pb2.SignaturePolicyEnvelope()
    joined.rule.n_out_of.n = threshold if count else 0
    for part in parts:
        offset = len(joined.identities)
        joined.identities.extend(part.identities)
        joined.rule.n_out_of.rules.append(_shifted(part.rule, offset))
    return joined


def _shifted(rule: policies_pb2.SignaturePolicy, offset: int) -> policies_pb2.SignaturePolicy:
    if not rule.HasField("n_out_of"):
        return policies_pb2.SignaturePolicy(signed_by=rule.signed_by + offset)
    shifted = policies_pb2.SignaturePolicy()
    shifted.n_out_of.n = rule.n_out_of.n
    shifted.n_out_of.rules.extend(_shifted(part, offset) for part in rule.n_out_of.rules)
    return shifted
