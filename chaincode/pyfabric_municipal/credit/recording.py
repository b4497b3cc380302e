"""What holds of all that an authority records: it is its own decision, recorded once, of a day that has come."""

from typing import Any

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.refusals import Example, Rule, Verdict
from pyfabric_municipal.common.steps import guard
from pyfabric_municipal.common.values import parse_date
from pyfabric_municipal.credit.days import has_come

TAKEN = Rule(
    "decision-recorded",
    "文号{value}的决定已由{holder}录入",
    "the decision {value} is recorded already, as {holder}",
)


@guard(
    "not-the-authority",
    "决定由{authority}作出：{caller}（{own}）不得录入",
    "the decision is of {authority}: {caller} ({own}) cannot record it",
    example=Example(by="tax"),
)
def is_its_authority(call: Call[Any]) -> Verdict:
    """Hold if the caller's department has the social credit code of the deciding authority."""
    department = call.governance.department(call.caller)
    own = "" if department is None else department.uscc
    authority = call.after.decision.authority
    return own == authority or {"authority": authority, "caller": call.caller, "own": own}


@guard(
    "decided-later",
    "决定日期{decided}尚未到来",
    "the decision is of {decided}, a day to come",
    example=Example(later=-2 * 86_400),
)
def is_decided(call: Call[Any]) -> Verdict:
    """Hold if the day of the decision has come."""
    decided = call.after.decision.decided
    return has_come(call, parse_date(decided)) or {"decided": decided}
