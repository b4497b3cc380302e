"""Whether the peers of a channel can meet an endorsement policy.

Only peers endorse. With NodeOUs a peer has the roles member and peer of its organisation, and no other
(msp/mspimplsetup.go of Fabric 3.1), and an identity counts for one principal of a rule
(common/cauthdsl/cauthdsl.go).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode
from pyfabric.rules.policies.evaluation import meta_threshold
from pyfabric.rules.policies.paths import organization_policy
from pyfabric.rules.policies.syntax import format_principal, parse_signature_policy

Free: TypeAlias = Mapping[str, int]

_ROLES: Final = frozenset(
    {msp_principal_pb2.MSPRole.MSPRoleType.MEMBER, msp_principal_pb2.MSPRole.MSPRoleType.PEER}
)
# More than any policy that people write needs; beyond it a policy is taken to be met.
_MOST_STEPS: Final = 100_000


@dataclass(frozen=True)
class ChannelEndorsers:
    """The peers of a channel, counted by MSP id, and its application policies and their members', by path.

    `members` are the names of its organisations' groups. Policies are texts: OR('A.peer'), MAJORITY Endorsement.
    """

    peers: Free
    policies: Mapping[str, str]
    members: Sequence[str]

    def can_meet(self, rule: str, *, of: Free | None = None) -> bool:
        """Return whether the peers (or `of` them, these) can meet a rule or the policy at a path.

        A policy that is not known is taken to be met.
        """
        peers = self.peers if of is None else of
        if "(" in rule:
            return can_be_met(parse_signature_policy(rule), peers)
        if rule.startswith("/"):
            found = self.policies.get(rule)
            return found is None or self.can_meet(found, of=of)
        kind, _, name = rule.partition(" ")
        rules = [self.policies.get(organization_policy(one, name)) for one in self.members]
        met = sum(one is not None and self.can_meet(one, of=of) for one in rules)
        return met >= meta_threshold(policies_pb2.ImplicitMetaPolicy.Rule.Value(kind), len(rules))

    def keepers(self, policy: str) -> dict[str, int]:
        """Return the peers that a collection's policy makes its members, counted by MSP id."""
        members = endorsing_organizations(policy)
        return {msp_id: count for msp_id, count in self.peers.items() if msp_id in members}

    def receivers(self, policy: str) -> int:
        """Return how many peers of a collection's members can get its data from the peer that endorses."""
        keepers = self.keepers(policy)
        return sum(keepers.values()) - (keepers.keys() == self.peers.keys())


def endorsing_organizations(policy: str) -> set[str | None]:
    """Return the MSP ids of the peers that a signature policy names; None is among them for other roles."""
    return {endorsing_organization(one) for one in parse_signature_policy(policy).identities}


def roles_without_peers(rule: str) -> list[str]:
    """Return the principals of a signature policy that no peer has, as the policy writes them."""
    if "(" not in rule:
        return []
    principals = parse_signature_policy(rule).identities
    return [format_principal(one) for one in principals if endorsing_organization(one) is None]


def endorsing_organization(principal: msp_principal_pb2.MSPPrincipal) -> str | None:
    """Return the MSP id of the peers that have a role; None if peers never have it.

    Raises ConfigError for a principal that is no role.
    """
    role = decode(
        msp_principal_pb2.MSPRole, principal.principal, ConfigError, "a principal is no role"
    )
    return role.msp_identifier if role.role in _ROLES else None


def can_be_met(envelope: policies_pb2.SignaturePolicyEnvelope, peers: Free) -> bool:
    """Return whether some choice of peers meets a policy over roles; `peers` counts them by MSP id.

    Raises ConfigError for a principal that is no role.
    """
    organizations = [endorsing_organization(one) for one in envelope.identities]
    search = _Search(organizations)
    try:
        return next(search.choices(envelope.rule, peers), None) is not None
    except _TooManyStepsError:
        return True


class _TooManyStepsError(Exception):
    """The search was given up."""


class _Search:
    """Tries choices of peers, one after the other."""

    def __init__(self, organizations: Sequence[str | None]) -> None:
        self._organizations = organizations
        self._steps = 0

    def choices(self, rule: policies_pb2.SignaturePolicy, free: Free) -> Iterator[Free]:
        """Yield the peers that are left after each choice that meets a rule."""
        if rule.WhichOneof("Type") == "signed_by":
            organization = self._organizations[rule.signed_by]
            if organization is not None and free.get(organization, 0) > 0:
                yield {**free, organization: free[organization] - 1}
            return
        yield from self._of(rule.n_out_of.rules, rule.n_out_of.n, free)

    def _of(
        self, rules: Sequence[policies_pb2.SignaturePolicy], count: int, free: Free
    ) -> Iterator[Free]:
        """Yield what is left after each choice that meets `count` of the rules."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise _TooManyStepsError
        if count <= 0:
            yield free
        elif count <= len(rules):
            for left in self.choices(rules[0], free):
                yield from self._of(rules[1:], count - 1, left)
            yield from self._of(rules[1:], count, free)
