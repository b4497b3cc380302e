"""An example contract with one of each thing that a declaration can say."""

from typing import Annotated, ClassVar

from pydantic import Field
from pyfabric_municipal.common import (
    ANYBODY,
    CLAIMED,
    NEW,
    NOT_KEPT,
    OWN,
    ROLE,
    Blinded,
    Call,
    Changes,
    Claim,
    Collection,
    Days,
    DaysOn,
    Example,
    Fact,
    Governed,
    HolderRole,
    Index,
    Invariant,
    Lock,
    Mode,
    Move,
    On,
    OrganisationRole,
    Role,
    Rule,
    Sealed,
    Seconds,
    SetInvariant,
    Target,
    Timer,
    Tracked,
    TransactionInvariant,
    Until,
    Verdict,
    Wait,
    WithBreakGlass,
    about,
    balanced,
    blinded_with,
    guard,
    is_broken,
    not_before,
    not_in_the_future,
    not_late,
    step,
)
from pyfabric_municipal.common.testing import WithFixedGovernance
from pyfabric_municipal.common.totals import (
    COUNTER_MOVES,
    QUOTA_MOVES,
    Lease,
    Piece,
    Quota,
    add,
    give_back,
    lease,
    open_quota,
    take,
)
from pyfabric_municipal.common.values import (
    Count,
    Digest,
    Model,
    MspId,
    Positive,
    Timestamp,
    Uscc,
)

CLERK = Role("clerk", "窗口", attribute=("role", "clerk"))
REVIEWER = Role(
    "reviewer", "会办部门", On("reviewers"), ("role", "reviewer"), not_person=("apply",)
)
EXPERT = Role("expert", "专家", On("experts"), ("role", "reviewer"))
SUPERVISOR = Role("supervisor", "监管部门", Governed("supervisor"), not_department=("open_loan",))
OFFICE = Role("office", "承办部门", On("office"), ("role", "clerk"))
BANK = OrganisationRole("bank", "银行", On("bank"), ("role", "loans"))
HOLDER = HolderRole("holder", "持有人")
HOUSE = 12


class Plan(Model):
    """The private plan of an application."""

    floors: Positive


class Application(Tracked):
    """An application that departments review together.

    由多个部门会办的申请。
    """

    KIND: ClassVar[str] = "application"
    STATES: ClassVar = {
        "review": "会办中",
        "paused": "暂停",
        "granted": "已许可",
        "refused": "不予许可",
    }
    INDEXES: ClassVar = (Index("item", ("item",)),)
    CLAIMS: ClassVar = (
        Claim("open-application", lambda one: [(one.item, one.applicant)], ("review", "paused")),
    )

    item: str
    applicant: Blinded
    reviewers: tuple[MspId, ...] = Field(min_length=1)
    plan: Digest


class Loan(Tracked):
    """A loan by a bank, which has no peer, on a house."""

    KIND: ClassVar[str] = "loan"
    CLAIMS: ClassVar = (
        Claim(
            "house-months",
            lambda one: [(one.house, one.first_month, one.last_month)],
            ("open",),
            bucket=12,
            rule=Rule("house-taken", "房屋已抵押给 {holder}", "the house secures {holder} then"),
        ),
        Claim(
            "deed",
            lambda one: [(one.deed,)] if one.deed else [],
            example=Example(step="release", first=("release#second",)),
        ),
    )

    bank: Uscc
    house: str
    first_month: Count
    last_month: Count
    deed: str | None = None


class Voucher(Tracked):
    """A voucher that the holder of a key redeems until a day."""

    KIND: ClassVar[str] = "voucher"
    VIEWS: ClassVar = {"value": ("fen", "until")}

    public_key: str
    fen: Positive
    until: Timestamp


class Tender(Tracked):
    """A tender, on which some of several experts must agree."""

    KIND: ClassVar[str] = "tender"

    experts: tuple[MspId, ...] = Field(min_length=1)
    needed: Positive


class Permit(Tracked):
    """A permit within the days that its applicant was promised, which go on through the answers of others."""

    KIND: ClassVar[str] = "permit"

    office: MspId
    reviewers: tuple[MspId, ...]
    days: Positive
    filed: Timestamp
    break_days: Positive | None


class House(Tracked):
    """A house, which twelve shares make up."""

    KIND: ClassVar[str] = "house"


