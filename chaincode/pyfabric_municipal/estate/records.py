"""Records of the register (FACTS §5): units, titles, what lies on a unit, and what is applied for."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from pyfabric_municipal.common import (
    Blinded,
    Claim,
    Example,
    Fact,
    Index,
    Lock,
    Rule,
    Tracked,
    about,
)
from pyfabric_municipal.common.values import (
    Count,
    Day,
    Digest,
    DocumentNumber,
    Flag,
    Model,
    MspId,
    Positive,
    PositiveFen,
    ProofNumber,
    ResidentId,
    Text,
    Timestamp,
    TitleNumber,
    UnitCode,
    Uscc,
)
from pyfabric_municipal.common.values.quantities import Fen
from pyfabric_municipal.estate.ownership import Keys, Ownership, Place, keys_of, well_formed

LIVE: Final = ("registered", "certified")
OPEN: Final = ("applied", "returned", "reviewing", "reviewed")
MORTGAGED: Final = ("applied", "live")
SEIZED: Final = ("active", "waiting")
NOTICED: Final = ("live", "running")
OBJECTED: Final = ("live", "suing")
BY_UNIT: Final = Index("unit", ("unit",))

Grounds = Annotated[
    Literal["sale", "gift", "exchange", "inheritance"],
    about("Why the unit passes to others.", "转移原因：买卖、赠与、互换、继承"),
]

Basis = Annotated[
    Literal["consent", "court-order", "declaration"],
    about(
        "The person's consent, a court's order, or a declaration of property.",
        "查询依据：本人授权、司法文书、财产申报",
    ),
]


def once(field: str, zh: str, en: str, *taken: str, states: tuple[str, ...] = ()) -> Claim:
    """Return the claim that a number counts once: for ever, or while the record is in one of the states.

    `taken` is the step that takes it, and another sample of it with the same number, if it does not make the record.
    """

    def held(record: Any) -> list[tuple[str]]:
        value = getattr(record, field)
        return [] if value is None else [(value,)]

    zh_used, en_used = f"{zh} {{value}} 已由 {{holder}} 使用", f"{{holder}} has {en} {{value}}"
    rule = Rule(f"{field}-used", zh_used, en_used)
    example = Example(step=taken[0], first=taken[1:]) if taken else None
    return Claim(field, held, states, rule=rule, example=example)


class Unit(Place, Tracked):
    """A unit of real estate. Each step about it changes it, so that the ledger's order is that of the register.

    不动产单元；涉及该单元的每一步都会变更本记录，登记顺序即账本顺序。
    """

    KIND: ClassVar[str] = "unit"
    ID_TYPE: ClassVar[Any] = UnitCode
    STATES: ClassVar = {"titled": "已登记", "retired": "已注销"}
    INDEXES: ClassVar = (Index("origin", ("origins",)),)
    VIEWS: ClassVar = {"title": ("area", "use", "title")}

    term_until: Annotated[Day | None, about("The end of the land's term.", "土地使用期限")] = None
    title: str | None = None
    titles: Count = 0
    origins: tuple[UnitCode, ...] = ()


ON_UNIT: Final = Lock("unit", Unit, ("titled",))
"""What is registered on a unit changes it, too: the unit has one order of all that is done about it."""


class Title(Tracked):
    """The ownership of a unit from one registration to the next.

    不动产所有权，自一次登记至下一次登记。
    """

    KIND: ClassVar[str] = "title"
    LOCK: ClassVar = ON_UNIT
    STATES: ClassVar = {"registered": "已登簿", "certified": "已发证", "ended": "已终止"}
    INDEXES: ClassVar = (BY_UNIT, Index("holder", ("keys",), LIVE))
    CLAIMS: ClassVar = (once("certificate", "证号", "the certificate", "certify", "certify#other"),)
    INVARIANTS: ClassVar = well_formed("register_first")
    VIEWS: ClassVar = {"title": ("unit", "ownership", "certificate", "since")}

    unit: UnitCode
    ownership: Ownership
    grounds: str
    matter: str
    since: Timestamp
    certificate: TitleNumber | None = None
    certificate_digest: Digest | None = None
    identities: Digest | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The holders' blinded keys."""
        return keys_of(self.ownership.holders)


class Identity(Model):
    """Who a holder is: a person or an organisation."""

    key: Blinded
    name: str
    resident_id: ResidentId | None = None
    uscc: Uscc | None = None


class Identities(Model):
    """Who the holders of a title are: private."""

    persons: Annotated[tuple[Identity, ...], Field(min_length=1)]


