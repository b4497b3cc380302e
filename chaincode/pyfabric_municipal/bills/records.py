"""Records of bills: ranges of numbers, voided numbers, bills, their paper copies, and what is claimed of them."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from pyfabric_municipal.bills.amounts import ItemCode
from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.invariants import Invariant
from pyfabric_municipal.common.records import Fact, Tracked
from pyfabric_municipal.common.refusals import Example, Rule
from pyfabric_municipal.common.values import (
    BillKey,
    BillNumber,
    BookKey,
    Digest,
    Model,
    Text,
    Timestamp,
    Uscc,
    beijing_day,
)

MOST_NUMBERS: Final = 1_000_000
_BUCKET: Final = 10_000
MOST_BILLS: Final = 20
INVOICE: Final = "invoice"

OPEN, CLOSED = "open", "closed"
ISSUED, LOCKED, SETTLED, REVERSED, RED = "issued", "locked", "settled", "reversed", "red"
SUBMITTED, ADJUDICATED, UNPAID, PAID = "submitted", "adjudicated", "unpaid", "paid"
REJECTED, WITHDRAWN, LAPSED, REFUNDED = "rejected", "withdrawn", "lapsed", "refunded"
AWARDED: Final = (ADJUDICATED, UNPAID, PAID)
"""The states of a claim in which its award counts against the bills."""

PublicKey = Annotated[str, Field(pattern=r"^([0-9a-f]{2}){32,200}$")]
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]

NUMBERS_TAKEN = Rule(
    "numbers-allotted", "号段与{holder}重叠", "the numbers overlap those of {holder}"
)
ROLE_TAKEN = Rule(
    "reimbursed-already",
    "{value}（票据/报销身份）已由{holder}申请报销",
    "{value} (bill and payer's role) is claimed by {holder} already",
)
EXCHANGED = Rule("exchanged-already", "票据{value}已换开为{holder}", "{value} has a copy: {holder}")


class Range(Tracked):
    """Numbers of one code that an issuer may use, for items of these classes; its id is the first bill's key.

    核发给开票单位的号段，编号为首张票据的代码和号码。
    """

    KIND: ClassVar[str] = "range"
    ID_TYPE: ClassVar = BillKey
    STATES: ClassVar = {OPEN: "在用", CLOSED: "已停用"}
    INDEXES: ClassVar = (Index("issuer", ("issuer",)),)
    CLAIMS: ClassVar = (
        Claim(
            "numbers",
            lambda one: [(one.id[:8], one.first, int(one.last))],
            bucket=_BUCKET,
            rule=NUMBERS_TAKEN,
        ),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "range-size",
            "号段有{size}个号码，应为1至{most}个",
            "the range has {size} numbers, not 1 to {most}",
            lambda one: 1 <= one.size <= MOST_NUMBERS or {"size": one.size, "most": MOST_NUMBERS},
            Example(step="allot", arguments={"last": "0000000000"}),
        ),
    )

    issuer: Uscc
    last: BillNumber
    items: tuple[ItemCode, ...] = ()

    @property
    def first(self) -> int:
        """The first number."""
        return int(self.id[9:])

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(self.last) - self.first + 1

    def holds(self, key: str) -> bool:
        """Return whether a bill's key is one of the range."""
        return key[:9] == self.id[:9] and self.first <= int(key[9:]) <= int(self.last)


class Voided(Fact):
    """A number that no bill has, and none will ever have.

    作废的号码，永不使用。
    """

    KIND: ClassVar[str] = "voided"
    ID_TYPE: ClassVar = BillKey

    issuer: Uscc
    range: BillKey
    cause: Text


class Paper(Fact):
    """The paper copy for which a bill was exchanged: a number that leads to the bill, and has its state.

    电子票据换开的纸质票据，与原票据状态相同。
    """

    KIND: ClassVar[str] = "paper"
    ID_TYPE: ClassVar = BillKey
    EDGES: ClassVar = {"original": "bill"}
    CLAIMS: ClassVar = (Claim("paper", lambda one: [(one.original,)], rule=EXCHANGED),)

    issuer: Uscc
    range: BillKey
    original: BookKey


