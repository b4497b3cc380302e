"""What a correction may change: what was done and how it is punished, not for how long and whether it is published.

An authority that accepts an objection in part cannot free its subject of the publication, or of a court's bar, by
the way: for that there is a withdrawal, which another department confirms.
"""

from typing import Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import guard
from pyfabric_municipal.credit.penalties import Penalty, is_public, months_of
from pyfabric_municipal.credit.samples import LESS, sample

_FIXED: Final = ("number", "subject", "authority", "decided", "publish_until")


@guard(
    "nothing-corrected",
    "没有任何更正",
    "nothing is corrected",
    example=Example(arguments={"decision": sample()}),
)
def corrects_something(call: Call[Penalty]) -> Verdict:
    """Hold if the correction differs from what it corrects."""
    return call.after.decision != call.record.decision


@guard(
    "correction-of-another",
    "{what}不得更正，只能撤回处罚",
    "{what} cannot be corrected: have the penalty withdrawn instead",
    example=Example(arguments={"decision": sample(**LESS, publish_until="2027-03-09")}),
)
def keeps_what_is_fixed(call: Call[Penalty]) -> Verdict:
    """Hold if it is the same decision, published neither for longer nor for less long."""
    after, before = call.after.decision, call.record.decision
    for what in _FIXED:
        if getattr(after, what) != getattr(before, what):
            return {"what": what}
    return True


@guard(
    "laxer-sector",
    "领域不得改为最短公示期较短的{sector}",
    "the correction moves the penalty to {sector}, which is published for less long",
    example=Example(
        arguments={"decision": sample(**LESS, sector="food")},
        parameters={"publication-months": {"general": 3, "food": 1}},
    ),
)
def keeps_its_sector(call: Call[Penalty]) -> Verdict:
    """Hold if the sector's minimum publication is as long as before."""
    after, before = call.after.decision.sector, call.record.decision.sector
    return months_of(call, after) >= months_of(call, before) or {"sector": after.value}


@guard(
    "bar-changed",
    "不得通过更正改变不予修复的认定",
    "a correction cannot change what bars the repair",
    example=Example(arguments={"decision": sample(**LESS, repair_barred="法院判决不予修复")}),
)
def keeps_its_bar(call: Call[Penalty]) -> Verdict:
    """Hold if what bars the repair, such as a court's order, is as before."""
    return call.after.decision.repair_barred == call.record.decision.repair_barred


@guard(
    "correction-unpublishes",
    "仅有{types}的处罚不公示，不得如此更正",
    "a penalty of {types} alone is not published: have it withdrawn instead",
    example=Example(
        arguments={
            "decision": sample(
                types=["warning"], fine={"fen": 0, "ten_thousand_yuan": "0"}, content="警告"
            )
        }
    ),
)
def stays_public(call: Call[Penalty]) -> Verdict:
    """Hold if the corrected penalty is one that is published."""
    decision = call.after.decision
    return is_public(call, decision) or {"types": ", ".join(decision.types)}


CORRECTION: Final = (
    corrects_something,
    keeps_what_is_fixed,
    keeps_its_sector,
    keeps_its_bar,
    stays_public,
)
