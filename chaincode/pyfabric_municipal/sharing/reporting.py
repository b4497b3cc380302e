"""Steps of an error report: a fault in shared data, and how its provider responds."""

from typing import Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Wait, guard, step
from pyfabric_municipal.common.values import Digest
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.sharing.granting import grant_in_force
from pyfabric_municipal.sharing.records import Fault, Grant, Report, platform_of
from pyfabric_municipal.sharing.roles import ARBITER, PROVIDER, USER

TO_ANSWER: Final = Wait(PROVIDER, Days("provider-days-{record.platform}"), exit="escalate_error")
TO_RULE: Final = Wait(ARBITER, Days("arbiter-days"), exit="deem_upheld")


@guard(
    "not-granted-field",
    "授权不包含数据项 {field}",
    "the grant does not give the field {field}",
    example=Example(arguments={"fault": {"field": "capital_fen"}}),
)
def granted_field(call: Call[Report]) -> Verdict:
    """Hold if the user has been granted the field."""
    field = call.after.fault.field
    grant = call.need(Grant, call.after.grant)
    return field in grant.terms.fields or {"field": field}


class Reports:
    """What is done with error reports. Their events name the resource, for all who use it."""

    @step(
        Report,
        NEW,
        "raised",
        by=USER,
        guards=(grant_in_force, granted_field),
        waits=TO_ANSWER,
        event=("resource", "user"),
    )
    def raise_error(self, call: Call[Report], grant: str, fault: Fault) -> Changes:
        """Report a fault in data that the caller has a grant in force on.

        对已获授权数据中的错误提出校核。
        """
        found = call.need(Grant, grant)
        return {
            "grant": grant,
            "resource": found.resource,
            "user": found.user,
            "platform": platform_of(call.need(Resource, found.resource)),
            "fault": fault,
        }

    @step(Report, "raised", "accepted", by=PROVIDER, waits=TO_ANSWER, event=("resource", "user"))
    def accept_error(self, call: Call[Report]) -> Changes:
        """Accept an error report; the provider corrects the data next.

        受理校核，下一步由提供部门更正数据。
        """

    @step(Report, ("accepted", "upheld"), "corrected", by=PROVIDER, event=("resource", "user"))
    def correct_error(self, call: Call[Report], correction: Digest) -> Changes:
        """Report that a fault is corrected; `correction` is the commitment to what was.

        登记错误已更正，并附更正内容的承诺值。
        """
        return {"correction": correction}

    @step(
        Report,
        ("raised", "accepted"),
        "rejected",
        by=PROVIDER,
        reason=True,
        event=("resource", "user"),
    )
    def reject_error(self, call: Call[Report]) -> Changes:
        """Reject an error report: there is no fault.

        驳回校核：数据无误。
        """

    @step(Report, "rejected", "escalated", by=USER, reason=True, waits=TO_RULE)
    def appeal_error(self, call: Call[Report]) -> Changes:
        """Ask for a ruling on a report that the provider has rejected.

        对被驳回的校核提请裁定。
        """

    @step(Report, ("raised", "accepted"), "escalated", by=ANYBODY, when_due=True, waits=TO_RULE)
    def escalate_error(self, call: Call[Report]) -> Changes:
        """Ask for a ruling because the provider is silent.

        提供部门逾期未答复，提请裁定。
        """

    @step(Report, "escalated", "upheld", by=ARBITER, reason=True, event=("resource", "user"))
    def uphold_error(self, call: Call[Report]) -> Changes:
        """Rule that there is a fault.

        裁定数据有误。
        """

    @step(Report, "escalated", "upheld", by=ANYBODY, when_due=True)
    def deem_upheld(self, call: Call[Report]) -> Changes:
        """Take a fault for one because nobody rules on it.

        逾期无人裁定，视为数据有误。
        """

    @step(Report, "escalated", "dismissed", by=ARBITER, reason=True)
    def dismiss_error(self, call: Call[Report]) -> Changes:
        """Rule that there is no fault.

        裁定数据无误。
        """