class Printed(Model):
    """What a bill shows beside its number, its face and its items; `file` is the SHA-256 of its sealed OFD or XML."""

    range: BillKey
    holder: PublicKey
    issued: Timestamp
    file: Digest | None = None


class Bill(Tracked):
    """A bill by the key under which accounts hold it; the amounts on its face, and what it is for, are private.

    财政电子票据，或所登记的发票；票面金额、明细不公开，仅公开承诺值。
    """

    KIND: ClassVar[str] = "bill"
    ID_TYPE: ClassVar = BookKey
    HELD_BY: ClassVar[str] = "issuer"
    STATES: ClassVar = {
        ISSUED: "已开具",
        LOCKED: "已锁定",
        SETTLED: "已全额入账",
        REVERSED: "已全额红冲",
        RED: "红字票据",
    }
    INDEXES: ClassVar = (
        Index("holder", ("holder",), (ISSUED, LOCKED)),
        Index("month", ("issuer", "month")),
        Index("red", ("issuer", "month"), (RED,)),
        Index("original", ("original",)),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "year",
            "票据年度{year}与开具日期{issued}不符",
            "{issued} is not in the year {year} of the number",
            lambda one: (
                one.year in ("", f"{beijing_day(one.issued).year % 100:02}")
                or {"year": one.year, "issued": one.issued}
            ),
            Example(step="issue", arguments={"printed": {"issued": "2025-12-31T15:59:59Z"}}),
        ),
    )

    VIEWS: ClassVar = {"standing": ("issuer", "issued", "face", "original", "paper")}

    issuer: Uscc
    holder: PublicKey
    issued: Timestamp
    face: Digest
    content: Digest | None = None
    file: Digest | None = None
    range: BillKey | None = None
    original: BookKey | None = None
    paper: BillKey | None = None
    claim: Text | None = None

    @property
    def kind(self) -> str:
        """Class and kind of a fiscal bill, such as 0601; `invoice` for any other."""
        return INVOICE if self.range is None else self.id[2:6]

    @property
    def year(self) -> str:
        """The year that the number names; none for a former invoice, whose code has that of printing."""
        return self.id[6:8] if self.range else self.id[:2] if len(self.id) == 20 else ""

    @property
    def month(self) -> str:
        """The month in which it was issued."""
        return beijing_day(self.issued).isoformat()[:7]


class Reimbursement(Tracked):
    """What a holder claims of a payer in one role, on all of these bills together.

    持票人就一张或多张票据向一个报销方提出的报销申请。
    """

    KIND: ClassVar[str] = "reimbursement"
    STATES: ClassVar = {
        SUBMITTED: "已申请",
        LOCKED: "已受理",
        ADJUDICATED: "已核定",
        UNPAID: "逾期未付",
        PAID: "已支付",
        REJECTED: "不予报销",
        WITHDRAWN: "已撤回",
        LAPSED: "已失效",
        REFUNDED: "已退回",
    }
    INDEXES: ClassVar = (
        Index("bill", ("bills",), AWARDED),
        Index("payer", ("payer",)),
        Index("holder", ("holder",)),
    )
    CLAIMS: ClassVar = (
        Claim(
            "payer-role",
            lambda one: [(bill, one.role) for bill in one.bills],
            (SUBMITTED, LOCKED, *AWARDED),
            rule=ROLE_TAKEN,
        ),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "bill-repeated",
            "同一票据在申请中出现两次",
            "the claim names a bill twice",
            lambda one: len(set(one.bills)) == len(one.bills),
            Example(step="submit", arguments={"bills": ["11060126-0001859231"] * 2}),
        ),
    )

    bills: Annotated[tuple[BookKey, ...], Field(min_length=1, max_length=MOST_BILLS)]
    role: RoleName
    payer: Text
    holder: PublicKey
    shown: Digest
    award: Digest | None = None
    payment: Digest | None = None
