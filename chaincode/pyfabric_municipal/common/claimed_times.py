"""Times that a party claims: when something was decided, picked up, or happened.

A claimed time is not after the channel's clock and not before the step that it follows. One that is later than
a governed limit allows needs a reason. Which of two parties was first is decided by the ledger's order alone.
"""

from typing import Any

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import at_path
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import Guard
from pyfabric_municipal.common.values.timestamps import unix_seconds


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


def not_late(field: str, parameter: str, example: Example, *, reason: str = "") -> Guard:
    """Return a guard: a claimed time is entered within a governed number of seconds, or with a reason.

    `reason` is the field of the record that holds it.
    """

    def test(call: Call[Any]) -> Verdict:
        claimed = at_path(call.after, field)
        if claimed is None or (reason and at_path(call.after, reason)):
            return True
        most = call.parameter(parameter)
        return call.clock.not_after(unix_seconds(claimed) + most) or {
            "claimed": claimed,
            "most": most,
        }

    return Guard(
        f"{_words(field)}-late",
        f"{field} {{claimed}} 的补录超过 {{most}} 秒",
        f"{field} {{claimed}} is entered more than {{most}} seconds later",
        test,
        example,
        (parameter,),
    )


def _words(field: str) -> str:
    return field.replace("_", "-").replace(".", "-")