class Share(Tracked):
    """Some twelfths of a house."""

    KIND: ClassVar[str] = "share"
    INDEXES: ClassVar = (Index("house", ("house",), ("live",)),)
    INVARIANTS: ClassVar = (
        SetInvariant(
            "shares",
            "份额之和必须为一",
            "the live shares of a house are {twelfths} twelfths of it",
            "house",
            lambda shares: (
                not shares
                or sum(one.twelfths for one in shares) == HOUSE
                or {"twelfths": sum(one.twelfths for one in shares)}
            ),
            Example(step="divide", arguments={"twelfths": [6, 5]}),
        ),
    )

    house: str
    twelfths: Positive


class Lot(Tracked):
    """A lot of goods."""

    KIND: ClassVar[str] = "lot"
    SCHEMA: ClassVar[int] = 2
    MIGRATIONS: ClassVar = {1: lambda old: old | {"grade": "unknown"}}
    INDEXES: ClassVar = (Index("origin", ("origin",), ("stored",)),)
    INVARIANTS: ClassVar = (
        Invariant(
            "graded",
            "批次须定级",
            "a lot has a grade",
            lambda lot: lot.grade != "unknown",
            Example(step="store", arguments={"grade": "unknown"}),
            since=2,
        ),
    )

    origin: str
    grams: Count
    grade: str


class Weighing(Fact):
    """A weighing of a lot, as a party claims it happened."""

    KIND: ClassVar[str] = "weighing"
    LOCK: ClassVar = Lock("lot", Lot, ("stored",))
    EDGES: ClassVar = {"lot": "lot"}
    INDEXES: ClassVar = (Index("lot", ("lot",)),)

    lot: str
    grams: Count
    harvested: Timestamp
    weighed: Timestamp
    late_reason: str = ""


class Grant(Tracked):
    """A right to fetch rows, within a quota."""

    KIND: ClassVar[str] = "grant"


class Delivery(Fact):
    """A delivery of rows under a grant."""

    KIND: ClassVar[str] = "delivery"
    EDGES: ClassVar = {"grant": "grant"}

    grant: str
    rows: Positive


class Incident(Tracked):
    """An incident, of which members of a collection know more than its state."""

    KIND: ClassVar[str] = "incident"
    ID: ClassVar = "transaction"
    COLLECTION: ClassVar[str] = "incidents"

    system: str


class Access(Fact):
    """An access to what nobody may see but in an emergency."""

    KIND: ClassVar[str] = "access"
    EDGES: ClassVar = {"break_glass": "break-glass"}

    scope: str
    break_glass: str


@guard(
    "no-emergency",
    "未就 {scope} 启用紧急授权",
    "no break-glass of the caller's organisation is open for {scope}",
    example=Example(arguments={"scope": "other records"}),
    timed=True,
)
def in_emergency(call: Call[Access]) -> Verdict:
    """Hold if the caller's officers have broken glass for the scope."""
    scope = call.after.scope
    return is_broken(call, call.after.break_glass, scope) or {"scope": scope}


@guard(
    "reviewed-by-itself",
    "申请部门不得会办自己的申请",
    "{department} files the application and cannot review it",
    example=Example(arguments={"reviewers": ["BureauMSP", "EcoMSP"]}),
)
def reviewed_by_others(call: Call[Application]) -> Verdict:
    """Hold if the department that applies is not among the reviewers."""
    return call.caller not in call.after.reviewers or {"department": call.caller}


@guard(
    "too-high",
    "超过限高",
    "the plan has more floors than the city allows",
    parameters=("floors",),
    example=Example(parameters={"floors": 5}),
)
def low_enough(call: Call[Application]) -> Verdict:
    """Hold if the private plan keeps to the governed height."""
    plan: Plan = call.unseal("plan", Plan).value
    return plan.floors <= call.parameter("floors")


@guard(
    "house-secured",
    "房屋已抵押",
    "the house secures a loan",
    example=Example(first=("open_loan",)),
)
def unsecured(call: Call[House]) -> Verdict:
    """Hold if no open loan is secured by the house."""
    return not [one for one in call.find(Loan, "state", "open") if one.house == call.id]


@guard(
    "light",
    "轻微差异",
    "the lot has lost nothing",
    example=Example(arguments={"grams": 900}),
)
def same_weight(call: Call[Lot]) -> Verdict:
    """Hold if the lot weighs what it did."""
    return call.after.grams == call.record.grams


