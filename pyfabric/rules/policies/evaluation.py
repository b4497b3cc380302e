"""Whether a set of signatures satisfies a policy, decided as Fabric decides it.

Source: common/cauthdsl and common/policies of Fabric 3.1. Signers count once however often they sign,
each identity is used up by the first principal it satisfies, and rules are tried in their order
without going back. Expiry is not looked at here: Fabric checks it where a message enters.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import ConfigError, IdentityError, PolicyError
from pyfabric.identity.msp import MemberIdentity, MSPManager
from pyfabric.identity.principals import check_principal
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData

_REMEMBERED: Final = 256

Used: TypeAlias = list[bool]
Check: TypeAlias = Callable[[Sequence[MemberIdentity], Used], bool]


class Policy(Protocol):
    """Decides whether what was signed is enough; both methods raise PolicyError when it is not."""

    def evaluate(self, signed: Sequence[SignedData]) -> None:
        """Check the signatures, then the identities whose signatures hold."""
        ...

    def evaluate_identities(self, identities: Sequence[MemberIdentity]) -> None:
        """Check identities whose signatures have been verified already."""
        ...


def valid_identities(signed: Sequence[SignedData], manager: MSPManager) -> list[MemberIdentity]:
    """Return the distinct identities that are known to the channel and whose signatures hold, in order."""
    seen = set()
    identities = []
    for item in signed:
        try:
            identity = manager.deserialize(item.identity)
            key = (identity.msp_id, identity.identifier)
            if key not in seen:
                identity.verify(item.data, item.signature)
                seen.add(key)
                identities.append(identity)
        except IdentityError:
            continue
    return identities


def holds(policy: Policy, identities: Sequence[MemberIdentity]) -> bool:
    """Return whether identities, whose signatures have been verified already, satisfy a policy."""
    try:
        policy.evaluate_identities(identities)
    except PolicyError:
        return False
    return True


class SignaturePolicy:
    """A rule over principals. Raises ConfigError at birth for a rule that Fabric does not compile."""

    def __init__(self, envelope: policies_pb2.SignaturePolicyEnvelope, manager: MSPManager) -> None:
        if envelope.version != 0:
            raise ConfigError(
                "This evaluator only understands messages of version 0, but version was "
                f"{envelope.version}"
            )
        if not envelope.HasField("rule"):
            raise ConfigError("Empty policy element")
        self.envelope = envelope
        self._manager = manager
        self._check = _compile(envelope.rule, envelope.identities)

    @classmethod
    def from_bytes(cls, raw: bytes, manager: MSPManager) -> "SignaturePolicy":
        """Return the policy in the bytes of a SignaturePolicyEnvelope; raises ConfigError."""
        envelope = decode(
            policies_pb2.SignaturePolicyEnvelope,
            raw,
            ConfigError,
            "Error unmarshalling to SignaturePolicy",
        )
        return cls(envelope, manager)

    def evaluate(self, signed: Sequence[SignedData]) -> None:
        """Check the signatures, then the rule; raises PolicyError."""
        self.evaluate_identities(valid_identities(signed, self._manager))

    def evaluate_identities(self, identities: Sequence[MemberIdentity]) -> None:
        """Check the rule; raises PolicyError."""
        if not self._check(identities, [False] * len(identities)):
            raise PolicyError("signature set did not satisfy policy")


class ImplicitMetaPolicy:
    """A policy that asks for ANY, ALL or a MAJORITY of the sub-groups' policies of one name.

    With no sub-groups at all, nothing is required. Signatures are verified once, not once a sub-policy.
    """

    def __init__(
        self,
        rule: policies_pb2.ImplicitMetaPolicy,
        sub_policies: Sequence[Policy],
        manager: MSPManager,
    ) -> None:
        self.sub_policy = rule.sub_policy
        self.sub_policies = tuple(sub_policies)
        self._manager = manager
        self.threshold = meta_threshold(rule.rule, len(self.sub_policies))

    def evaluate(self, signed: Sequence[SignedData]) -> None:
        """Check the signatures, then the sub-policies; raises PolicyError."""
        self.evaluate_identities(valid_identities(signed, self._manager))

    def evaluate_identities(self, identities: Sequence[MemberIdentity]) -> None:
        """Check sub-policies until enough hold; raises PolicyError."""
        satisfied = 0
        for policy in self.sub_policies:
            if satisfied == self.threshold:
                return
            satisfied += holds(policy, identities)
        if satisfied < self.threshold:
            raise PolicyError(
                f"implicit policy evaluation failed - {satisfied} sub-policies were satisfied, but "
                f"this policy requires {self.threshold} of the '{self.sub_policy}' sub-policies to "
                "be satisfied"
            )


def meta_threshold(rule: int, count: int) -> int:
    """Return how many of `count` sub-policies a rule of an implicit meta policy requires.

    Of none, or by a rule that it does not know, Fabric requires nothing.
    """
    rules = policies_pb2.ImplicitMetaPolicy.Rule
    thresholds = {rules.ANY: 1, rules.ALL: count, rules.MAJORITY: count // 2 + 1}
    return {int(known): needed for known, needed in thresholds.items()}.get(rule, 0) if count else 0


class MissingPolicy:
    """Stands where a policy is asked for that does not exist: refuses everything."""

    def __init__(self, name: str) -> None:
        self._text = f"no such policy: '{name}'"

    def evaluate(self, signed: Sequence[SignedData]) -> None:
        """Refuse; raises PolicyError."""
        raise PolicyError(self._text)

    def evaluate_identities(self, identities: Sequence[MemberIdentity]) -> None:
        """Refuse; raises PolicyError."""
        raise PolicyError(self._text)


def _compile(
    rule: policies_pb2.SignaturePolicy, principals: Sequence[msp_principal_pb2.MSPPrincipal]
) -> Check:
    kind = rule.WhichOneof("Type")
    if kind == "n_out_of":
        return _gate(rule.n_out_of.n, [_compile(one, principals) for one in rule.n_out_of.rules])
    if kind is None:
        raise ConfigError("Unknown type: <nil>:<nil>")
    if not 0 <= rule.signed_by < len(principals):
        raise ConfigError(
            f"identity index out of range, requested {rule.signed_by}, but identities length is "
            f"{len(principals)}"
        )
    return _signed_by(principals[rule.signed_by])


def _gate(threshold: int, checks: Sequence[Check]) -> Check:
    def check(identities: Sequence[MemberIdentity], used: Used) -> bool:
        verified = 0
        for one in checks:
            trial = used.copy()
            if one(identities, trial):
                verified += 1
                used[:] = trial
        return verified >= threshold

    return check


def _signed_by(principal: msp_principal_pb2.MSPPrincipal) -> Check:
    # An identity's answer never changes: its MSP is part of it.
    @lru_cache(maxsize=_REMEMBERED)
    def satisfies(identity: MemberIdentity) -> bool:
        try:
            check_principal(identity, principal)
        except IdentityError:
            return False
        return True

    def check(identities: Sequence[MemberIdentity], used: Used) -> bool:
        for index, identity in enumerate(identities):
            if not used[index] and satisfies(identity):
                used[index] = True
                return True
        return False

    return check
