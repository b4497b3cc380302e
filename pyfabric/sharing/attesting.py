"""Checks 10 to 12: who attests an answer, with which certificates, and whether that is enough by the recorded policy."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyfabric.errors import IdentityError
from pyfabric.identity.msp import MSP, MemberIdentity
from pyfabric.sharing.certificates import (
    LONGEST_CHAIN,
    Signer,
    check_member,
    check_peer,
    find_member,
    read_signer,
)
from pyfabric.sharing.comparing import Comparisons
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.refusals import Code
from pyfabric.sharing.transactions import EndorsedTransaction
from pyfabric.sharing.trust import TrustRecord


@dataclass(frozen=True, slots=True)
class Profile:
    """What certificates are judged by: the record of a channel, and a time (Unix seconds)."""

    record: TrustRecord
    moment: int

    def check(self, made: Comparisons, signer: Signer) -> MemberIdentity:
        """Return the member that a signer is; raises IdentityError unless it is a valid one of a department."""
        member = find_member(signer, self.department(signer.msp_id))
        check_member(member, self.moment)
        made.at_most(
            "the length of a path of certificates", len(member.chain), LONGEST_CHAIN, Code.SIZE
        )
        return member

    def department(self, msp_id: str) -> MSP:
        """Return the MSP of a department; raises IdentityError for any other organisation."""
        config = self.record.configuration
        if msp_id not in config.application_organizations:
            raise IdentityError(f"{msp_id} is no department of channel {self.record.channel}")
        return config.msp_manager.msps[msp_id]


def check_endorsements(made: Comparisons, transaction: EndorsedTransaction) -> Sequence[Signer]:
    """Make check 10: each endorsement is another department's and has a right signature; returns who endorsed."""
    with made.of(Code.ENDORSEMENT):
        signers = [read_signer(one.endorser) for one in transaction.endorsements]
        msp_ids = [one.msp_id for one in signers]
        made.equal("the order of the endorsers", msp_ids, sorted(set(msp_ids)))
        for signer, one in zip(signers, transaction.endorsements, strict=True):
            signer.check(transaction.response + one.endorser, one.signature)
            made.holds("the signature of a peer of", signer.msp_id)
    return signers


def check_certificates(made: Comparisons, signers: Sequence[Signer], profile: Profile) -> None:
    """Make check 11: each endorser's certificate leads to its department's roots, is valid, and is a peer's."""
    with made.of(Code.CERTIFICATE):
        for signer in signers:
            check_peer(profile.check(made, signer))
            made.holds("the certificate of a peer of", signer.msp_id)


def check_policy(
    made: Comparisons,
    signers: Sequence[Signer],
    profile: Profile,
    policy: RecordedPolicy | None,
) -> RecordedPolicy:
    """Make check 12: the departments satisfy the recorded policy, and their MSPs can tell peers from others."""
    departments = frozenset(one.msp_id for one in signers)
    with made.of(Code.POLICY):
        if policy is None:
            raise made.refusal("the recorded policy of the function", "missing", "there")
        roles = {one: profile.department(one).rules.enforced for one in sorted(departments)}
        made.require("which MSPs have NodeOUs", all(roles.values()), roles, "all of them")
        enough = policy.is_satisfied_by(departments)
        made.require("who attests", enough, sorted(departments), policy.expression)
    return policy
