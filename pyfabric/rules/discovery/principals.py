"""Principal sets: the ways to satisfy an endorsement policy, and two policies at once.

A principal set is one way: a number of signatures, each by somebody who satisfies its principal.

Sources: common/policies/inquire and common/graph of Fabric 3.1, quirks included. Fabric bounds the
choices of one gate only (and drops rules at random, here the last); policies that would keep it busy for
minutes are cut here to the first ways found, and what takes too many steps even so is refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, combinations, groupby, islice, product
from operator import or_
from typing import Final, Self, TypeAlias

from fabric_protos.common import policies_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2

from pyfabric.errors import DecodeError, PolicyError
from pyfabric.messages.decoding import decode
from pyfabric.rules.discovery.effort import Effort

MOST_WAYS: Final = 10_000
_MOST_TO_MERGE: Final = 100
_READ_RULE: Final = 5
_READ_PRINCIPAL: Final = 20


@dataclass(frozen=True, slots=True)
class Principal:
    """A principal that can be compared: `kind` is its classification, `raw` its bytes."""

    kind: int
    raw: bytes
    msp_id: str
    role: int | None = None
    unit: tuple[str, bytes] | None = None
    certificate: bytes = b""

    @classmethod
    def of(cls, message: msp_principal_pb2.MSPPrincipal) -> Self:
        """Read a principal; raises PolicyError for one that cannot be compared."""
        kind, raw = message.principal_classification, message.principal
        try:
            if kind == msp_principal_pb2.MSPPrincipal.ROLE:
                role = decode(msp_principal_pb2.MSPRole, raw)
                return cls(kind, raw, role.msp_identifier, role=role.role)
            if kind == msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT:
                unit = decode(msp_principal_pb2.OrganizationUnit, raw)
                place = (unit.organizational_unit_identifier, unit.certifiers_identifier)
                return cls(kind, raw, unit.msp_identifier, unit=place)
            if kind == msp_principal_pb2.MSPPrincipal.IDENTITY:
                identity = decode(identities_pb2.SerializedIdentity, raw)
                return cls(kind, raw, identity.mspid, certificate=identity.id_bytes)
        except DecodeError as error:
            raise PolicyError("failed creating a comparable principal set") from error
        raise PolicyError("failed creating a comparable principal set")

    def is_a(self, other: "Principal") -> bool:
        """Return whether anyone who satisfies this principal certainly satisfies the other."""
        if self.msp_id != other.msp_id:
            return False
        if other.role == msp_principal_pb2.MSPRole.MEMBER:
            return True
        if self.unit is not None and other.unit is not None:
            return self.unit == other.unit
        if self.role is not None and other.role is not None:
            return self.role == other.role
        identity = msp_principal_pb2.MSPPrincipal.IDENTITY
        return self.kind == identity and self.certificate == other.certificate

    def message(self) -> msp_principal_pb2.MSPPrincipal:
        """Return the principal as identities are tested against it."""
        return msp_principal_pb2.MSPPrincipal(
            principal_classification=msp_principal_pb2.MSPPrincipal.Classification.Name(self.kind),
            principal=self.raw,
        )


PrincipalSet: TypeAlias = tuple[Principal, ...]
_Way: TypeAlias = tuple[int, ...]
_NOBODY: Final = -1
"""Stands for a leaf that names no principal: a policy with one in any way is not satisfiable."""


def principal_sets(
    envelope: policies_pb2.SignaturePolicyEnvelope, effort: Effort | None = None
) -> list[PrincipalSet]:
    """Return every way to satisfy a policy, none if it is malformed; raises PolicyError."""
    effort = effort or Effort()
    ways = list(islice(_ways(envelope.rule, len(envelope.identities), effort), MOST_WAYS))
    used = set(chain.from_iterable(ways))
    if _NOBODY in used:
        return []
    effort.spend(_READ_PRINCIPAL * len(used))
    principals = {index: Principal.of(envelope.identities[index]) for index in used}
    return [tuple(principals[index] for index in way) for way in ways]


def _ways(rule: policies_pb2.SignaturePolicy, count: int, effort: Effort) -> Iterator[_Way]:
    gate = rule.n_out_of
    effort.spend(_READ_RULE)
    if rule.HasField("n_out_of") and gate.rules and gate.n:
        if not 0 < gate.n <= len(gate.rules):
            return
        rules = gate.rules[: _affordable(len(gate.rules), gate.n)]
        parts = [list(islice(_ways(part, count, effort), MOST_WAYS)) for part in rules]
        for chosen in combinations(parts, gate.n):
            effort.spend(len(chosen))
            for combined in product(*chosen):
                way = tuple(chain.from_iterable(combined))
                effort.spend(len(way))
                yield way
    elif rule.HasField("signed_by") and 0 <= rule.signed_by < count:
        yield (rule.signed_by,)
    else:
        yield (_NOBODY,)


def _affordable(rules: int, threshold: int) -> int:
    """Return from how many rules of a gate can be chosen with no more than the outcomes allowed."""
    chosen_from, outcomes = threshold, 1
    while chosen_from < rules:
        outcomes = outcomes * (chosen_from + 1) // (chosen_from + 1 - threshold)
        if outcomes > MOST_WAYS:
            break
        chosen_from += 1
    return chosen_from


def merge_all(
    policies: Sequence[Sequence[PrincipalSet]], effort: Effort | None = None
) -> list[PrincipalSet]:
    """Return the ways to satisfy all of these policies; raises PolicyError when there is no policy."""
    if not policies:
        raise PolicyError("no principal sets remained after filtering")
    effort = effort or Effort()
    merged = list(policies[0])
    for policy in policies[1:]:
        merged = merge(merged, policy, effort)
    return merged


def merge(
    first: Sequence[PrincipalSet], second: Sequence[PrincipalSet], effort: Effort | None = None
) -> list[PrincipalSet]:
    """Return the ways to satisfy two policies at once, with few more signatures than are needed."""
    effort = effort or Effort()
    if len(first) * len(second) > MOST_WAYS:
        first, second = first[:_MOST_TO_MERGE], second[:_MOST_TO_MERGE]
    comparison = _Comparison(chain(first, second), effort)
    numbered = _merge(comparison, comparison.numbered(first), comparison.numbered(second))
    return [
        tuple(comparison.principals[number] for number in one) for one in _minimal(numbered, effort)
    ]


def _merge(comparison: "_Comparison", first: Sequence[_Way], second: Sequence[_Way]) -> list[_Way]:
    in_second = comparison.containers(first, second)
    merged = [comparison.cover(first[i], second[j]) for i, j in in_second]
    rest = _without(first, {i for i, _ in in_second})
    in_rest = comparison.containers(second, rest)
    merged += [comparison.cover(second[i], rest[j]) for i, j in in_rest]
    # Fabric looks up places in `second` after it has dropped sets from it: kept.
    others = _without(second, {i for i, _ in in_rest})
    others = _without(others, {j for _, j in in_second})
    rest = _without(rest, {j for _, j in in_rest})
    return merged + [comparison.cover(one, other) for one in rest for other in others]


class _Comparison:
    """The principals of two policies: numbered, and compared once each."""

    def __init__(self, sets: Iterable[PrincipalSet], effort: Effort) -> None:
        self._effort = effort
        self._numbers: dict[Principal, int] = {}
        for one in sets:
            effort.spend(len(one))
            for principal in one:
                self._numbers.setdefault(principal, len(self._numbers))
        self.principals = list(self._numbers)
        effort.spend(len(self.principals) ** 2)
        self._covered = [
            _bits(number for number, other in enumerate(self.principals) if one.is_a(other))
            for one in self.principals
        ]

    def numbered(self, sets: Sequence[PrincipalSet]) -> list[_Way]:
        """Return sets as numbers of principals."""
        return [tuple(self._numbers[principal] for principal in one) for one in sets]

    def containers(self, sets: Sequence[_Way], containers: Sequence[_Way]) -> list[tuple[int, int]]:
        """Return which sets (by place) have each principal covered in which of the others."""
        self._effort.spend(sum(map(len, sets)) + sum(map(len, containers)))
        self._effort.spend(len(sets) * len(containers))
        needed = [_bits(one) for one in sets]
        covered = [reduce(or_, (self._covered[one] for one in other), 0) for other in containers]
        return [
            (i, j)
            for i, bits in enumerate(needed)
            for j, present in enumerate(covered)
            if not bits & ~present
        ]

    def cover(self, contained: _Way, containing: _Way) -> _Way:
        """Return the second set, with what of the first it does not cover."""
        self._effort.spend(len(contained) * len(containing) + 1)
        left = list(containing)
        missing = []
        for number in contained:
            covering = next((one for one in left if self._covered[one] >> number & 1), None)
            if covering is None:
                missing.append(number)
            else:
                left.remove(covering)
        return (*containing, *missing)


def _bits(numbers: Iterable[int]) -> int:
    return reduce(or_, (1 << number for number in numbers), 0)


def _without(sets: Sequence[_Way], places: Iterable[int]) -> list[_Way]:
    dropped = set(places)
    return [one for place, one in enumerate(sets) if place not in dropped]


def _minimal(sets: Sequence[_Way], effort: Effort) -> list[_Way]:
    """Remove sets that hold all principals of another, and all but the first of equal ones; ignore counts."""
    distinct: dict[int, _Way] = {}
    for one in sets:
        effort.spend(len(one))
        distinct.setdefault(_bits(one), one)
    kept: set[int] = set()
    for _, group in groupby(sorted(distinct, key=int.bit_count), key=int.bit_count):
        candidates = list(group)
        effort.spend(len(candidates) * len(kept))
        kept.update([one for one in candidates if not any(less & one == less for less in kept)])
    return [one for bits, one in distinct.items() if bits in kept]
