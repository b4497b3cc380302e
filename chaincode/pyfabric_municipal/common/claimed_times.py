"""Times that a party claims: when something was decided, picked up, or happened.

A claimed time is not after the channel's clock and not before the step that it follows. One that is later than
a governed limit allows needs a reason. Which of two parties was first is decided by the ledger's order alone.
"""

from typing import Any

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import at_path
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import Guard
from pyfabric_municipal.common.values.timestamps import add_seconds
from pyfabric_municipal.common.values.workdays import due_after
from pyfabric_municipal.common.waiting import Days


def not_in_the_future(field: str, example: Example) -> Guard:
    """Return a guard: the time in a field has come."""

    def test(call: Call[Any]) -> Verdict:
        claimed = at_path(call.after, field)
        return claimed is None or call.is_due(claimed) or {"claimed": claimed}

    return Guard(
        f"{_words(field)}-future",
        f"{field} {{claimed}} 晚于通道时钟",
        f"{field} {{claimed}} is after the channel's clock",
        test,
        example,
        timed=True,
    )


def not_before(field: str, earlier: str, example: Example) -> Guard:
    """Return a guard: the time in a field is not before the one in another, that of the step it follows."""

    def test(call: Call[Any]) -> Verdict:
        claimed, before = at_path(call.after, field), at_path(call.after, earlier)
        if claimed is None or before is None or before <= claimed:
            return True
        return {"claimed": claimed, "before": before}

    return Guard(
        f"{_words(field)}-early",
        f"{field} {{claimed}} 早于 {earlier} {{before}}",
        f"{field} {{claimed}} is before {earlier} {{before}}",
        test,
        example,
    )


def not_late(
    field: str, limit: str | Days, example: Example, *, reason: str = "", by: str = ""
) -> Guard:
    """Return a guard: a claimed time is entered within a governed limit, or with a reason.

    `limit` names the parameter with the seconds, or is one of working days (`Days`); `reason` is the field of the
    record that holds it. `by` is the field whose value has a limit of its own: the parameter is an object then.
    """
    parameter = limit.parameter if isinstance(limit, Days) else limit

    def test(call: Call[Any]) -> Verdict:
        claimed = at_path(call.after, field)
        if claimed is None or (reason and at_path(call.after, reason)):
            return True
        most = call.parameter(parameter)
        if by:
            most = most[at_path(call.after, by)]
        if isinstance(limit, Days):
            due = due_after(claimed, most, call.governance.calendar)
        else:
            due = add_seconds(claimed, most)
        return call.is_open(due) or {"claimed": claimed, "due": due}

    return Guard(
        f"{_words(field)}-late",
        f"{field} {{claimed}} 应于 {{due}} 前录入",
        f"{field} {{claimed}} was to be entered by {{due}}",
        test,
        example,
        (parameter,),
        timed=True,
    )


def _words(field: str) -> str:
    return field.replace("_", "-").replace(".", "-")
