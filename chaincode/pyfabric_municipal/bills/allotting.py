"""Numbers: allotted to issuers in ranges, voided one by one. Nothing counts: an issuer takes any free number of its ranges."""

from typing import Annotated, Any

from pyfabric_municipal.bills.amounts import ItemCode
from pyfabric_municipal.bills.records import CLOSED, OPEN, Bill, Paper, Range, Voided
from pyfabric_municipal.bills.roles import ISSUER, SUPERVISOR
from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.records import NEW, Record
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import USCC_ATTRIBUTE
from pyfabric_municipal.common.steps import Changes, Guard, Mode, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import BillKey, BillNumber, Text, Uscc, beijing_day

RangeKey = Annotated[BillKey, about("The range that the number is of.", "号码所在的号段")]


@guard(
    "kind-unlisted",
    "票据种类{kind}未列入代码表，或项目不属于该种类",
    "the list of kinds has not {kind}, or not with these items",
    example=Example(arguments={"items": ["99"]}),
    code_lists=("bill-kinds",),
)
def is_listed_kind(call: Call[Range]) -> Verdict:
    """Hold if the kind of bills is in the list in force today, with all the range's classes of items."""
    kinds: Any = call.in_force("bill-kinds", on=beijing_day(call.now)).codes
    kind = call.id[2:6]
    return (kind in kinds and set(call.after.items) <= set(kinds[kind]["items"])) or {"kind": kind}


@guard(
    "not-in-range",
    "{number}不在{issuer}的在用号段{range}内",
    "{number} is not in {range}, if that is an open range of {issuer}",
    example=Example(id="11060126-0000000001"),
)
def is_in_range(call: Call[Any]) -> Verdict:
    """Hold if the number is of an open range of its issuer."""
    found, wanted = call.get(Range, call.after.range), call.after
    return (
        found is not None
        and (found.state, found.issuer) == (OPEN, wanted.issuer)
        and found.holds(call.id)
    ) or {"number": call.id, "issuer": wanted.issuer, "range": wanted.range}


def _not_taken_by(model: type[Record], code: str, zh: str, en: str, example: Example) -> Guard:
    """Return a guard: no record of this type has the number."""

    def test(call: Call[Any]) -> Verdict:
        return call.get(model, call.id) is None or {"number": call.id}

    return Guard(code, zh, en, test, example)


NOT_VOIDED = _not_taken_by(
    Voided,
    "number-voided",
    "号码{number}已作废",
    "the number {number} is voided",
    Example(first=("void",), id="11060126-0001859313"),
)
NOT_COPIED = _not_taken_by(
    Paper,
    "number-of-paper",
    "号码{number}是已换开的纸质票据",
    "the number {number} is that of a paper copy",
    Example(first=("exchange",), id="11060126-0001859312"),
)
NOT_ISSUED = _not_taken_by(
    Bill,
    "number-issued",
    "号码{number}已开具",
    "the number {number} is that of a bill",
    Example(first=("issue",), id="11060126-0001859231"),
)


def issuer_of(call: Call[Any]) -> str:
    """Return the code of the organisation for which the caller acts."""
    return call.client.attribute(USCC_ATTRIBUTE) or ""


class Numbers:
    """The steps of numbers."""

    @step(Range, NEW, OPEN, by=SUPERVISOR, guards=(is_listed_kind,), event=("issuer", "last"))
    def allot(
        self, call: Call[Range], issuer: Uscc, last: BillNumber, items: tuple[ItemCode, ...] = ()
    ) -> None:
        """Allot the numbers from the range's own up to `last` to an issuer; no two ranges overlap.

        向开票单位核发号段（自本编号至 last），号段不得重叠。
        """

    @step(Range, OPEN, CLOSED, by=SUPERVISOR, reason=True)
    def close(self, call: Call[Range]) -> Changes:
        """Close a range: its unused numbers stay unused.

        停用号段，未使用的号码不再使用。
        """

    @step(
        Voided,
        NEW,
        by=(ISSUER, SUPERVISOR),
        guards=(NOT_ISSUED, NOT_COPIED, is_in_range),
        mode=Mode.BATCH,
    )
    def void(self, call: Call[Voided], issuer: Uscc, range: RangeKey, cause: Text) -> None:
        """Void unused numbers for ever, all of a list or none.

        作废未使用的号码，全部作废或全部不作废，永不再用。
        """
