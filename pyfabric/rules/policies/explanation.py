"""Why identities do not satisfy a policy: which of its sub-policies does not hold, and who is missing there."""

from collections.abc import Sequence
from dataclasses import dataclass

from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import ConfigError, IdentityError, PolicyError
from pyfabric.identity.msp import MemberIdentity
from pyfabric.identity.principals import check_principal
from pyfabric.rules.policies.choices import Able, Choice, choices
from pyfabric.rules.policies.evaluation import ImplicitMetaPolicy, Policy, SignaturePolicy, holds
from pyfabric.rules.policies.syntax import format_signature_policy
from pyfabric.rules.policies.tree import PolicyTree


@dataclass(frozen=True, slots=True)
class Explanation:
    """What identities are to one policy, and to the sub-policies that it counts.

    `rule` is the policy as people write it. `signers` are the MSP ids of those whose signatures count for it.
    `required` is how many of the `parts` must hold, for a policy that counts sub-policies. `choices` are the smallest
    sets of organisations with which another policy holds; none for a policy of which there are too many.
    """

    path: str
    rule: str
    is_satisfied: bool
    signers: tuple[str, ...]
    choices: tuple[Choice, ...] = ()
    required: int = 0
    parts: tuple["Explanation", ...] = ()

    @property
    def missing(self) -> tuple["Explanation", ...]:
        """The policies at the ends of the tree that do not hold and would make this one hold."""
        if self.is_satisfied:
            return ()
        if not self.parts:
            return (self,)
        return tuple(one for part in self.parts for one in part.missing)

    def __str__(self) -> str:
        """Return the reason in words."""
        if self.is_satisfied:
            return f"{self.path} is satisfied"
        if self.parts:
            held = sum(one.is_satisfied for one in self.parts)
            others = "; ".join(str(one) for one in self.parts if not one.is_satisfied)
            return (
                f"{self.path} needs {self.required} of {len(self.parts)} and has {held}: {others}"
            )
        return f"{self.path} needs {self.rule}"


def explain(
    policies: PolicyTree, path: str, identities: Sequence[MemberIdentity], able: Able
) -> Explanation:
    """Return why identities do, or do not, satisfy the policy at a path.

    `policies` are those of the whole channel, `path` is such as /Channel/Application/Admins; `able` is who could sign.
    """
    policy = policies.get(path)
    satisfied = holds(policy, identities)
    if isinstance(policy, ImplicitMetaPolicy):
        places = [f"/{one.path}/{policy.sub_policy}" for one in _place(policies, path)]
        parts = tuple(explain(policies, place, identities, able) for place in places)
        return Explanation(
            path,
            f"{policy.threshold} of {len(parts)} {policy.sub_policy}",
            satisfied,
            tuple(sorted({one for part in parts for one in part.signers})),
            required=policy.threshold,
            parts=parts,
        )
    if not isinstance(policy, SignaturePolicy):
        return Explanation(path, "a policy that does not exist", satisfied, ())
    return Explanation(
        path,
        _rule(policy),
        satisfied,
        tuple(sorted({one.msp_id for one in identities if counts(policy, one)})),
        choices=_choices(policy, able),
    )


def counts(policy: Policy, identity: MemberIdentity) -> bool:
    """Return whether a policy, or one of its sub-policies, names a principal that an identity satisfies."""
    if isinstance(policy, SignaturePolicy):
        return any(_satisfies(identity, one) for one in policy.envelope.identities)
    if isinstance(policy, ImplicitMetaPolicy):
        return any(counts(one, identity) for one in policy.sub_policies)
    return False


def _place(policies: PolicyTree, path: str) -> Sequence[PolicyTree]:
    """Return the groups whose policies the one at a path counts."""
    group = policies
    for name in path.split("/")[2:-1]:
        group = group.groups[name]
    return tuple(group.groups.values())


def _satisfies(identity: MemberIdentity, principal: msp_principal_pb2.MSPPrincipal) -> bool:
    try:
        check_principal(identity, principal)
    except IdentityError:
        return False
    return True


def _rule(policy: SignaturePolicy) -> str:
    try:
        return format_signature_policy(policy.envelope)
    except ConfigError:
        return "a rule that no expression can write"


def _choices(policy: SignaturePolicy, able: Able) -> tuple[Choice, ...]:
    try:
        return choices(policy, able)
    except PolicyError:
        return ()