class Consent(Model):
    """A consent to a matter, on the version of a mortgage or notice that was consented to."""

    matter: str
    version: Positive


class Terms(Model):
    """What a mortgage says in public; `no_transfer` is a registered agreement not to transfer (禁止转让)."""

    rank: Positive
    kind: Literal["general", "maximum"]
    no_transfer: Flag
    matures: Day


class OldMortgage(Terms):
    """A mortgage of the former register, as it stood when the unit was taken over."""

    mortgagee: Uscc
    loan: Digest
    registered: Day


class Mortgage(Terms, Tracked):
    """A mortgage; its version increases with its terms.

    抵押权；内容变更后版本号递增。
    """

    KIND: ClassVar[str] = "mortgage"
    LOCK: ClassVar = ON_UNIT
    STATES: ClassVar = {
        "applied": "已申请",
        "live": "已登记",
        "refused": "不予登记",
        "lapsed": "逾期失效",
        "released": "已注销",
    }
    ID: ClassVar[Literal["argument", "transaction"]] = "transaction"
    INDEXES: ClassVar = (
        Index("unit", ("unit",), MORTGAGED),
        Index("mortgagee", ("mortgagee", "matures"), ("live",)),
    )
    CLAIMS: ClassVar = (
        Claim(
            "rank",
            lambda one: [(one.unit, one.rank)],
            MORTGAGED,
            rule=Rule("rank-taken", "该顺位已由 {holder} 占用", "{holder} has this rank"),
        ),
        once("proof", "证明号", "the proof", "register_mortgage", "register_mortgage#second"),
    )

    unit: UnitCode
    title: str
    mortgagee: Uscc
    loan: Digest
    registered: Day | None = None
    proof: ProofNumber | None = None
    version: Positive = 1
    consent: Consent | None = None


class Loan(Model):
    """What a mortgage secures: private."""

    fen: PositiveFen
    contract: str


