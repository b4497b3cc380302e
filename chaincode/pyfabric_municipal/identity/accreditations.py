"""Steps of accreditations, and the guard by which an issuer was accredited for a type on the day of `validFrom`."""

from typing import Any, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.claimed_times import not_late
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import has_duties_of
from pyfabric_municipal.common.steps import Changes, guard, step
from pyfabric_municipal.common.values import MspId, Timestamp
from pyfabric_municipal.identity.identifiers import CredentialType, DidId
from pyfabric_municipal.identity.records import Accreditation, Did
from pyfabric_municipal.identity.roles import OPERATOR


@guard(
    "did-of-another",
    "{issuer} 不是 {department} 的有效标识",
    "{issuer} is not an active DID of {department}",
    example=Example(),
)
def own_did(call: Call[Any]) -> Verdict:
    """Hold if the issuer is an active DID of the department, by its social credit code."""
    after = call.after
    did, department = call.need(Did, after.issuer), call.governance.department(after.department)
    is_own = department is not None and did.organisation == department.uscc
    facts = {"issuer": after.issuer, "department": after.department}
    return (is_own and did.state == "active") or facts


@guard(
    "prolonged",
    "资格止于 {until}，终止时间 {since} 不得更晚",
    "the accreditation ends at {until} anyway: {since} is later",
    example=Example(arguments={"since": "2099-01-01T00:00:00Z"}),
)
def not_prolonged(call: Call[Accreditation]) -> Verdict:
    """Hold if an accreditation is not prolonged."""
    until, since = call.record.valid_until, call.after.valid_until
    return (
        until is None or (since is not None and since <= until) or {"until": until, "since": since}
    )


@guard(
    "not-accredited",
    "{issuer} 在 {moment} 没有颁发 {type} 的资格",
    "{issuer} was not accredited for {type} at {moment}",
    example=Example(),
)
def accredited(call: Call[Any]) -> Verdict:
    """Hold if the issuer of the record was accredited for its type at the time from which the record is valid."""
    return was_accredited(call, call.after)


def was_accredited(call: Call[Any], one: Any) -> Verdict:
    """Return whether the department that issued something was accredited for it, or has the duties of one that was."""
    found = call.find(Accreditation, "issuer", one.issuer, one.type)
    departments = [each.department for each in found if each.covers(one.valid_from)]
    if any(has_duties_of(call.governance, one.department, each) for each in departments):
        return True
    return {"issuer": one.issuer, "type": one.type, "moment": one.valid_from}


TIMELY: Final = not_late("valid_from", "backdating-seconds", Example(later=10 * 86_400))
"""The guard by which nobody issues under an accreditation that is over by an early `validFrom`."""


class Accreditations:
    """What is done with accreditations."""

    @step(Accreditation, NEW, "active", by=OPERATOR, guards=(own_did,), event=("issuer", "type"))
    def accredit(
        self,
        call: Call[Accreditation],
        issuer: DidId,
        department: MspId,
        type: CredentialType,
        valid_from: Timestamp,
        valid_until: Timestamp | None = None,
    ) -> Changes:
        """Accredit a department's issuer for credentials, or e-licences, of a type.

        认定某部门颁发某类凭证或证照的资格。
        """
        period = {"valid_from": valid_from, "valid_until": valid_until}
        return {"issuer": issuer, "department": department, "type": type} | period

    @step(Accreditation, "active", "ended", by=OPERATOR, guards=(not_prolonged,), reason=True)
    def end_accreditation(self, call: Call[Accreditation], since: Timestamp) -> Changes:
        """End an accreditation; what is valid from an earlier time stays valid.

        终止资格；此前生效的凭证不受影响。
        """
        return {"valid_until": since}