@guard(
    "other-plan",
    "出示的方案与存档的不同",
    "the plan that was shown is not the one that was filed",
    example=Example(private={"shown": {"floors": 7}}),
)
def same_plan(call: Call[House]) -> Verdict:
    """Hold if two private arguments, of which none is public, have one value."""
    return call.private["shown"].value == call.private["filed"].value


class ExampleContract(WithBreakGlass, WithFixedGovernance):
    """One of each: what a declaration can say.

    声明所能表达的各种内容各一例。
    """

    name = "Example"
    title = "示例 · Example"
    RECORDS = (
        Application,
        Loan,
        Voucher,
        Tender,
        Permit,
        House,
        Share,
        Lot,
        Weighing,
        Grant,
        Delivery,
        Incident,
        Access,
        Quota,
        Lease,
        Piece,
    )
    TRANSACTIONS = (
        TransactionInvariant(
            "mass",
            "质量不守恒：{before} 克变为 {after} 克",
            "{before} g before the transaction are {after} g after it",
            balanced(
                lambda one: one.grams if isinstance(one, Lot) else 0, lambda total: total // 100
            ),
            Example(step="split", arguments={"grams": [400, 400]}),
            unless=("store", "weigh_again"),
        ),
    )

    @step(
        Application,
        NEW,
        "review",
        by=CLERK,
        guards=(reviewed_by_others, blinded_with("applicant-key", "applicant"), low_enough),
        waits=Wait(REVIEWER, Days("review_days"), exit="deem"),
        event=("item",),
        denies=(CLAIMED, low_enough),
    )
    def apply(
        self,
        call: Call[Application],
        item: Annotated[str, about("What is applied for.", "申请事项")],
        applicant: Blinded,
        reviewers: tuple[MspId, ...],
        plan: Annotated[Sealed[Plan], Collection("plans"), about("The plan.", "建设方案")],
    ) -> Changes:
        """File an application; a second one for the same item is recorded as denied.

        提出申请；同一事项的第二次申请记为拒绝。
        """
        return {
            "item": item,
            "applicant": applicant,
            "reviewers": reviewers,
            "plan": plan.commitment(),
        }

    @step(Application, "review", "granted", by=REVIEWER, joins=True)
    def agree(self, call: Call[Application]) -> Changes:
        """Agree; the application is granted when all have agreed."""

    @step(Application, "review", "refused", by=REVIEWER, reason=True)
    def object(self, call: Call[Application]) -> Changes:
        """Refuse the application for all."""

    @step(Application, "review", "granted", by=ANYBODY, when_due=True, joins=True)
    def deem(self, call: Call[Application]) -> Changes:
        """Grant the application because the reviewers are silent."""

    @step(
        Application,
        "review",
        "paused",
        by=CLERK,
        timer=Timer.STOPS,
        waits=Wait(None, Seconds("pause_seconds"), exit="wake"),
    )
    def pause(self, call: Call[Application]) -> Changes:
        """Stop the reviewers' time."""

    @step(Application, "paused", "review", by=CLERK, timer=Timer.RESUMES)
    def resume(self, call: Call[Application]) -> Changes:
        """Start the reviewers' time again."""

    @step(Application, "paused", "review", by=ANYBODY, when_due=True, timer=Timer.RESUMES)
    def wake(self, call: Call[Application]) -> Changes:
        """Start the reviewers' time again, because the pause is over."""

    @step(Loan, NEW, "open", by=BANK)
    def open_loan(
        self, call: Call[Loan], house: str, first_month: Count, last_month: Count
    ) -> Changes:
        """Open a loan on a house, for months that no other loan has."""
        return {
            "bank": call.client.attribute("uscc"),
            "house": house,
            "first_month": first_month,
            "last_month": last_month,
        }

    @step(Loan, "open", "released", by=(BANK, SUPERVISOR), reason=True)
    def release(self, call: Call[Loan], deed: str) -> Changes:
        """Release the house, by a deed that counts once."""
        return {"deed": deed}

    @step(Voucher, NEW, "issued", by=CLERK, waits=Wait(None, Until("until"), exit="expire"))
    def issue(
        self, call: Call[Voucher], public_key: str, fen: Positive, until: Timestamp
    ) -> Changes:
        """Issue a voucher to the holder of a key."""
        return {"public_key": public_key, "fen": fen, "until": until}

    @step(Voucher, "issued", "redeemed", by=HOLDER, moves=COUNTER_MOVES)
    def redeem(self, call: Call[Voucher], shop: str) -> Changes:
        """Redeem a voucher, with the holder's signature, at any desk."""
        add(call, "redeemed", call.record.fen)

    @step(Voucher, "issued", "expired", by=ANYBODY, when_due=True)
    def expire(self, call: Call[Voucher]) -> Changes:
        """End a voucher that was not redeemed in time."""

    @step(
        Tender,
        NEW,
        "judging",
        by=CLERK,
        waits=Wait(EXPERT, Days("expert_days"), exit="fail", need=On("needed")),
    )
    def call_for(self, call: Call[Tender], experts: tuple[MspId, ...], needed: Positive) -> Changes:
        """Ask experts, of whom some must agree, each within a limit of its own."""
        return {"experts": experts, "needed": needed}

    @step(Tender, "judging", "accepted", by=EXPERT, joins=True)
    def judge(self, call: Call[Tender]) -> Changes:
        """Agree; the tender is accepted when as many as are needed have agreed."""

    @step(Tender, "judging", "failed", by=ANYBODY, when_due=True)
    def fail(self, call: Call[Tender]) -> Changes:
        """End a tender for which too few experts can still agree in time."""

    @step(
        Permit,
        NEW,
        "open",
        by=CLERK,
        waits=(
            Wait(OFFICE, DaysOn("days", since="filed"), states=("open", "halted", "named")),
            Wait(REVIEWER, Days("review_days"), exit="pass_over"),
        ),
    )
    def file_permit(
        self,
        call: Call[Permit],
        reviewers: tuple[MspId, ...],
        days: Positive,
        break_days: Positive | None = None,
    ) -> Changes:
        """Apply for a permit, with the departments that are asked, if any, and the days of a break."""
        return {
            "office": call.caller,
            "reviewers": reviewers,
            "days": days,
            "filed": call.now,
            "break_days": break_days,
        }

    @step(Permit, "open", "open", by=REVIEWER, joins=True)
    def advise(self, call: Call[Permit]) -> Changes:
        """Give advice, on which the office does not depend."""

    @step(Permit, "open", "open", by=ANYBODY, when_due=True, joins=True)
    def pass_over(self, call: Call[Permit]) -> Changes:
        """Go on without the advice of those who are silent."""

    @step(
        Permit,
        "open",
        "halted",
        by=OFFICE,
        timer=Timer.STOPS,
        waits=Wait(None, DaysOn("break_days"), exit="go_on"),
    )
    def halt(self, call: Call[Permit]) -> Changes:
        """Stop the office's days, for as many as the break has."""

    @step(Permit, "halted", "open", by=OFFICE, timer=Timer.RESUMES)
    def restart(self, call: Call[Permit]) -> Changes:
        """Start the office's days again."""

    @step(Permit, "halted", "open", by=ANYBODY, when_due=True, timer=Timer.RESUMES)
    def go_on(self, call: Call[Permit]) -> Changes:
        """Start the office's days again, because the break is over."""

    @step(Permit, "open", "named", by=OFFICE)
    def name_holder(self, call: Call[Permit]) -> Changes:
        """Name who holds the permit."""

    @step(Permit, "named", "given", by=OFFICE)
    def give(self, call: Call[Permit]) -> Changes:
        """Give the permit."""

    @step(House, NEW, "whole", by=CLERK, moves=(Move(Share, (NEW,), "live"),))
    def enter_house(self, call: Call[House]) -> Changes:
        """Enter a house, with all of its twelfths in one share."""
        call.create(Share, f"{call.id}-1", "live", house=call.id, twelfths=HOUSE)

    @step(House, "whole", "whole", by=CLERK, guards=(same_plan,))
    def inspect(
        self,
        call: Call[House],
        shown: Annotated[Sealed[Plan], NOT_KEPT],
        filed: Annotated[Sealed[Plan], OWN],
    ) -> Changes:
        """Compare the plan that is shown, and kept by nobody, with the one that the department files for itself."""

    @step(
        House,
        "whole",
        "divided",
        by=CLERK,
        guards=(unsecured,),
        moves=(Move(Share, ("live",), "ended"), Move(Share, (NEW,), "live")),
    )
    def divide(self, call: Call[House], twelfths: list[Positive]) -> Changes:
        """Divide a house into shares."""
        call.move(Share, f"{call.id}-1", "ended")
        for number, part in enumerate(twelfths, start=2):
            call.create(Share, f"{call.id}-{number}", "live", house=call.id, twelfths=part)

    @step(Lot, NEW, "stored", by=CLERK, mode=Mode.BATCH)
    def store(self, call: Call[Lot], origin: str, grams: Positive, grade: str) -> Changes:
        """Enter lots, all of a file or none."""
        return {"origin": origin, "grams": grams, "grade": grade}

    @step(
        Lot,
        "stored",
        (Target("stored", same_weight), Target("lighter")),
        by=CLERK,
    )
    def weigh_again(self, call: Call[Lot], grams: Positive) -> Changes:
        """Weigh a lot again."""
        return {"grams": grams}

    @step(Lot, "stored", "split", by=CLERK, moves=(Move(Lot, (NEW,), "stored"),))
    def split(self, call: Call[Lot], grams: list[Positive]) -> Changes:
        """Split a lot: nothing is lost, but a hundredth."""
        grade = "C" if call.record.grade == "unknown" else call.record.grade
        for number, part in enumerate(grams, start=1):
            fields = {"origin": call.record.origin, "grade": grade, "grams": part}
            call.create(Lot, f"{call.id}.{number}", "stored", **fields)
        return {"grams": 0}

    @step(Lot, "stored", "recalled", by=ANYBODY, mode=Mode.CONTINUED, over="origin")
    def recall(self, call: Call[Lot]) -> Changes:
        """Recall the lots of an origin, some with each transaction."""

    @step(
        Weighing,
        NEW,
        by=CLERK,
        guards=(
            not_in_the_future("weighed", Example(arguments={"weighed": "2027-01-01T00:00:00Z"})),
            not_before(
                "weighed", "harvested", Example(arguments={"harvested": "2026-03-11T01:30:00Z"})
            ),
            not_late("weighed", "late_seconds", Example(later=7200), reason="late_reason"),
        ),
    )
    def weigh(
        self,
        call: Call[Weighing],
        lot: str,
        grams: Count,
        harvested: Timestamp,
        weighed: Timestamp,
        corrects: str | None = None,
        late_reason: str = "",
    ) -> Changes:
        """Enter a weighing, or a correction of one."""
        return {
            "lot": call.need(Lot, lot).id,
            "grams": grams,
            "harvested": harvested,
            "weighed": weighed,
            "corrects": corrects,
            "late_reason": late_reason,
        }

    @step(Grant, NEW, "active", by=CLERK, moves=QUOTA_MOVES)
    def grant(self, call: Call[Grant], rows: Positive) -> Changes:
        """Grant rows."""
        open_quota(call, call.id, rows)

    @step(Grant, "active", "active", by=CLERK, moves=QUOTA_MOVES)
    def lease_rows(self, call: Call[Grant], worker: str, rows: Positive) -> Changes:
        """Lease rows of a grant to a worker."""
        lease(call, call.id, worker, rows)

    @step(Grant, "active", "active", by=CLERK, moves=QUOTA_MOVES)
    def give_back_rows(self, call: Call[Grant], worker: str) -> Changes:
        """Give back what a worker has not taken."""
        give_back(call, call.id, worker)

    @step(Delivery, NEW, by=CLERK, moves=QUOTA_MOVES)
    def deliver(
        self, call: Call[Delivery], grant: str, worker: str, rows: Positive, of: str = ""
    ) -> Changes:
        """Enter a delivery, within the worker's lease; `of` is the department whose duties the caller's has."""
        take(call, grant, worker, rows, of=of)
        return {"grant": grant, "rows": rows}

    @step(Incident, NEW, "open", by=SUPERVISOR, denies=(ROLE,))
    def report(self, call: Call[Incident], system: str) -> Changes:
        """Report an incident; its system is private."""
        return {"system": system}

    @step(Incident, "open", "closed", by=SUPERVISOR, reason=True)
    def close(self, call: Call[Incident]) -> Changes:
        """Close an incident."""

    @step(Access, NEW, by=CLERK, guards=(in_emergency,))
    def look_up(self, call: Call[Access], scope: str, break_glass: str) -> Changes:
        """Record an access under a break-glass."""
        return {"scope": scope, "break_glass": break_glass}