class Seizure(Tracked):
    """A court's seizure: in force, or on the waiting list (轮候查封) until those before it end.

    查封；首封生效，其余轮候，前一查封结束后依次递补。
    """

    KIND: ClassVar[str] = "seizure"
    LOCK: ClassVar = ON_UNIT
    STATES: ClassVar = {
        "active": "查封中",
        "waiting": "轮候",
        "lifted": "已解除",
        "expired": "已届满",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (Index("unit", ("unit",), SEIZED), Index("until", ("until",), ("active",)))
    CLAIMS: ClassVar = (Claim("order", lambda one: [(one.court, one.document, one.unit)]),)

    unit: UnitCode
    title: str
    court: Uscc
    document: DocumentNumber
    months: Positive
    place: Annotated[Positive, about("Its place in the line.", "轮候顺序")]
    until: Timestamp | None = None


class Notice(Tracked):
    """A preliminary notice (预告登记): without its holder's consent, a disposal has no effect.

    预告登记；未经权利人同意处分不动产的，不发生物权效力。
    """

    KIND: ClassVar[str] = "notice"
    LOCK: ClassVar = ON_UNIT
    STATES: ClassVar = {
        "live": "有效（尚不能登记）",
        "running": "可登记，期限计算中",
        "fulfilled": "已转为登记",
        "given_up": "已放弃",
        "expired": "已失效",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (Index("unit", ("unit",), NOTICED),)
    CLAIMS: ClassVar = (once("proof", "证明号", "the proof"),)

    unit: UnitCode
    holder: Blinded
    public_key: str
    proof: ProofNumber
    until: Timestamp | None = None
    consent: Consent | None = None


class Objection(Tracked):
    """An objection (异议登记): its objector has 15 days to sue.

    异议登记；申请人应在期限内起诉，逾期失效。
    """

    KIND: ClassVar[str] = "objection"
    LOCK: ClassVar = ON_UNIT
    STATES: ClassVar = {"live": "有效", "suing": "诉讼中", "ended": "已注销", "expired": "已失效"}
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (Index("unit", ("unit",), OBJECTED),)

    unit: UnitCode
    objector: Blinded
    grounds: Digest
    until: Timestamp
    court: Uscc | None = None
    suit: DocumentNumber | None = None


class Residence(Tracked):
    """A right of residence (居住权), which stays when the unit is transferred.

    居住权；不动产转移后继续有效。
    """

    KIND: ClassVar[str] = "residence"
    LOCK: ClassVar = ON_UNIT
    STATES: ClassVar = {"live": "有效", "ended": "已注销", "expired": "已届满"}
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (Index("unit", ("unit",), ("live",)),)

    unit: UnitCode
    resident: Blinded
    until: Timestamp | None = None


class Price(Model):
    """The price of a transfer, 0 of a gift or an inheritance: private."""

    fen: Fen


class Clearance(Model):
    """A deed-tax clearance, as the tax channel keeps it for a case: of one unit, price and parties, until `answer_by`."""

    number: Text
    unit: UnitCode
    price: Digest
    sellers: Keys
    buyers: Keys
    answer_by: Timestamp


class Case(Tracked):
    """An application to transfer a unit, which departments review side by side.

    转移登记申请，由各部门并联核验。
    """

    KIND: ClassVar[str] = "case"
    LOCK: ClassVar = ON_UNIT
    STATES: ClassVar = {
        "applied": "已申请",
        "returned": "补正中",
        "reviewing": "核验中",
        "reviewed": "核验通过",
        "registered": "已登簿",
        "refused": "不予登记",
        "withdrawn": "已撤回",
        "lapsed": "逾期终止",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (BY_UNIT, Index("awaiting", ("awaiting",), ("reviewing",)))
    CLAIMS: ClassVar = (
        Claim(
            "application",
            lambda one: [(one.unit,)],
            OPEN,
            rule=Rule(
                "unit-locked",
                "不动产单元 {value} 已有在办申请 {holder}",
                "unit {value} is locked by {holder}",
            ),
        ),
        once(
            "instrument",
            "合同或公证书",
            "the instrument",
            "confirm_contract",
            "confirm_contract#other",
            states=("reviewing", "reviewed", "registered"),
        ),
        once("clearance", "完税凭证", "the clearance", "confirm_tax", "confirm_tax#other"),
    )
    INVARIANTS: ClassVar = well_formed("apply_transfer", "transfer")
    VIEWS: ClassVar = {
        "sale": ("unit", "title", "sellers", "buyers", "price"),
        "outcome": ("unit", "clearance", "new_title"),
    }

    unit: UnitCode
    title: str
    grounds: Grounds
    sellers: Keys
    ownership: Ownership
    buyers: Keys
    price: Digest
    window: MspId
    instrument: str | None = None
    clearance: str | None = None
    answer_by: Timestamp | None = None
    new_title: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def awaiting(self) -> tuple[str, ...]:
        """The roles whose answer is missing."""
        return tuple(one.role for one in self.waiting)


class Correction(Tracked):
    """A correction of a unit's ownership (更正登记), which a second registrar confirms.

    更正登记；须由另一名登记人员审核。
    """

    KIND: ClassVar[str] = "correction"
    LOCK: ClassVar = ON_UNIT
    STATES: ClassVar = {
        "proposed": "待审核",
        "made": "已更正",
        "dropped": "不予更正",
        "lapsed": "逾期终止",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (BY_UNIT,)
    INVARIANTS: ClassVar = well_formed("propose_correction")

    unit: UnitCode
    title: str
    ownership: Ownership
    evidence: Digest


_NEXT_TITLE: Final = "110108001002GB00003F00010001T002"


class Judgment(Fact):
    """A court's judgment that passes title (依生效法律文书转移).

    生效法律文书确定的不动产转移。
    """

    KIND: ClassVar[str] = "judgment"
    LOCK: ClassVar = ON_UNIT
    ID: ClassVar = "transaction"
    EDGES: ClassVar = {"unit": "unit", "title": "title"}
    INDEXES: ClassVar = (BY_UNIT,)
    CLAIMS: ClassVar = (
        Claim(
            "judgment",
            lambda one: [(one.court, one.document, one.unit)],
            example=Example(step="vest", first=("vest",), arguments={"title": _NEXT_TITLE}),
        ),
    )

    unit: UnitCode
    title: str
    court: Uscc
    document: DocumentNumber


class Search(Fact):
    """A search for what somebody holds, on a recorded basis.

    依据授权、司法文书或财产申报查询权利人名下不动产的记录。
    """

    KIND: ClassVar[str] = "search"
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (Index("holder", ("holder",)),)

    holder: Blinded
    basis: Basis
    evidence: Digest
    until: Timestamp


LYING: Final[Mapping[type[Tracked], tuple[str, ...]]] = {
    Seizure: SEIZED,
    Mortgage: MORTGAGED,
    Notice: NOTICED,
    Objection: OBJECTED,
    Residence: ("live",),
    Case: OPEN,
}
"""What can lie on a unit besides its title, and in which states it does."""
