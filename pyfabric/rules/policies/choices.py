"""Which organisations can satisfy a policy together: the smallest sets of them, and who of them signs.

Agrees with `evaluation`: organisations satisfy a policy exactly if some identities of theirs do. Within a signature
policy an identity counts for one principal; the parts of an implicit meta policy share identities.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import ConfigError, FabricError, PolicyError
from pyfabric.identity.msp import MSPManager, read_serialized
from pyfabric.identity.principals import check_principal
from pyfabric.identity.units import Role
from pyfabric.messages.decoding import decode
from pyfabric.rules.policies.evaluation import ImplicitMetaPolicy, Policy, SignaturePolicy
from pyfabric.rules.policies.syntax import format_principal

MSPPrincipal = msp_principal_pb2.MSPPrincipal
Able: TypeAlias = Callable[[MSPPrincipal], bool]
"""Whether somebody can satisfy a principal."""
_Signers: TypeAlias = frozenset[tuple[bytes, int]]
"""A multiset of principals: the bytes of each, with a number that counts its equals from 0."""

MOST_CHOICES: Final = 10_000
_MOST_STEPS: Final = 100_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice:
    """Organisations (MSP ids) that satisfy a policy together, where none can be left out.

    `signers` are the principals that must sign at least, such as `'TaxMSP.admin'`, one for each identity;
    `principals` are the same as bytes of MSPPrincipal.
    """

    organizations: tuple[str, ...]
    signers: tuple[str, ...]
    principals: tuple[bytes, ...] = field(default=(), repr=False, compare=False)


def choices(policy: Policy, able: Able) -> tuple[Choice, ...]:
    """Return the smallest sets of organisations that satisfy a policy; none if nobody can.

    Raises PolicyError if it can be satisfied in more than MOST_CHOICES ways.
    """
    best: dict[frozenset[str], Choice] = {}
    for signers in _of_policy(policy, able):
        found = _choice([raw for raw, _ in signers])
        members = frozenset(found.organizations)
        best[members] = min(best.get(members, found), found, key=_order)
    return tuple(sorted((best[one] for one in _smallest(best)), key=_order))


def can_be_satisfied(policy: Policy, able: Able) -> bool:
    """Return whether a policy holds once everybody has signed who is able to."""
    if isinstance(policy, SignaturePolicy):
        return _can_rule(policy.envelope.rule, policy.envelope.identities, able)
    if isinstance(policy, ImplicitMetaPolicy):
        holding = sum(can_be_satisfied(one, able) for one in policy.sub_policies)
        return holding >= policy.threshold
    return False


def by_organizations(msp_ids: AbstractSet[str], able: Able) -> Able:
    """Return what these organisations are able to, of what all are."""
    return lambda principal: organizations(principal) <= msp_ids and able(principal)


def anyone(_: MSPPrincipal) -> bool:
    """Return True: where no channel is known, each organisation is taken to have all roles."""
    return True


def members_of(manager: MSPManager) -> Able:
    """Return whom the MSPs of a channel can recognise, whether or not there is such a certificate yet."""

    def able(principal: MSPPrincipal) -> bool:
        try:
            return _recognised(principal, manager)
        except FabricError:
            return False

    return able


def organizations(principal: MSPPrincipal) -> frozenset[str]:
    """Return the MSP ids that a principal names; raises ConfigError or IdentityError if it cannot be read."""
    data = principal.principal
    match principal.principal_classification:
        case MSPPrincipal.ROLE:
            return frozenset({decode(Role, data, ConfigError).msp_identifier})
        case MSPPrincipal.ORGANIZATION_UNIT:
            unit = decode(msp_principal_pb2.OrganizationUnit, data, ConfigError)
            return frozenset({unit.msp_identifier})
        case MSPPrincipal.IDENTITY:
            return frozenset({read_serialized(data).mspid})
        case MSPPrincipal.COMBINED:
            combined = decode(msp_principal_pb2.CombinedPrincipal, data, ConfigError)
            return frozenset[str]().union(*map(organizations, combined.principals))
        case _:
            return frozenset()


def describe_principal(principal: MSPPrincipal) -> str:
    """Return a principal as expressions write it, or in words where they cannot."""
    try:
        return format_principal(principal)
    except ConfigError:
        kind = MSPPrincipal.Classification.Name(principal.principal_classification)
        return (
            f"{' and '.join(sorted(organizations(principal)))} ({kind.lower().replace('_', ' ')})"
        )


def _recognised(principal: MSPPrincipal, manager: MSPManager) -> bool:
    if not organizations(principal) <= manager.msps.keys():
        return False
    match principal.principal_classification:
        case MSPPrincipal.ROLE:
            return _has_role(decode(Role, principal.principal), manager)
        case MSPPrincipal.IDENTITY:
            check_principal(manager.deserialize(principal.principal), principal)
        case MSPPrincipal.COMBINED:
            combined = decode(msp_principal_pb2.CombinedPrincipal, principal.principal)
            return len(organizations(principal)) == 1 and all(
                _recognised(one, manager) for one in combined.principals
            )
        case MSPPrincipal.ANONYMITY:
            wanted = decode(msp_principal_pb2.MSPIdentityAnonymity, principal.principal)
            return wanted.anonymity_type == msp_principal_pb2.MSPIdentityAnonymity.NOMINAL
        case kind:
            return kind == MSPPrincipal.ORGANIZATION_UNIT
    return True


def _has_role(wanted: Role, manager: MSPManager) -> bool:
    msp = manager.msps[wanted.msp_identifier]
    if wanted.role == Role.ADMIN and msp.definition.admin_certificates:
        return True
    return wanted.role == Role.MEMBER or msp.rules.gives(wanted.role)


def _can_rule(
    rule: policies_pb2.SignaturePolicy, principals: Sequence[MSPPrincipal], able: Able
) -> bool:
    if rule.WhichOneof("Type") == "signed_by":
        return able(principals[rule.signed_by])
    holding = sum(_can_rule(one, principals, able) for one in rule.n_out_of.rules)
    return holding >= rule.n_out_of.n


def _of_policy(policy: Policy, able: Able) -> list[_Signers]:
    if isinstance(policy, SignaturePolicy):
        return _of_rule(policy.envelope.rule, policy.envelope.identities, able)
    if isinstance(policy, ImplicitMetaPolicy):
        parts = [_of_policy(one, able) for one in policy.sub_policies]
        return _of_parts(parts, policy.threshold, frozenset.union)
    return []


def _of_rule(
    rule: policies_pb2.SignaturePolicy, principals: Sequence[MSPPrincipal], able: Able
) -> list[_Signers]:
    if rule.WhichOneof("Type") == "signed_by":
        principal = principals[rule.signed_by]
        return [frozenset({(principal.SerializeToString(), 0)})] if able(principal) else []
    parts = [_of_rule(one, principals, able) for one in rule.n_out_of.rules]
    return _of_parts(parts, rule.n_out_of.n, _sum)


def _of_parts(
    parts: Sequence[Sequence[_Signers]],
    needed: int,
    join: Callable[[_Signers, _Signers], _Signers],
) -> list[_Signers]:
    """Return the smallest ways to satisfy as many of the parts as are needed."""
    # By how many of the parts seen so far are satisfied.
    found: dict[int, list[_Signers]] = {0: [frozenset()]}
    for part in parts:
        for count in range(max(found), -1, -1):
            if count >= needed or not part:
                continue
            if len(found[count]) * len(part) > _MOST_STEPS:
                raise _too_many()
            joined = [join(one, other) for one in found[count] for other in part]
            found[count + 1] = _smallest([*found.get(count + 1, []), *joined])
            if len(found[count + 1]) > MOST_CHOICES:
                raise _too_many()
    return found.get(max(needed, 0), [])


def _sum(one: _Signers, other: _Signers) -> _Signers:
    counted = Counter(raw for raw, _ in one) + Counter(raw for raw, _ in other)
    return frozenset((raw, number) for raw, count in counted.items() for number in range(count))


def _too_many() -> PolicyError:
    return PolicyError(
        f"the policy can be satisfied in more than {MOST_CHOICES} ways: they are not listed"
    )


def _smallest(found: Iterable[frozenset[T]]) -> list[frozenset[T]]:
    """Return the sets that have no other one inside them."""
    kept: dict[int, list[frozenset[T]]] = {}
    for one in sorted(dict.fromkeys(found), key=len):
        smaller = (other for size, sets in kept.items() if size < len(one) for other in sets)
        if not any(other < one for other in smaller):
            kept.setdefault(len(one), []).append(one)
    return [one for sets in kept.values() for one in sets]


def _choice(principals: Sequence[bytes]) -> Choice:
    read = {raw: decode(MSPPrincipal, raw) for raw in principals}
    ordered = sorted(principals, key=lambda raw: describe_principal(read[raw]))
    return Choice(
        tuple(sorted(frozenset[str]().union(*map(organizations, read.values())))),
        tuple(describe_principal(read[raw]) for raw in ordered),
        tuple(ordered),
    )


def _order(choice: Choice) -> tuple[int, int, tuple[str, ...], tuple[str, ...]]:
    return len(choice.organizations), len(choice.signers), choice.organizations, choice.signers
